// Owns the proof of the cost of a failing origin: clients' answers, stored responses, and requests to the origin.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { barrier } from "../support/barrier.ts";
import { until } from "../cli/until.ts";
import { ask, type Seen } from "./support/asking.ts";
import { BROKEN, INVALID, NO_ANSWER, NO_END, WHOLE } from "./support/faults.ts";
import { type OneEdge, startOneEdge } from "./support/one-edge.ts";
import { message, type Script, sends, startTcpOrigin, type TcpOrigin } from "./support/tcp-origin.ts";

const ERRORS: Readonly<Record<string, Script>> = Object.fromEntries(
  [500, 502, 503, 504].map((status) => [`answers ${status}`, sends(message("sorry", {}, `${status} Sorry`))]),
);
const OTHERS = ["slow", "broken"];
const NAMES = [NO_ANSWER, INVALID, NO_END, BROKEN, WHOLE, ERRORS].flatMap((family) => Object.keys(family));
const HOSTS = new Map([...NAMES, ...OTHERS].map((name, i) => [name, `fault-${i}.test`]));

const origins = new Map<string, TcpOrigin>();
let edge: OneEdge;

// each fault has an origin of its own: breakers tell origins apart
beforeAll(async () => {
  for (const name of HOSTS.keys()) origins.set(name, await startTcpOrigin());
  const sites = [...HOSTS].map(([name, host]) => [host, originOf(name).url] as const);
  edge = await startOneEdge(
    {
      origins: Object.fromEntries(sites),
      rules: [
        { match: "/quick/*", origin: { patience: 0.3, deadline: 1.5 } },
        { match: "/patient/*", origin: { patience: 0.3, deadline: 60 } },
        { match: "/*", origin: { patience: 60, deadline: 60 } },
      ],
    },
    [...origins.values()],
  );
});

afterAll(() => edge.close());

function originOf(name: string): TcpOrigin {
  const origin = origins.get(name);
  if (origin === undefined) throw new Error(`no origin for ${name}`);
  return origin;
}

function get(name: string, path: string): Promise<Seen> {
  return ask(`${edge.url}${path}`, { headers: { host: HOSTS.get(name) } });
}

const HEALTHY = sends(message("new", { "cache-control": "max-age=60" }));
/** Stale on arrival: no test has to wait for it. */
const old = (cacheControl: string): Script =>
  sends(message("old", { age: "5", etag: '"1"', "cache-control": `max-age=1${cacheControl}` }));

/**
 * In one line: status, body, reason. A broken body counts as `sent` whichever part of that the client got: the end of the connection
 * may overtake the last bytes.
 */
function line({ status, body, isBroken, said, fields }: Seen, sent = ""): string {
  const isProblem = fields["content-type"] === "application/problem+json";
  const detail = /detail=([^;]*)/.exec(said)?.[1] ?? "no detail";
  const collapsed = said.includes("; collapsed") ? " collapsed" : "";
  const got = isBroken && sent.startsWith(body) ? sent : body;
  return `${status} ${isProblem ? `problem, retry after ${fields["retry-after"]}` : got}${isBroken ? "|" : ""} ${detail}${collapsed}`;
}

interface Course {
  readonly saw: string;
  readonly asked: number;
  /** The next client's answer from a healthy origin. */
  readonly next: string;
}

/** A client meets the fault with nothing stored, or with what `held` left; then the origin is well again. */
async function course(name: string, fault: Script, path: string, held?: Script): Promise<Course> {
  const origin = originOf(name);
  if (held) {
    origin.script(path, held);
    await get(name, path);
  }
  const before = origin.asked(path).length;
  origin.script(path, fault);
  const saw = line(await get(name, path), BROKEN[name]?.[0]);
  const asked = origin.asked(path).length - before;
  origin.script(path, HEALTHY);
  return { saw, asked, next: line(await get(name, path)) };
}

interface Crowd {
  readonly saw: Readonly<Record<string, number>>;
  readonly asked: number;
  readonly next: string;
}

