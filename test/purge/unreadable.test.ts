// Owns the proof of an isolate beside a log of a later version, whose answers it cannot read: purges are confirmed, and nothing is wrongly fresh.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { defineSite, type SiteInput } from "../../src/policy/define.ts";
import type { PurgeCommand } from "../../src/purge/log/log.ts";
import type { Cursor } from "../../src/purge/wire/records.ts";
import { SNAPSHOT_KEY } from "../../src/purge/wire/snapshot-key.ts";
import { decodeDelta } from "../../src/purge/wire/delta-codec.ts";
import { strata } from "../../src/strata.ts";
import { type Log, newLog, since } from "../support/purge-log.ts";

/** The same in the next version of the format. */
function later(bytes: Uint8Array): Uint8Array {
  const next = bytes.slice();
  next[3] = (next[3] ?? 0) + 1;
  return next;
}

const SHAPES: readonly (readonly [string, (bytes: Uint8Array) => unknown])[] = [
  ["the next version of the format", later],
  ["nothing", () => undefined],
  ["an object", (bytes) => ({ version: 9, bytes })],
  ["text", () => "delta"],
  ["no bytes", () => new Uint8Array()],
];

type Answers = (bytes: Uint8Array) => unknown;

/** A colo in front of a log that answers as a test says, from an origin that counts. */
function colo(log: Log, answers: { since: Answers; purge: Answers }, site: SiteInput = {}, name = crypto.randomUUID()) {
  const stub = {
    async purge(command: PurgeCommand) {
      const { outcome, delta } = await log.purge(command);
      return { outcome, delta: answers.purge(delta) };
    },
    since: async (cursor: Cursor | undefined) => answers.since(await log.since(cursor)),
  };
  const { STRATA_ORIGIN: _, ...bound }: Record<string, unknown> = { ...env };
  const bindings = {
    ...bound,
    STRATA_TOKEN: "secret",
    STRATA_COLO: name,
    STRATA_PURGE_LOG: { getByName: () => stub, idFromName: () => log.id },
  };
  let version = 0;
  const headers = { "cache-control": "max-age=60", "cache-tag": "a" };
  const routes = { fetch: () => new Response(`version ${String((version += 1))}`, { headers }) };
  return () => {
    const app = strata(defineSite(site), routes);
    const send = async (path: string, init: RequestInit = {}): Promise<Response> => {
      const context = createExecutionContext();
      const response = await app.fetch(new Request(`https://shop.test${path}`, init), bindings, context);
      const copy = new Response(await response.arrayBuffer(), response);
      await waitOnExecutionContext(context);
      return copy;
    };
    return {
      get: async (path: string) => {
        const response = await send(path);
        return [response.headers.get("x-cache"), await response.text()];
      },
      purge: (tags: readonly string[]) =>
        send("/.strata/purge", {
          method: "POST",
          headers: { authorization: "Bearer secret" },
          body: JSON.stringify({ tags }),
        }),
    };
  };
}

const plain: Answers = (bytes) => bytes;

describe("a purge that is answered with", () => {
  it.each(SHAPES)("%s is confirmed, in the log, and obeyed at once", async (_, shape) => {
    const log = newLog();
    const edge = colo(log, { since: plain, purge: shape })();
    expect([await edge.get("/x"), await edge.get("/x")]).toEqual([
      ["MISS", "version 1"],
      ["HIT", "version 1"],
    ]);
    const receipt = await edge.purge(["a"]);
    expect([receipt.status, await receipt.json()]).toEqual([200, expect.objectContaining({ seq: 1, targets: 1 })]);
    expect((await since(log)).seq).toBe(1);
    // inside the bound
    expect(await edge.get("/x")).toEqual(["MISS", "version 2"]);
    expect(await edge.get("/x")).toEqual(["HIT", "version 2"]);
  });
});

describe("a log that answers everything with", () => {
  it.each(SHAPES)(
    "%s takes purges, and no stored response is served as fresh by what is not known",
    async (_, shape) => {
      const log = newLog();
      const answers = { since: plain, purge: plain };
      const isolate = colo(log, answers);
      const warm = isolate();
      expect([await warm.get("/x"), await warm.get("/x")]).toEqual([
        ["MISS", "version 1"],
        ["HIT", "version 1"],
      ]);
      // the log is taken over by the later version; these isolates go on
      Object.assign(answers, { since: shape, purge: shape });
      expect((await warm.purge(["a"])).status).toBe(200);
      expect((await since(log)).seq).toBe(1);
      const [cache, text] = await warm.get("/x");
      expect([cache, text]).toEqual(["MISS", "version 2"]);
      // and those that begin now
      const cold = isolate();
      expect((await cold.purge(["b"])).status).toBe(200);
      expect((await cold.get("/y"))[0]).toBe("MISS");
      // it is rolled back: nothing has to be done
      Object.assign(answers, { since: plain, purge: plain });
      expect((await warm.purge(["a"])).status).toBe(200);
      expect((await warm.get("/x"))[0]).toBe("MISS");
      expect((await warm.get("/x"))[0]).toBe("HIT");
      expect((await since(log)).seq).toBe(3);
    },
  );
});

it("the colo's copy and KV's snapshot of a later version are as if they were not there, and are written anew", async () => {
  const log = newLog();
  const questions: unknown[] = [];
  const counted: Answers = (bytes) => (questions.push(bytes), bytes);
  const name = crypto.randomUUID();
  const isolate = colo(log, { since: counted, purge: plain }, {}, name);
  const copy = `https://strata.invalid/.strata/purge-log/${log.id.toString()}/tail`;
  const cache = await caches.open(`strata-${name}`);
  const bytesThere = async () => new Uint8Array((await (await cache.match(copy))?.arrayBuffer()) ?? new ArrayBuffer());
  await isolate().get("/x");
  const [filed, ours] = [await cache.match(copy), await bytesThere()];
  expect(decodeDelta(ours)).toMatchObject({ seq: 0 });
  await cache.put(copy, new Response(later(ours), { headers: filed?.headers ?? {} }));
  await env.STRATA_KV.put(SNAPSHOT_KEY, later(ours));
  expect(questions).toHaveLength(1);
  expect((await isolate().get("/x"))[0]).toBe("HIT");
  expect(questions).toHaveLength(2);
  expect(decodeDelta(await bytesThere())).toMatchObject({ seq: 0 });
  // with the log out of reach there is nothing to go by
  const cold = colo(newLog(), { since: () => never(), purge: plain })();
  expect([(await cold.get("/z"))[0], (await cold.get("/z"))[0]]).toEqual(["MISS", "MISS"]);
});

function never(): never {
  throw new Error("out of reach");
}
