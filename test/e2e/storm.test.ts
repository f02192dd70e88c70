// Owns the proof of what an origin that fails and recovers costs: a storm of errors, and flapping.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../cli/until.ts";
import { ask, type Seen } from "./support/asking.ts";
import { type OneEdge, startOneEdge } from "./support/one-edge.ts";
import { type Arrived, message, type Script, sends, startTcpOrigin, type TcpOrigin } from "./support/tcp-origin.ts";

const HEALTHY = sends(message("new", { "cache-control": "max-age=60" }));
const STALE = sends(message("old", { age: "5", "cache-control": "max-age=1, stale-if-error=600" }));
const ERROR = sends(message("sorry", {}, "502 Sorry"));

let edge: OneEdge;
const origins = new Map<string, TcpOrigin>();

beforeAll(async () => {
  for (const name of ["storm", "resets", "alternates"]) origins.set(name, await startTcpOrigin());
  const sites = [...origins].map(([name, { url }]) => [`${name}.test`, url] as const);
  edge = await startOneEdge({ origins: Object.fromEntries(sites) }, [...origins.values()], {
    retryMs: 10,
  });
});

afterAll(() => edge.close());

interface Rig {
  readonly origin: TcpOrigin;
  get(path: string): Promise<Seen>;
  /** So many different paths, one after the other, all under one script. */
  each(paths: readonly string[], script: Script): Promise<Seen[]>;
  asked(paths: readonly string[]): number;
}

function rig(name: string): Rig {
  const origin = origins.get(name);
  if (origin === undefined) throw new Error(`no origin ${name}`);
  const get = (path: string): Promise<Seen> => ask(edge.url + path, { headers: { host: `${name}.test` } });
  return {
    origin,
    get,
    async each(paths, script) {
      const all: Seen[] = [];
      for (const path of paths) {
        origin.script(path, script);
        all.push(await get(path));
      }
      return all;
    },
    asked: (paths) => paths.reduce((sum, path) => sum + origin.asked(path).length, 0),
  };
}

const paths = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `/${prefix}/${i}`);

describe("a storm of 502s", () => {
  it("reaches the origin 50 times; then it rests, is probed once, and is there for all again", async () => {
    const { origin, get, each, asked } = rig("storm");
    await each(["/held"], STALE);
    const storm = Array.from({ length: 80 }, (_, i) => `/storm-${i}`);
    // with what filled the cache, it is 49 errors that make 50 requests
    const errors = await each(storm.slice(0, 49), ERROR);
    expect(errors.every(({ status, body }) => status === 502 && body === "sorry")).toBe(true);
    // the edge tries the working origin once more, then no stale answer needs it
    origin.script("/held", ERROR);
    for (const asked of ["fwd-status=502; ", "", ""]) {
      const held = await get("/held");
      expect([held.status, held.body, held.said]).toEqual([
        200,
        "old",
        expect.stringMatching(new RegExp(`^fwd=stale; ${asked}ttl=-\\d+; detail=stale/stale-if-error$`)),
      ]);
    }
    for (const { status, said, fields } of await each(storm.slice(49), ERROR)) {
      expect([status, said]).toEqual([503, "fwd=uri-miss; detail=uri-miss/origin-resting"]);
      expect(Number(fields["retry-after"])).toBeGreaterThanOrEqual(1);
    }
    expect([asked(storm), asked(["/held"])]).toEqual([49, 2]);

    // the one real rest: five seconds, a quarter more or less
    const later = paths("later", 3);
    for (const path of later) origin.script(path, HEALTHY);
    await until("the probe", async () => (await get("/later/0")).status === 200);
    expect(asked(["/later/0"])).toBe(1);
    expect((await each(later.slice(1), HEALTHY)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await each(["/held"], HEALTHY)).map(({ body }) => body)).toEqual(["new"]);
  });
});

describe("a server that dies, one connection after the other", () => {
  /** A tenth of it: how long the dying takes. */
  const RETRY_PAUSE_MS = 1000;

  it("costs no client its answer: the retry does not take the next of the dead connections", async () => {
    const origin = await startTcpOrigin();
    const patient = await startOneEdge({ origins: { "*": origin.url } }, [origin], { retryMs: RETRY_PAUSE_MS });
    const get = (path: string): Promise<Seen> => ask(patient.url + path);
    const idle: Arrived[] = [];
    const warm = paths("warm", 4);
    for (const path of warm) origin.script(path, (request) => void idle.push(request));
    const warmed = Promise.all(warm.map(get));
    await until("each has a connection of its own", () => idle.length === warm.length);
    for (const request of idle) request.send(message("warm", { "cache-control": "no-store" }));
    await warmed;
    let isGone = false;
    origin.script("/a", (request) => {
      if (isGone) return HEALTHY(request);
      request.reset();
      setTimeout(() => {
        isGone = true;
        for (const connection of idle) connection.reset();
      }, RETRY_PAUSE_MS / 10);
    });
    const { status, body } = await get("/a");
    expect([status, body, origin.asked("/a").length]).toEqual([200, "new", 2]);
    await patient.close();
  });
});

describe("flapping", () => {
  it("every second connection is reset: all clients get their answer, by the one retry", async () => {
    const { each, asked } = rig("resets");
    const all = paths("flap", 60);
    let requests = 0;
    const seen = await each(all, (request) => {
      requests += 1;
      if (requests % 2 === 1) request.reset();
      else HEALTHY(request);
    });
    expect(seen.every(({ status, body, isBroken }) => status === 200 && body === "new" && !isBroken)).toBe(true);
    expect(asked(all)).toBe(120);
  });

  it("every second answer is a 503: what is stale covers for them, and where nothing can, a client sees its own 503", async () => {
    const { each, asked } = rig("alternates");
    const held = paths("held", 10);
    await each(held, STALE);
    let requests = 0;
    const alternating: Script = (request) => {
      requests += 1;
      if (requests % 2 === 1) request.send(message("busy", {}, "503 Busy"));
      else HEALTHY(request);
    };
    const covered = await each(held, alternating);
    expect(covered.map(({ body }) => body)).toEqual(held.map((_, i) => (i % 2 === 0 ? "old" : "new")));
    const cold = paths("cold", 20);
    const seen = await each(cold, alternating);
    expect(seen.map(({ status }) => status)).toEqual(cold.map((_, i) => (i % 2 === 0 ? 503 : 200)));
    expect([asked(held), asked(cold)]).toEqual([20, 20]);
    // answers from in between stay stored
    const again = await each(cold, HEALTHY);
    expect(again.map(({ said }) => said.startsWith("hit"))).toEqual(cold.map((_, i) => i % 2 === 1));
  });
});
