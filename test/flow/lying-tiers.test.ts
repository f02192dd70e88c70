// Owns the proof of the cost of a tier that hangs, breaks off or lies: the client's answer, the requests to the origin, and an end in any case.
import { describe, expect, it } from "vitest";
import { deadline, timeout } from "../../src/base/deadline.ts";
import type { DependencyError } from "../../src/error.ts";
import { targetHash } from "../../src/http/targets/target.ts";
import { type CacheLike, coloTier } from "../../src/tiers/colo.ts";
import { guarded } from "../../src/tiers/guard.ts";
import type { Entry, Tier } from "../../src/tiers/tier.ts";
import { turns, until } from "../support/barrier.ts";
import { NOON_MS } from "../support/clock.ts";
import { answer, type TestEdge, testEdge } from "../support/edge.ts";
import { responseEntry } from "../support/stored.ts";

const FRESH = { "cache-control": "max-age=600" };
const never = (): Promise<never> => new Promise(() => undefined);
const absent = (): undefined => undefined;

/** An empty colo, with the given methods in place of its own. */
const colo = (changes: Partial<Tier>): Tier => ({
  name: "colo",
  admits: () => true,
  get: absent,
  put: absent,
  delete: absent,
  ...changes,
});

interface Rig {
  readonly e: TestEdge;
  readonly reports: DependencyError[];
}

function rig(changes: Partial<Tier>, memory = 2 ** 20): Rig {
  const reports: DependencyError[] = [];
  const tier = guarded(colo(changes), deadline(timeout, 5), (error) => reports.push(error));
  const lower = [tier];
  const e = testEdge({
    lower,
    memory: { bytes: memory * 8, bodyBytes: memory },
    origin: () => answer("origin", FRESH),
  });
  return { e, reports };
}

const OPERATIONS = ["get", "put", "delete"] as const;
const FAILURES: readonly (readonly [string, () => Promise<never>])[] = [
  [
    "throws",
    () => {
      throw new Error("broken");
    },
  ],
  ["rejects", () => Promise.reject(new Error("broken"))],
  ["hangs", never],
];

describe.each(OPERATIONS)("a tier whose %s", (operation) => {
  it.each(FAILURES)("%s: clients are answered as without it", async (manner, fails) => {
    const { e, reports } = rig({ [operation]: fails });
    const read = async (): Promise<readonly [string, string | null]> => {
      const response = await e.get("/a");
      return [await response.text(), response.headers.get("x-cache")];
    };
    expect(await read()).toEqual(["origin", "MISS"]);
    expect(await read()).toEqual(["origin", "HIT"]);
    expect((await e.get("/a", { method: "DELETE" })).status).toBe(200);
    expect(await read()).toEqual(["origin", "MISS"]);
    expect(e.asked).toHaveLength(3);
    // no client waits for a put
    const isReported = !(operation === "put" && manner === "hangs");
    if (isReported) await until(() => reports.length > 0, "it was reported");
    expect(new Set(reports.map(({ dependency }) => dependency))).toEqual(new Set(isReported ? ["colo tier"] : []));
  });
});

describe("a tier whose put of a stream hangs", () => {
  it("does not hold up its client; a follower waits five seconds for it, then fetches for itself", async () => {
    const { e } = rig({ put: never }, 10);
    e.origin = () => answer("x".repeat(100), FRESH);
    expect(await (await e.get("/a")).text()).toHaveLength(100);
    const next = e.get("/a");
    await turns(200);
    e.passes(5);
    expect(await (await next).text()).toHaveLength(100);
    expect(e.asked).toHaveLength(2);
  });
});

describe("a tier that lies", () => {
  it.each<[string, Entry | undefined, string]>([
    ["an entry of another variant", responseEntry("lie", { variant: { "accept-language": "de" } }), "origin"],
    ["an entry of another log", responseEntry("lie", { fence: { incarnation: "other", seq: 0 } }), "origin"],
    ["an entry that is stale", responseEntry("lie", { lifetimeSeconds: -1 }), "origin"],
    [
      "the index of variants it does not have",
      { kind: "vary", index: { generation: "g", fields: ["x"], variants: [], languages: [] } },
      "origin",
    ],
    ["an entry that is right", responseEntry("right"), "right"],
  ])("with %s", async (_, entry, expected) => {
    const { e } = rig({ get: () => entry });
    for (let i = 0; i < 2; i++) expect((await e.text("/a")).text).toBe(expected);
    expect(e.asked).toHaveLength(expected === "origin" ? 1 : 0);
  });

  it("with an entry fetched before a purge", async () => {
    const targets = [targetHash({ kind: "tag", value: "a" })];
    const { e } = rig({ get: () => responseEntry("lie", { targets }) });
    e.log.purge(["a"], "hard");
    expect((await e.text("/a")).text).toBe("origin");
  });

  it("with an entry from the future: its Age is 0", async () => {
    const { e } = rig({ get: () => responseEntry("future", { receivedAtMs: NOON_MS + 3600_000 }) });
    const { response } = await e.text("/a");
    expect(Number(response.headers.get("age"))).toBe(0);
  });
});

