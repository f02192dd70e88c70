// Owns `strata purge --wait` with several edges and edges that fail: it names the edges that do not obey. selectors.test.ts has the plain case.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startEdges } from "../../../cli/dev/edges.ts";
import { until } from "../until.ts";
import { type Between, type Deed, type Seen, startBetween } from "./between.ts";
import { run, type Stage, startStage, TOKEN } from "./stage.ts";

let stage: Stage;
const opened: Between[] = [];
beforeAll(async () => {
  stage = await startStage();
});
afterEach(() => Promise.all(opened.splice(0).map((one) => one.close())));
afterAll(() => stage.close());

async function between(url: string, deed: (seen: Seen) => Deed): Promise<Between> {
  const one = await startBetween(url, deed);
  opened.push(one);
  return one;
}

const isKnown = ({ path }: Seen): boolean => path === "/.strata/purges/known";

test("edges are listed in STRATA_EDGE, too; the first takes the purge", async () => {
  const [first, second] = stage.urls;
  const taker = await between(second, () => "pass");
  const env = { STRATA_EDGE: `${taker.url}, ${first}` };
  const { code, out } = await run(["purge", "--tag", "listed", "--wait", "--json"], { env }).ended;
  expect(code).toBe(0);
  const seq = await stage.latest();
  expect(JSON.parse(out)).toMatchObject({
    outcome: "purged",
    seq,
    waited: true,
    edges: [
      { url: taker.url, confirmed: true, seq },
      { url: first, confirmed: true, seq },
    ],
  });
  expect(taker.seen.filter(({ method }) => method === "POST")).toHaveLength(1);
});

test("an edge that does not confirm at once is asked again", async () => {
  const late = await between(stage.urls[1], () =>
    late.seen.length === 1 ? { status: 200, body: { log: "x", seq: 0, current: false } } : "pass",
  );
  const { code, err } = await stage.purge(["--edge", late.url, "--tag", "late", "--wait"]);
  expect({ code, err }).toEqual({
    code: 0,
    err: `strata: ${late.url} does not reach the purge log: onUnknown of its rules decides what it answers; again in 0.25 s\n`,
  });
});

test("an edge of another purge log confirms nothing, though its numbers are higher", async () => {
  const stranger = await startEdges({
    count: 1,
    port: 0,
    token: TOKEN,
    log: () => undefined,
    origin: stage.origin.url,
  });
  const [url = ""] = stranger.urls;
  try {
    await stage.purge(["--tag", "a"]);
    const seq = await stage.latest();
    await until("its numbers are higher", async () => {
      const { out } = await run(["purge", "--edge", url, "--tag", "b", "--json"]).ended;
      return (JSON.parse(out) as { seq: number }).seq > seq + 1;
    });
    const { code, err } = await stage.purge(["--edge", url, "--tag", "c", "--wait"]);
    expect({ code, err }).toEqual({
      code: 3,
      err: `strata: not confirmed: ${url} reads another purge log than the edge that took the purge\n`,
    });
  } finally {
    await stranger.close();
  }
});

test.each<readonly [string, Deed, string]>([
  [
    "is cut off from the log",
    { status: 200, body: { log: "x", seq: 9e9, current: false } },
    "does not reach the purge log",
  ],
  ["lags", { status: 200, body: { log: "x", seq: 0, current: true } }, "knows the purge log up to number 0 only"],
  ["is gone", "drop", "ends the connection without an answer"],
  ["is of another version", { status: 404, body: { title: "not found" } }, "has no such admin endpoint (404)"],
])("an edge that %s is named; the others are told, too", async (_, deed, expected) => {
  const edge = await between(stage.urls[1], () => deed);
  const { code, out, err } = await stage.purge(["--edge", edge.url, "--tag", "a", "--wait", "--retries", "0"]);
  expect(code).toBe(3);
  expect(out).toMatch(/^purged 1 target, hard: number \d+.*\n.*\n {2}http:\/\/127\.0\.0\.1:\d+ knows number \d+\n$/);
  expect(err).toContain(`strata: not confirmed: ${edge.url} ${expected}`);
  const json = await stage.purge(["--edge", edge.url, "--tag", "a", "--wait", "--retries", "0", "--json"]);
  expect(json.code).toBe(3);
  expect(JSON.parse(json.out)).toMatchObject({ edges: [{ confirmed: true }, { url: edge.url, confirmed: false }] });
});

test("an interruption leaves no doubt that it was purged", async () => {
  const edge = await between(stage.urls[0], (seen) => (isKnown(seen) ? "hang" : "pass"));
  const running = run(["purge", "--edge", edge.url, "--tag", "a", "--wait"]);
  await until("it is asked", () => edge.seen.some(isKnown));
  running.kill("SIGTERM");
  const { code, out, err } = await running.ended;
  expect({ code, err }).toEqual({ code: 130, err: "strata: interrupted: purged, but not waited for\n" });
  expect(out).toMatch(/^purged 1 target/);
});
