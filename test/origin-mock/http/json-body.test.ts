// Proves the reading of JSON bodies: refusals before any route sees them, and values exactly as sent.
import { Hono } from "hono";
import { expect, test } from "vitest";
import { readBody } from "../../../origin-mock/http/json-body.ts";

const app = new Hono().post("/", async (c) => {
  const read = await readBody(c, (value) => ({ ok: true, value }));
  return read instanceof Response ? read : c.json(read.body);
});
const send = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> =>
  Promise.resolve(
    app.request("/", { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body }),
  );

test.each([
  ["an object", '{"a":1}'],
  ["behind a byte order mark", '\ufeff{"a":1}'],
  ["a pair of surrogates, escaped", String.raw`{"a":"\ud83d\ude00"}`],
  ["what only looks like one, behind a backslash", String.raw`{"a":"\\ud800"}`],
  ["names that mean something to programs", '{"__proto__":1,"constructor":2}'],
])("%s is read as it was sent", async (_, body) => {
  const response = await send(body);
  expect([response.status, await response.json()]).toEqual([200, JSON.parse(body.replace("\ufeff", ""))]);
});

test.each([
  ["no JSON", "{", "is not JSON"],
  ["nothing", "", "is not JSON"],
  ["a list", "[]", "must be a JSON object"],
  ["null", "null", "must be a JSON object"],
  ["other bytes than UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), "is not UTF-8"],
  ["an abyss", `${"[".repeat(30_000)}${"]".repeat(30_000)}`, "must be a JSON object"],
  ["an abyss without a bottom", "[".repeat(60_000), "is not JSON"],
  ["half a pair of surrogates", String.raw`{"a":"x\ud800y"}`, "has text that is no Unicode"],
  ["the other half, as a name", String.raw`{"\uDFFF":1}`, "has text that is no Unicode"],
  ["a pair in the wrong order, deep inside", String.raw`{"a":[{"b":"\ude00\ud83d"}]}`, "has text that is no Unicode"],
])("%s is a fault", async (_, body, detail) => {
  const response = await send(body);
  expect([response.status, await response.json()]).toMatchObject([400, { errors: [{ in: "body", at: "", detail }] }]);
});

test.each([
  ["a form", { "Content-Type": "application/x-www-form-urlencoded" }],
  ["text", { "Content-Type": "text/plain" }],
  ["another JSON", { "Content-Type": "application/jsonp" }],
  ["what is coded", { "Content-Encoding": "gzip" }],
])("%s is refused, and told what would not be (RFC 9110 15.5.16)", async (_, headers) => {
  const response = await send('{"a":1}', headers);
  expect(response.status).toBe(415);
  const coded = "Content-Encoding" in headers;
  expect(response.headers.get(coded ? "accept-encoding" : "accept")).toBe(coded ? "identity" : "application/json");
});