/** A Cache API whose bodies pass through `spoil`. */
function spoiledCache(spoil: (body: ReadableStream<Uint8Array>) => ReadableStream<Uint8Array>): CacheLike {
  const entries = new Map<string, { readonly headers: Headers; readonly bytes: ArrayBuffer }>();
  return {
    async match({ url }) {
      const found = entries.get(url);
      if (!found) return undefined;
      const headers = new Headers(found.headers);
      headers.set("content-length", String(found.bytes.byteLength));
      const body = new Blob([found.bytes]).stream();
      return new Response(found.bytes.byteLength === 0 ? null : spoil(body), { headers });
    },
    async put({ url }, response) {
      entries.set(url, { headers: response.headers, bytes: await response.arrayBuffer() });
    },
    delete: ({ url }) => Promise.resolve(entries.delete(url)),
  };
}

const BODY = "x".repeat(3000);
const half = new TextEncoder().encode(BODY.slice(0, 1500));

type Ending = (controller: ReadableStreamDefaultController<Uint8Array>) => Promise<void> | void;

const SPOILED: readonly (readonly [string, Ending])[] = [
  ["breaks off", (controller) => controller.error(new Error("broken"))],
  ["ends early", (controller) => controller.close()],
];

function spoiled(
  then: (controller: ReadableStreamDefaultController<Uint8Array>) => Promise<void> | void,
): ReadableStream<Uint8Array> {
  let isSent = false;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (isSent) return then(controller);
      isSent = true;
      controller.enqueue(half);
      return undefined;
    },
  });
}

describe("a colo whose body", () => {
  async function read(response: Response): Promise<{ readonly bytes: number; readonly isBroken: boolean }> {
    let bytes = 0;
    try {
      for await (const chunk of response.body ?? []) bytes += (chunk as Uint8Array).length;
      return { bytes, isBroken: Number(response.headers.get("content-length") ?? bytes) !== bytes };
    } catch {
      return { bytes, isBroken: true };
    }
  }

  it.each(SPOILED)("%s, and is small enough to be read before it is used: a miss", async (_, ending) => {
    const cache = spoiledCache(() => spoiled(ending));
    const lower = [
      guarded(
        coloTier(() => Promise.resolve(cache), 10_000),
        deadline(timeout, 50),
        () => undefined,
      ),
    ];
    const first = testEdge({ lower, memory: { bytes: 2 ** 20, bodyBytes: 10_000 }, origin: () => answer(BODY, FRESH) });
    await first.text("/a");
    const next = testEdge({
      lower,
      log: first.log,
      memory: { bytes: 2 ** 20, bodyBytes: 10_000 },
      origin: () => answer(BODY, FRESH),
    });
    expect(await read(await next.get("/a"))).toEqual({ bytes: 3000, isBroken: false });
    expect(next.asked).toHaveLength(1);
  });

  it.each(SPOILED)("%s while a client reads it: the client sees the body break off", async (_, ending) => {
    const cache = spoiledCache(() => spoiled(ending));
    const lower = [
      guarded(
        coloTier(() => Promise.resolve(cache), 1000),
        deadline(timeout, 50),
        () => undefined,
      ),
    ];
    const e = testEdge({ lower, memory: { bytes: 2 ** 20, bodyBytes: 1000 }, origin: () => answer(BODY, FRESH) });
    await e.text("/a");
    expect(await read(await e.get("/a"))).toEqual({ bytes: 1500, isBroken: true });
  });

  it("never ends: its client gets the bytes there are, and other clients are not held up", async () => {
    const cache = spoiledCache(() => spoiled(() => never()));
    const lower = [
      guarded(
        coloTier(() => Promise.resolve(cache), 1000),
        deadline(timeout, 50),
        () => undefined,
      ),
    ];
    const e = testEdge({ lower, memory: { bytes: 2 ** 20, bodyBytes: 1000 }, origin: () => answer(BODY, FRESH) });
    await e.text("/a");
    for (let i = 0; i < 2; i++) {
      const reader = (await e.get("/a")).body?.getReader();
      const chunk = await reader?.read();
      expect((chunk?.value as Uint8Array | undefined)?.length).toBe(1500);
      await reader?.cancel();
    }
    e.origin = () => answer("small", FRESH);
    expect((await e.text("/b")).text).toBe("small");
  });
});
