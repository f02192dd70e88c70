// Owns the proof that whatever lies in the Cache API or KV under one of our keys, the request gets its answer, and an alarm
// is raised only where something is broken.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { deadline, timeout } from "../../src/base/deadline.ts";
import type { DependencyError } from "../../src/error.ts";
import { addressOf } from "../../src/tiers/address.ts";
import { encodeFrame, encodeHead, FORMAT_VERSION } from "../../src/tiers/codec.ts";
import { type CacheLike, coloTier } from "../../src/tiers/colo.ts";
import { guarded } from "../../src/tiers/guard.ts";
import { type KvLike, kvTier } from "../../src/tiers/kv.ts";
import type { Entry } from "../../src/tiers/tier.ts";
import { testEdge } from "../support/edge.ts";
import { bytesOf, keyOf, noise, responseEntry } from "../support/stored.ts";

const BODY = "hello, hello";
const response = responseEntry(BODY, { etag: '"e"' });
const carrying: Entry = {
  kind: "vary",
  index: { generation: "g", fields: ["x"], variants: [], languages: [] },
  carried: { ...response, own: keyOf("/x/1") },
};
/** Stands for the address of each key. */
const HERE = "f".repeat(64);
const frame = encodeFrame(response, bytesOf(BODY), HERE);
const carryingFrame = encodeFrame(carrying, bytesOf(BODY), HERE);
const headOf = (entry: Entry) => JSON.parse(encodeHead(entry, HERE)) as Record<string, unknown>;

/** The value as it would be at this address. */
function at(value: Uint8Array<ArrayBuffer>, address: string): Uint8Array<ArrayBuffer> {
  const moved = value.slice();
  const head = new TextDecoder("latin1").decode(value);
  if (head.includes(HERE)) moved.set(bytesOf(address), head.indexOf(HERE));
  return moved;
}

/** A frame with another head. */
function framed(head: unknown, body = BODY): Uint8Array<ArrayBuffer> {
  const text = bytesOf(JSON.stringify(head));
  const prefix = new Uint8Array(4);
  new DataView(prefix.buffer).setUint32(0, text.length);
  return Uint8Array.from([...prefix, ...text, ...bytesOf(body)]);
}

function reporting() {
  const reports: DependencyError[] = [];
  return { reports, report: (error: DependencyError) => void reports.push(error) };
}

const future = { v: FORMAT_VERSION + 1, kind: "parcel", parts: [{ codec: "zstd" }], until: "2030" };
const foreignHeads: readonly (readonly [string, unknown])[] = [
  ["another program's object", { id: 7, name: "cart", items: [] }],
  ["a list", [1, 2, 3]],
  ["a number", 7],
  ["null", null],
  ["the next format, as this one", { ...headOf(response), v: FORMAT_VERSION + 1 }],
  ["the next format, of unknown members", future],
  ["the last format", { ...headOf(response), v: FORMAT_VERSION - 1 }],
  ["no format", { ...headOf(response), v: undefined }],
  ["what was filed at another address", { ...headOf(response), address: "0".repeat(64) }],
  ["an index filed at another address", { ...headOf(carrying), address: "0".repeat(64) }],
  ["what was filed at no address", { ...headOf(response), address: undefined }],
  ["another kind", { ...headOf(response), kind: "part" }],
  ["a record with a field of another type", { ...headOf(response), stored: { ...response.stored, status: "200" } }],
  ["an index without fields", { ...headOf(carrying), index: { generation: "g" } }],
  ["an index that carries half a record", { ...headOf(carrying), carried: { own: "x", stored: { status: 200 } } }],
];

const cuts = (whole: Uint8Array<ArrayBuffer>) => {
  const headEnd = whole.length - BODY.length;
  return [0, 1, 3, 4, 5, Math.floor(headEnd / 2), headEnd - 1, headEnd, headEnd + 1, whole.length - 1].map(
    (length) => [whole.slice(0, length), length < headEnd ? 0 : 1] as const,
  );
};