/** Twenty at once meet the fault, none of them too late. */
async function crowd(name: string, fault: Script, path: string): Promise<Crowd> {
  const origin = originOf(name);
  const gate = barrier();
  origin.script(path, (request) => void gate.passed.then(() => fault(request)), fault);
  const all = Array.from({ length: 20 }, () => get(name, path));
  await until("the first is there", () => origin.asked(path).length > 0);
  // a client that is answered now came after them
  origin.script("/other", HEALTHY);
  for (let i = 0; i < 3; i++) await get(name, "/other");
  gate.open();
  const saw: Record<string, number> = {};
  for (const seen of await Promise.all(all)) {
    const said = line(seen, BROKEN[name]?.[0]);
    saw[said] = (saw[said] ?? 0) + 1;
  }
  const asked = origin.asked(path).length;
  origin.script(path, HEALTHY);
  return { saw, asked, next: line(await get(name, path)) };
}

const FILLED = "200 new uri-miss";
const FILLED_AGAIN = "200 new stale";

describe.each([
  ["no answer", NO_ANSWER, "502", "origin-unreachable", 2],
  ["an invalid answer", INVALID, "502", "origin-invalid", 1],
] as const)("%s", (_, family, status, reason, asked) => {
  const problem = `${status} problem, retry after 5`;

  it.concurrent.each(Object.entries(family))("%s", async (name, fault) => {
    const [cold, window, plain, many] = await Promise.all([
      course(name, fault, "/cold"),
      course(name, fault, "/window", old(", stale-if-error=600")),
      course(name, fault, "/plain", old("")),
      crowd(name, fault, "/many"),
    ]);
    expect(cold).toEqual({ saw: `${problem} uri-miss/${reason}`, asked, next: FILLED });
    expect(window).toEqual({ saw: "200 old stale/stale-if-error", asked, next: FILLED_AGAIN });
    expect(plain).toEqual({ saw: `${problem} stale/${reason}`, asked, next: FILLED_AGAIN });
    // one retry for all
    const leaders = asked === 2 ? 1 : 2;
    expect(many).toEqual({
      saw: {
        [`${problem} uri-miss/${reason}`]: leaders,
        [`${problem} uri-miss/${reason} collapsed`]: 20 - leaders,
      },
      asked: 2,
      next: FILLED,
    });
  });
});

describe("no end of waiting", () => {
  const problem = "504 problem, retry after 5";

  it.concurrent.each(Object.entries(NO_END))("%s", async (name, fault) => {
    const [cold, plain, many] = await Promise.all([
      course(name, fault, "/quick/cold"),
      course(name, fault, "/quick/plain", old("")),
      crowd(name, fault, "/quick/many"),
    ]);
    expect(cold).toEqual({ saw: `${problem} uri-miss/origin-timeout`, asked: 1, next: FILLED });
    expect(plain).toEqual({ saw: `${problem} stale/origin-timeout`, asked: 1, next: FILLED_AGAIN });
    expect(many).toEqual({
      saw: { [`${problem} uri-miss/origin-timeout`]: 1, [`${problem} uri-miss/origin-timeout collapsed`]: 19 },
      asked: 1,
      next: FILLED,
    });
  });

  it.concurrent.each(Object.entries(NO_END))(
    "%s: what is stale is there while the origin still owes its answer",
    async (name, fault) => {
      const origin = originOf(name);
      const path = "/patient/window";
      origin.script(path, old(", stale-if-error=600"));
      await get(name, path);
      const held: (() => void)[] = [];
      let isLeft = false;
      origin.script(path, (request) => {
        held.push(request.reset);
        void request.left.then(() => (isLeft = true));
        fault(request);
      });
      expect(line(await get(name, path))).toBe("200 old stale/stale-if-slow");
      // a client that comes before the answer waits for the same answer, and no longer
      expect(line(await get(name, path))).toMatch(/^200 old stale\/.* collapsed$/);
      expect([held.length, isLeft]).toEqual([1, false]);
      // and what comes at last is stored
      origin.script(path, HEALTHY);
      for (const reset of held) reset();
      await until("the new one is stored", async () => line(await get(name, path)) === "200 new fresh/memory");
      expect(origin.asked(path)).toHaveLength(3);
    },
  );

  it.concurrent("the connection of a request that was given up is closed", async () => {
    const left = barrier();
    originOf("slow").script("/quick/left", (request) => void request.left.then(() => left.open()));
    expect((await get("slow", "/quick/left")).status).toBe(504);
    await left.passed;
  });
});

