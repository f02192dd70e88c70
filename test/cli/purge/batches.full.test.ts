// Owns `strata purge` with many targets and with failures: batches, keys, pauses, and the exact account of what was purged.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../until.ts";
import { type Between, type Deed, type Seen, startBetween } from "./between.ts";
import { lines, run, SLOW_TOKEN, type Stage, startStage, TOKEN } from "./stage.ts";

interface BatchReport {
  readonly state: string;
  readonly from: number;
  readonly targets: number;
  readonly first: { readonly target: string; readonly place?: string };
  readonly last: { readonly target: string; readonly place?: string };
  readonly seq?: number;
  readonly replayed?: boolean;
}

let stage: Stage;
let many: string;
const opened: Between[] = [];

beforeAll(async () => {
  stage = await startStage();
  many = await stage.file("many.txt", ["# 2,500 tags", ...lines(2500, (number) => `tag shop-${number}`)]);
});
afterEach(() => Promise.all(opened.splice(0).map((between) => between.close())));
afterAll(() => stage.close());

async function between(deed: (seen: Seen) => Deed): Promise<Between> {
  const one = await startBetween(stage.urls[0], deed);
  opened.push(one);
  return one;
}

async function numbersAfter(seq: number): Promise<readonly number[]> {
  return (await stage.history()).map((entry) => entry.seq).filter((each) => each > seq);
}

function batchesIn(out: string): readonly BatchReport[] {
  return (JSON.parse(out) as { readonly batches: readonly BatchReport[] }).batches;
}