/** The entry in KV, and the number of alarms it causes. */
const values: readonly (readonly [string, Uint8Array<ArrayBuffer>, number])[] = [
  ...cuts(frame).map(
    ([value, alarms]) => [`the first ${String(value.length)} bytes of a response`, value, alarms] as const,
  ),
  ...cuts(carryingFrame).map(
    ([value, alarms]) =>
      [`the first ${String(value.length)} bytes of an index with a response`, value, alarms] as const,
  ),
  ["a response with a byte more", Uint8Array.from([...frame, 0]), 1],
  ["an index with bytes that belong to nothing", framed({ ...headOf(carrying), carried: undefined }), 1],
  ["noise", noise(10_000), 0],
  ["noise behind a likely length", Uint8Array.from([0, 0, 1, 0, ...noise(1000)]), 0],
  ["a length beyond the value", Uint8Array.from([255, 255, 255, 255, ...frame.slice(4)]), 0],
  ["text of another program", bytesOf("<!doctype html><title>a page</title>"), 0],
  ["JSON of another program", bytesOf('{"products":[1,2,3]}'), 0],
  ...foreignHeads.map(([name, head]) => [name, framed(head), 0] as const),
];

describe("KV tolerates", () => {
  it.each(values)("%s: a miss, %#", async (name, value, alarms) => {
    const { reports, report } = reporting();
    const tier = guarded(kvTier(env.STRATA_KV, { minTtlSeconds: 300 }), deadline(timeout, 1000), report);
    const key = keyOf(`/kv/${name}`);
    const address = await addressOf(key);
    await env.STRATA_KV.put(address, at(value, address));
    expect(await tier.get(key)).toBeUndefined();
    expect(reports).toHaveLength(alarms);
    expect(["nothing", "response", "vary"]).toContain((await tier.head?.(key))?.kind);
    // the alarm is not raised again
    expect(await tier.get(key)).toBeUndefined();
    expect(reports).toHaveLength(alarms);
  });

  it.each([
    ["no metadata", undefined],
    ["somebody's metadata", { v: 99, receivedAtMs: "soon", nested: { fence: null } }],
  ])("a good value with %s", async (name, metadata) => {
    const { reports, report } = reporting();
    const tier = guarded(kvTier(env.STRATA_KV, { minTtlSeconds: 300 }), deadline(timeout, 1000), report);
    const key = keyOf(`/kv/metadata/${name}`);
    const address = await addressOf(key);
    await env.STRATA_KV.put(address, at(frame, address), { metadata });
    expect(await tier.get(key)).toEqual(response);
    expect(await tier.head?.(key)).toMatchObject({ kind: "response" });
    expect(reports).toEqual([]);
  });

  it("anything, as seen by a client: the origin's answer, stored over it", async () => {
    for (const [name, value, alarms] of values) {
      const { reports, report } = reporting();
      const urls: string[] = [];
      // whatever the key: the first fill says under which it lies
      const origin = () => new Response("fresh", { headers: { "cache-control": "max-age=600" } });
      const tier = guarded(
        kvTier(
          {
            ...bound(),
            put: (key, bytes, options) => {
              urls.push(key);
              return env.STRATA_KV.put(key, bytes, options);
            },
          },
          { minTtlSeconds: 300 },
        ),
        deadline(timeout, 1000),
        report,
      );
      const path = `/client/${encodeURIComponent(name)}`;
      await testEdge({ lower: [tier], origin }).text(path);
      const [address = ""] = urls;
      await env.STRATA_KV.put(address, at(value, address));
      const e = testEdge({ lower: [tier], origin });
      const { response: answered, text } = await e.text(path);
      expect([answered.status, text, e.asked.length], name).toEqual([200, "fresh", 1]);
      expect(reports, name).toHaveLength(alarms);
      const again = testEdge({ lower: [tier], origin, log: e.log });
      expect((await again.text(path)).response.headers.get("cache-status"), name).toContain("fresh/global");
    }
  });
});

