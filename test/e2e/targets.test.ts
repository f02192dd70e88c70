// Owns the proof, on the wire, that an origin is asked for exactly what is keyed: the normal form, as the runtime sends it.
import { createServer } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { normalisedPath } from "../../src/http/message/path.ts";
import { ask } from "./support/asking.ts";
import { listening } from "./support/listening.ts";
import { type OneEdge, startOneEdge } from "./support/one-edge.ts";
import { OWN_PATHS } from "../support/own-paths.ts";

let edge: OneEdge;
const asked: string[] = [];

beforeAll(async () => {
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(200, { "cache-control": "max-age=60", "content-type": "text/plain" }).end(request.url);
  });
  const origin = await listening(server);
  const rules = [
    { match: "/account/*", bypass: true },
    { match: "/*", guard: false },
  ];
  edge = await startOneEdge({ origins: { "*": origin.url }, rules }, [origin]);
});

afterAll(() => edge.close());

const get = (path: string) => ask(edge.url, { method: "GET", path, headers: { host: "shop.test" } });

const PATHS = [
  "/%%36%31ccess/x",
  "/%2%65%2%65/",
  "/%2e%2e/a%2Fb",
  "/a//b/",
  "//a",
  "/a/.%2e/b/%2E",
  "/a;b=c/;/",
  "/100%",
  "/a|b[c]'(d)*!$&+,=:@~",
  "/%c3%a9%00%0d%0a",
  "/a\\b",
  "/a%5eb%60c%7bd%7d",
  "/a%3Fb%23c",
];
const QUERIES = ["", "?", "?a='b'", "??a", "?&&a=&=b&", "?%%36%31", "?a=%2f%2F+%20", "?a|b[]^`{}", "?a=b?c=/../d"];

it("the path and the query that are keyed", async () => {
  for (const path of PATHS) {
    for (const query of QUERIES) {
      const { pathname, search } = new URL(`http://shop.test${path}${query}`);
      const target = normalisedPath(pathname) + search;
      // one of the others may have brought it
      const [first, again] = [await get(path + query), await get(path + query)];
      expect(first.body, path + query).toBe(target);
      expect([again.body, again.fields["x-cache"]], path + query).toEqual([target, "HIT"]);
    }
  }
});

it("nothing of a rule that restricts is stored, however it is spelled; and no origin is asked for what is the edge's own", async () => {
  for (const path of [
    "/Account/x",
    "/%%36%31ccount/x",
    "/%2561ccount/x",
    "//account/x",
    "/account%2fx",
    "/account;a/x",
  ]) {
    for (let i = 0; i < 2; i++) {
      expect((await get(path)).fields["x-cache"], path).toBe("BYPASS");
    }
  }
  asked.length = 0;
  for (const path of OWN_PATHS.filter((each) => /^\/[\x21-\x7e]*$/.test(each))) {
    expect([401, 404], path).toContain((await get(path)).status);
  }
  expect(asked).toEqual([]);
});