describe("2,500 targets", () => {
  test("are three purges, and the first and the last of each is obeyed", async () => {
    const marks = ["shop-1", "shop-1000", "shop-1001", "shop-2500"];
    for (const mark of marks) await stage.fill(`/many/${mark}`, mark);
    const before = await stage.latest();
    const { code, out, err } = await stage.purge(["--from", many]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toBe(
      `purged 2,500 targets, hard in 3 batches: numbers ${before + 1} to ${before + 3} of the purge log; every edge obeys within 1 s\n`,
    );
    expect(await numbersAfter(before)).toEqual([before + 3, before + 2, before + 1]);
    for (const mark of marks) expect(await stage.state(`/many/${mark}`)).toBe("MISS");
  });

  test("under one key given twice are purged once", async () => {
    const args = ["--from", many, "--idempotency-key", "release-7", "--json"];
    const first = JSON.parse((await stage.purge(args)).out) as object;
    expect(first).toMatchObject({ outcome: "purged", idempotencyKey: "release-7", everywhereWithinMs: 1000 });
    const before = await stage.latest();
    const again = await stage.purge(args);
    expect(batchesIn(again.out).map(({ replayed }) => replayed)).toEqual([true, true, true]);
    expect((await stage.purge(args.slice(0, -1))).out).toContain(
      "all of it had been purged before under the idempotency key release-7, and was not purged again",
    );
    expect(await stage.latest()).toBe(before);
  });

  test("of which the last is wrong purge nothing", async () => {
    const before = await stage.latest();
    const from = await stage.file("last.txt", [...lines(2499, (number) => `tag shop-${number}`), "host a/b"]);
    const { code, err } = await stage.purge(["--from", from]);
    expect(code).toBe(2);
    expect(err).toContain(`${from}:2500: host a/b: must be a host without scheme and path`);
    expect(await stage.latest()).toBe(before);
  });

  test("of which some are not the token's purge nothing", async () => {
    const before = await stage.latest();
    const from = await stage.file("scope.txt", [...lines(1500, (number) => `tag shop-${number}`), "tag mine"]);
    const { code, err } = await stage.purge(["--from", from], { env: { STRATA_TOKEN: SLOW_TOKEN } });
    expect(code).toBe(2);
    expect(err).toContain(`${from}:1501: tag mine: this token may not purge this tag`);
    expect(await stage.latest()).toBe(before);
  });

  test("wait for the token's rate as long as the edge says, and are purged each once", async () => {
    const before = await stage.latest();
    const from = await stage.file(
      "rate.txt",
      lines(2500, (number) => `tag shop-${number}`),
    );
    // of twice its rate at once, and then one a second
    const { code, err } = await stage.purge(["--from", from, "--retries", "0"], { env: { STRATA_TOKEN: SLOW_TOKEN } });
    expect(code).toBe(0);
    // how often it waits depends on how fast this machine is
    expect(err).toMatch(/^(strata: http\S+ answers: too many purges by this token.*\(429\); again in \d s\n)*$/);
    expect(await numbersAfter(before)).toHaveLength(3);
  });

  test("that are too long for one body make more batches", async () => {
    const from = await stage.file(
      "long.txt",
      lines(600, (number) => `path /${"x".repeat(16_000)}${number}`),
    );
    const { code, out } = await stage.purge(["--from", from, "--json"]);
    expect(code).toBe(0);
    expect(batchesIn(out).map(({ targets }) => targets)).toEqual([262, 262, 76]);
  });
});

describe("an edge that fails", () => {
  test("is down: nothing was purged, with one target and with many", async () => {
    const gone = await between(() => "pass");
    await gone.close();
    for (const what of [
      ["--tag", "a"],
      ["--from", many],
    ]) {
      const { code, out, err } = await run(["purge", "--edge", gone.url, "--retries", "1", ...what]).ended;
      expect({ code, out }).toEqual({ code: 1, out: "" });
      expect(err).toBe(
        `strata: ${gone.url} refuses the connection: nothing listens there; again in 0.25 s\n` +
          `strata: ${gone.url} refuses the connection: nothing listens there\nstrata: nothing was purged\n`,
      );
    }
  });

  test.each<readonly [string, Deed]>([
    ["loses an answer", "lose"],
    ["ends a connection", "drop"],
    ["answers 503", { status: 503, body: { title: "the purge log did not confirm" } }],
    ["answers 502 by its gateway", { status: 502, body: "<html>" }],
  ])("once, and %s: the batch is sent again under its key, and nothing is purged twice", async (_, deed) => {
    const before = await stage.latest();
    const edge = await between(({ purges, order }) => (purges === 2 && order.dryRun === undefined ? deed : "pass"));
    const { code, err } = await run(["purge", "--edge", edge.url, "--from", many]).ended;
    expect(code).toBe(0);
    expect(err).toMatch(/^strata: http.*; again in 0\.25 s\n$/);
    const keys = edge.seen.filter(({ order }) => !order.dryRun).map(({ headers }) => headers["idempotency-key"]);
    expect(keys).toHaveLength(4);
    expect(keys[1]).toBe(keys[2]);
    expect(new Set(keys).size).toBe(3);
    expect(await numbersAfter(before)).toHaveLength(3);
  });

  test("limits the rate: it is asked again when it said, and that counts for no failure", async () => {
    const limit = { status: 429, headers: { "retry-after": "1" }, body: { title: "too many" } };
    const edge = await between(({ purges }) => (purges <= 2 ? limit : "pass"));
    const { code, err } = await run(["purge", "--edge", edge.url, "--tag", "a", "--retries", "0"]).ended;
    const line = `strata: ${edge.url} answers: too many (429); again in 1 s\n`;
    expect({ code, err }).toEqual({ code: 0, err: line + line });
  });

  test("says when: it is asked again no earlier", async () => {
    const headers = { "retry-after": "1" };
    const edge = await between(({ purges }) =>
      purges === 1 ? { status: 503, headers, body: { title: "busy" } } : "pass",
    );
    const { code, err } = await run(["purge", "--edge", edge.url, "--tag", "a"]).ended;
    expect({ code, err }).toEqual({ code: 0, err: `strata: ${edge.url} answers: busy (503); again in 1 s\n` });
  });

  test.each<readonly [Deed, string, string]>([
    ["lose", "unconfirmed", "not confirmed, may have been purged"],
    [{ status: 401, body: { title: "a valid bearer token is needed" } }, "not-purged", "not purged"],
  ])(
    "midway for good (%j): what was purged is told exactly, and the run goes on from there",
    async (deed, state, words) => {
      const before = await stage.latest();
      const key = `midway-${state}`;
      const edge = await between(({ purges, order }) => (purges >= 2 && !order.dryRun ? deed : "pass"));
      const args = ["--from", many, "--retries", "0", "--idempotency-key", key];
      const { code, out, err } = await run(["purge", "--edge", edge.url, ...args]).ended;
      expect({ code, out }).toEqual({ code: 1, out: "" });
      const [rest, ...others] = err.split("\n").slice(1);
      expect(rest).toBe(
        `  purged, number ${before + 1} of the purge log: targets 1 to 1,000 (${many}:2: tag shop-1 ... ${many}:1001: tag shop-1000)`,
      );
      expect(others).toContain(
        state === "unconfirmed"
          ? `  ${words}: targets 1,001 to 2,000 (${many}:1002: tag shop-1001 ... ${many}:2001: tag shop-2000)`
          : `  ${words}: targets 1,001 to 2,500 (${many}:1002: tag shop-1001 ... ${many}:2501: tag shop-2500)`,
      );
      expect(others).toContain(
        `strata: to go on, run the same command with --idempotency-key ${key} within a day: what was purged is not purged again`,
      );

      const again = await run(["purge", "--edge", edge.url, ...args, "--json"]).ended;
      expect(again.code).toBe(1);
      expect(JSON.parse(again.out)).toMatchObject({ outcome: "failed", idempotencyKey: key });

      const onward = await stage.purge([...args, "--json"]);
      expect(onward.code).toBe(0);
      expect(batchesIn(onward.out).map(({ replayed }) => replayed)).toEqual([true, state === "unconfirmed", false]);
      expect(await numbersAfter(before)).toHaveLength(3);
    },
  );

  test("an interruption midway is told as exactly", async () => {
    const edge = await between(({ purges, order }) => (purges === 2 && !order.dryRun ? "hang" : "pass"));
    const running = run(["purge", "--edge", edge.url, "--from", many, "--json"]);
    await until("the second batch is sent", () => edge.seen.some(({ purges }) => purges === 2));
    running.kill("SIGINT");
    const { code, out } = await running.ended;
    expect(code).toBe(130);
    expect(JSON.parse(out)).toMatchObject({ outcome: "failed", detail: "interrupted" });
    expect(batchesIn(out)).toEqual([
      expect.objectContaining({ state: "purged", from: 1, targets: 1000, seq: expect.any(Number) }),
      {
        state: "unconfirmed",
        from: 1001,
        targets: 1000,
        first: { target: "tag shop-1001", place: `${many}:1002` },
        last: { target: "tag shop-2000", place: `${many}:2001` },
      },
      expect.objectContaining({ state: "not-purged", from: 2001, targets: 500 }),
    ]);
  });

  test("a key that was used for another purge is refused", async () => {
    await stage.purge(["--tag", "one", "--idempotency-key", "taken"]);
    const { code, err } = await stage.purge(["--tag", "two", "--idempotency-key", "taken"]);
    expect(code).toBe(1);
    expect(err).toMatch(/has carried out another purge under this idempotency key.*\nstrata: nothing was purged\n$/);
  });

  test.each<readonly [string, Deed, RegExp]>([
    [
      "has no token configured",
      { status: 404, body: { title: "not found" } },
      /no such admin endpoint \(404\).*wrangler secret put STRATA_TOKEN.*of this version\n/,
    ],
    [
      "redirects",
      { status: 301, headers: { location: "https://other.test/" } },
      /redirects to https:\/\/other\.test\/ \(301\)/,
    ],
    ["is none", { status: 403, body: "<html>" }, /answered 403, but not as a Strata edge does/],
  ])("an edge that %s is explained, and not asked again", async (_, deed, expected) => {
    const edge = await between(() => deed);
    const { code, err } = await run(["purge", "--edge", edge.url, "--tag", "a"]).ended;
    expect(code).toBe(1);
    expect(err).toMatch(expected);
    expect(err).toContain("nothing was purged");
    expect(edge.seen).toHaveLength(1);
  });

  test("a port that is never asked carried nothing", async () => {
    const { err } = await run(["purge", "--edge", "http://127.0.0.1:9", "--tag", "a", "--retries", "0"]).ended;
    expect(err).toBe("strata: http://127.0.0.1:9 cannot be asked (bad port)\nstrata: nothing was purged\n");
  });

  test("an answer that no edge gives confirms nothing", async () => {
    const edge = await between(() => ({ status: 200, body: "<html>welcome" }));
    const { code, err } = await run(["purge", "--edge", edge.url, "--tag", "a"]).ended;
    expect(code).toBe(1);
    expect(err).toMatch(/answered 200, but not as a Strata edge does\n.*may have been purged: target 1 \(--tag a\)/);
  });
});

describe("the token", () => {
  test("is sent to the edges that are named, in a header, and stands on no command line", async () => {
    const edge = await between(() => "pass");
    const { out, err } = await run(["purge", "--edge", edge.url, "--tag", "a", "--wait"]).ended;
    expect(edge.seen.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${TOKEN}`, `Bearer ${TOKEN}`]);
    expect(out + err).not.toContain(TOKEN);
  });

  test.each([
    ["is needed for an edge elsewhere", "", /^strata: set STRATA_TOKEN to a token of https:\/\/edge\.test\n$/],
    ["with a space is none, and is not shown", "two words", /^strata: STRATA_TOKEN must be visible(?!.*two words)/],
  ])("%s", async (_, secret, expected) => {
    const args = ["purge", "--edge", "http://127.0.0.1:1", "https://edge.test", "--tag", "a"];
    const { code, err } = await run(args, { env: { STRATA_TOKEN: secret } }).ended;
    expect(code).toBe(2);
    expect(err).toMatch(expected);
  });
});