describe("an entry is bound to its key", () => {
  it.each(["KV", "the Cache API"])(
    "what %s gives for another key is a miss, whole and sound as it is",
    async (where) => {
      const { reports, report } = reporting();
      const cache = await caches.open("bound");
      const atA = await addressOf(keyOf("/bound/a"));
      const atB = await addressOf(keyOf("/bound/b"));
      const swapped = (text: string): string => text.replace(atB, atA);
      const get = (key: string) => env.STRATA_KV.get(swapped(key), "arrayBuffer");
      const opened: CacheLike = {
        match: (request) => cache.match(new Request(swapped(request.url), request)),
        put: (request, answer) => cache.put(request, answer),
        delete: (request) => cache.delete(request),
      };
      const plain =
        where === "KV"
          ? kvTier({ ...bound(), get: get as KvLike["get"] }, { minTtlSeconds: 300 })
          : coloTier(() => Promise.resolve(opened), 2 ** 20);
      const tier = guarded(plain, deadline(timeout, 1000), report);
      for (const entry of [response, { kind: "vary", index: carrying.index } as const]) {
        await tier.put(keyOf("/bound/a"), entry, 600);
        expect(await tier.get(keyOf("/bound/a"))).toEqual(entry);
        expect(await tier.get(keyOf("/bound/b"))).toBeUndefined();
      }
      expect(reports).toEqual([]);
    },
  );
});

/** The namespace's methods, which are not its own properties. */
function bound() {
  const kv = env.STRATA_KV;
  return { get: kv.get.bind(kv), put: kv.put.bind(kv), delete: kv.delete.bind(kv) };
}

describe("the Cache API tolerates", () => {
  const heads: readonly (readonly [string, string | undefined, string, number])[] = [
    ["nothing of ours", undefined, "x", 0],
    ["an empty head", "", "x", 0],
    ["noise", String.fromCharCode(...noise(200).map((byte) => 33 + (byte % 90))), "x", 0],
    ...[1, 10, 100, encodeHead(response, HERE).length - 1].map(
      (length) =>
        [
          `the first ${String(length)} characters of a head`,
          encodeHead(response, HERE).slice(0, length),
          BODY,
          0,
        ] as const,
    ),
    ...foreignHeads.map(([name, head]) => [name, JSON.stringify(head), BODY, 0] as const),
    ["no body", encodeHead(response, HERE), "", 1],
    ["half a body", encodeHead(response, HERE), BODY.slice(0, 5), 1],
    ["a byte more", encodeHead(response, HERE), `${BODY}!`, 1],
  ];

  it.each(heads)("%s: a miss", async (name, head, body, alarms) => {
    const { reports, report } = reporting();
    const cache: CacheLike = await caches.open("tolerance");
    let asked: Request | undefined;
    const opened: CacheLike = {
      match(request) {
        asked = request;
        return cache.match(request);
      },
      put: (request, answer) => cache.put(request, answer),
      delete: (request) => cache.delete(request),
    };
    const tier = guarded(
      coloTier(() => Promise.resolve(opened), 2 ** 20),
      deadline(timeout, 1000),
      report,
    );
    const key = keyOf(`/colo/${encodeURIComponent(name)}`);
    expect(await tier.get(key)).toBeUndefined();
    const headers = {
      "cache-control": "max-age=60",
      ...(head === undefined ? {} : { "strata-entry": head.replace(HERE, await addressOf(key)) }),
    };
    if (asked) await cache.put(asked, new Response(body, { headers }));
    expect(asked && (await cache.match(asked)), "the platform has it").toBeDefined();
    expect(await tier.get(key)).toBeUndefined();
    expect(reports).toHaveLength(alarms);
    expect(await tier.get(key)).toBeUndefined();
    expect(reports).toHaveLength(alarms);
    await tier.put(key, response, 60);
    expect(await tier.get(key)).toEqual(response);
  });

  it("a head whose body, filed apart, is gone", async () => {
    const { reports, report } = reporting();
    const cache = await caches.open("tolerance-apart");
    const put: Request[] = [];
    const opened: CacheLike = {
      match: (request) => cache.match(request),
      put(request, answer) {
        put.push(request);
        return cache.put(request, answer);
      },
      delete: (request) => cache.delete(request),
    };
    const tier = guarded(
      coloTier(() => Promise.resolve(opened), 2 ** 20),
      deadline(timeout, 1000),
      report,
    );
    await tier.put(keyOf("/s"), { ...response, body: { kind: "stream", stream: new Blob([BODY]).stream() } }, 60);
    expect((await tier.get(keyOf("/s")))?.kind).toBe("response");
    const [body] = put;
    if (body) await cache.delete(body);
    expect(await tier.get(keyOf("/s"))).toBeUndefined();
    expect(reports).toEqual([]);
  });
});