describe("a broken body", () => {
  it.concurrent.each(Object.entries(BROKEN))("%s", async (name, [bytes, fault]) => {
    const [cold, window, plain, many] = await Promise.all([
      course(name, fault, "/cold"),
      course(name, fault, "/window", old(", stale-if-error=600")),
      course(name, fault, "/plain", old("")),
      crowd(name, fault, "/many"),
    ]);
    // the header section has left before it shows
    expect(cold).toEqual({ saw: `200 ${bytes}| uri-miss`, asked: 1, next: FILLED });
    expect(window).toEqual({ saw: `200 ${bytes}| stale`, asked: 1, next: FILLED_AGAIN });
    expect(plain).toEqual({ saw: `200 ${bytes}| stale`, asked: 1, next: FILLED_AGAIN });
    expect(many).toEqual({
      saw: { [`200 ${bytes}| uri-miss`]: 2, "502 problem, retry after 5 uri-miss/origin-unreachable collapsed": 18 },
      asked: 2,
      next: FILLED,
    });
  });

  it.concurrent("does not cost what was held: that still stands in for it", async () => {
    const origin = originOf("broken");
    const truncated = BROKEN["closes before Content-Length"]?.[1] ?? HEALTHY;
    origin.script("/kept", old(", stale-if-error=600"), truncated, (request) => request.reset());
    const seen: string[] = [];
    for (let i = 0; i < 3; i++) seen.push(line(await get("broken", "/kept"), "half"));
    expect(seen).toEqual(["200 old uri-miss", "200 half| stale", "200 old stale/stale-if-error"]);
  });
});

describe("an odd answer", () => {
  it.concurrent.each(Object.entries(WHOLE))("%s: passed on and stored", async (name, [bytes, fault]) => {
    const [cold, window, many] = await Promise.all([
      course(name, fault, "/cold"),
      course(name, fault, "/window", old(", stale-if-error=600")),
      crowd(name, fault, "/many"),
    ]);
    const next = `200 ${bytes} fresh/memory`;
    expect(cold).toEqual({ saw: `200 ${bytes} uri-miss`, asked: 1, next });
    expect(window).toEqual({ saw: `200 ${bytes} stale`, asked: 1, next });
    expect(many).toEqual({
      saw: { [`200 ${bytes} uri-miss`]: 1, [`200 ${bytes} uri-miss collapsed`]: 19 },
      asked: 1,
      next,
    });
  });
});

describe("an error", () => {
  it.concurrent.each(Object.entries(ERRORS))("%s", async (name, fault) => {
    const [cold, window, plain] = await Promise.all([
      course(name, fault, "/cold"),
      course(name, fault, "/window", old(", stale-if-error=600")),
      course(name, fault, "/plain", old("")),
    ]);
    const status = name.slice(-3);
    expect(cold).toEqual({ saw: `${status} sorry uri-miss/no-lifetime`, asked: 1, next: FILLED });
    expect(window).toEqual({ saw: "200 old stale/stale-if-error", asked: 1, next: FILLED_AGAIN });
    expect(plain).toEqual({ saw: `${status} sorry stale/no-lifetime`, asked: 1, next: FILLED_AGAIN });
    // an answer of the origin's own is nobody else's: each asks for itself
    const many = await crowd(name, fault, "/many");
    expect(many).toEqual({ saw: { [`${status} sorry uri-miss/no-lifetime`]: 20 }, asked: 20, next: FILLED });
  });
});
