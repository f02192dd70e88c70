// Owns the targets of `strata purge`: every selector, both modes, from options, files and standard input, at a running edge.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SLOW_TOKEN, type Stage, startStage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

describe("each selector purges what it names, and nothing else", () => {
  test.each<readonly [string, (host: string) => readonly string[]]>([
    ["tag", () => ["--tag", "of-tag", "other"]],
    ["url", (host) => ["--url", `http://${host}/of-url?b=1`]],
    ["path", () => ["--path", "/of-path"]],
    ["prefix", (host) => ["--prefix", `${host}/of-prefix*`]],
    ["host", (host) => ["--host", host]],
    ["everything", () => ["--everything"]],
  ])("--%s", async (name, argsFor) => {
    const host = new URL(stage.urls[0]).host;
    const [path, beside] = [`/of-${name}?b=1`, `/beside-${name}`];
    await stage.fill(path, `of-${name}`);
    await stage.fill(beside, "beside");
    const { code, out, err } = await stage.purge(argsFor(host));
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^purged \d targets?, hard: number \d+ of the purge log; every edge obeys within 1 s\n$/);
    expect(await stage.state(path)).toBe("MISS");
    expect(await stage.state(beside)).toBe(["host", "everything"].includes(name) ? "MISS" : "HIT");
  });

  test("--url leaves another query alone, --path does not", async () => {
    const host = new URL(stage.urls[0]).host;
    for (const query of ["1", "2"]) await stage.fill(`/q?a=${query}`);
    await stage.purge(["--url", `${host}/q?a=1`]);
    expect([await stage.state("/q?a=1"), await stage.state("/q?a=2")]).toEqual(["MISS", "HIT"]);
    await stage.purge(["--path", `${host}/q`]);
    expect([await stage.state("/q?a=1"), await stage.state("/q?a=2")]).toEqual(["MISS", "MISS"]);
  });

  test("several at once are one purge under one number", async () => {
    await stage.fill("/several", "s1");
    const [before] = await stage.history();
    const { out } = await stage.purge(["--tag", "s1", "--path", "/x", "--tag", "s2", "s1"]);
    expect(out).toMatch(/^purged 3 targets, hard: number/);
    const [latest] = await stage.history();
    expect(latest).toMatchObject({ seq: (before?.seq ?? 0) + 1, asked: ["s1", "s2", "/x"] });
    expect(await stage.state("/several")).toBe("MISS");
  });
});

test("--soft gives stale", async () => {
  await stage.fill("/soft", "soft");
  expect((await stage.purge(["--tag", "soft", "--soft"])).out).toMatch(/^purged 1 target, soft: number/);
  expect(await stage.state("/soft")).toBe("STALE");
});

test("--browsers is ordered, too", async () => {
  expect((await stage.purge(["--tag", "with-browsers", "--browsers"])).code).toBe(0);
  expect((await stage.history())[0]).toMatchObject({ asked: ["with-browsers", "browsers"] });
});

describe("--dry-run", () => {
  test("purges nothing, and tells what it would", async () => {
    await stage.fill("/dry", "dry");
    const [before] = await stage.history();
    const args = ["--tag", "dry", "--url", "shop.example/%61?b=1", "--everything", "--browsers"];
    const { code, out, err } = await stage.purge([...args, "--dry-run"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.split("\n")).toEqual([
      "would purge 3 targets, hard; nothing was purged",
      "  everything",
      "  tag dry",
      "  url shop.example/%61?b=1 = https://shop.example/a?b=1 and http://shop.example/a?b=1",
      "  what browsers keep of all hosts",
      "",
    ]);
    expect((await stage.history())[0]).toEqual(before);
    expect(await stage.state("/dry")).toBe("HIT");
  });

  test("as JSON, with the place of each target", async () => {
    const from = await stage.file("dry.txt", ["# comment", "host Shop.Example"]);
    const { code, out } = await stage.purge(["--from", from, "--dry-run", "--json", "--soft"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      outcome: "would",
      mode: "soft",
      would: [{ target: "host Shop.Example", place: `${from}:2`, becomes: ["shop.example"] }],
    });
  });

  test("is not to be waited for", async () => {
    const { code, err } = await stage.purge(["--tag", "a", "--dry-run", "--wait"]);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(/--dry-run.*--wait/) });
  });
});

describe("from files", () => {
  test("of lines with kind and value, with comments, blank lines, CR LF, a mark at the start and no end of line", async () => {
    await stage.fill("/file/tag", "with space # and hash");
    await stage.fill("/file/path?x");
    await stage.fill("/file/input");
    const text = "\uFEFF# targets\r\n\r\n  tag   with space # and hash \r\npath /file/path\r\n\ttag again";
    const from = await stage.file("targets.txt", Buffer.from(text));
    const more = await stage.file("more.txt", ["tag again", "# only a comment"]);
    const { code, out, err } = await stage.purge(["--from", from, more, "-", "--tag", "option"], {
      input: "path /file/input\n",
    });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^purged 5 targets/);
    for (const path of ["/file/tag", "/file/path?x", "/file/input"]) expect(await stage.state(path)).toBe("MISS");
  });

  test("a bad line is named with its file and number, with all others, and nothing is purged", async () => {
    await stage.fill("/bad", "good");
    const [before] = await stage.history();
    const from = await stage.file(
      "bad.txt",
      Buffer.concat([
        Buffer.from("tag good\nproduct:7\ntag\n\n# fine\ntags x\neverything\nurl \u001b[31mx\n"),
        Buffer.from([0x74, 0xff, 0x0a]),
      ]),
    );
    const ended = await stage.purge(["--from", from, "-", "absent.txt"], { input: "Tag x\ntag fine\n" });
    expect(ended).toEqual({
      code: 2,
      out: "",
      err: [
        "strata: nothing was purged:",
        `  ${from}:2: must begin with tag, url, path, prefix or host (got product:7)`,
        `  ${from}:3: names no tag`,
        `  ${from}:6: must begin with tag, url, path, prefix or host (got tags x)`,
        `  ${from}:7: everything is purged by --everything only, never by a line`,
        `  ${from}:9: is not UTF-8`,
        "  standard input:1: must begin with tag, url, path, prefix or host (got Tag x)",
        "  absent.txt: no such file",
        "",
      ].join("\n"),
    });
    expect((await stage.history())[0]).toEqual(before);
    expect(await stage.state("/bad")).toBe("HIT");
  });

  test("an item that the edge refuses is reported at the place it was written, in words safe for a terminal", async () => {
    const [before] = await stage.history();
    const from = await stage.file("refused.txt", [
      "tag fine",
      "",
      `tag ${"x".repeat(1025)}`,
      "url /a",
      "url \u001b[31mx",
    ]);
    const { code, out, err } = await stage.purge(["--from", from, "--host", "a/b"]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err.split("\n")).toEqual([
      `strata: ${stage.urls[0]} answers: the purge was refused; nothing was purged (400)`,
      `  ${from}:3: tag ${"x".repeat(116)}...: must be at most 1024 characters`,
      `  ${from}:4: url /a: must name a host; a path of every host belongs into paths`,
      `  ${from}:5: url \\u001b[31mx: must not contain control characters`,
      "  --host a/b: must be a host without scheme and path",
      "",
    ]);
    const json = JSON.parse((await stage.purge(["--from", from, "--json"])).out) as { problems: unknown[] };
    expect(json).toMatchObject({ outcome: "refused" });
    expect(json.problems[0]).toEqual({
      place: `${from}:3`,
      target: `tag ${"x".repeat(116)}...`,
      detail: expect.stringContaining("1024"),
    });
    expect((await stage.history())[0]).toEqual(before);
  });

  test.each([
    ["no selector", [], /name it by --tag, --url, .*--everything or --from FILE/],
    ["an empty standard input", ["--from", "-"], /no target in standard input/],
  ])("%s purges nothing", async (_, args, expected) => {
    const { code, err } = await stage.purge(args);
    expect(code).toBe(2);
    expect(err).toMatch(expected);
  });
});

describe("tokens", () => {
  test("a wrong one is told, and not shown", async () => {
    const { code, err } = await stage.purge(["--tag", "a"], { env: { STRATA_TOKEN: "wrong-token" } });
    expect({ code, err }).toEqual({
      code: 1,
      err: `strata: ${stage.urls[0]} does not accept the token in STRATA_TOKEN (401)\nstrata: nothing was purged\n`,
    });
  });

  test("without one the default of this machine is tried", async () => {
    const { code, err } = await stage.purge(["--tag", "a"], { env: { STRATA_TOKEN: "" } });
    expect(code).toBe(1);
    expect(err).toContain("does not accept dev-token, the default on this machine: set STRATA_TOKEN (401)");
  });

  test("targets outside its scope are reported one by one", async () => {
    const env = { STRATA_TOKEN: SLOW_TOKEN };
    const { code, err } = await stage.purge(["--tag", "shop-1", "mine", "--everything"], { env });
    expect(code).toBe(2);
    expect(err.split("\n")).toEqual([
      `strata: ${stage.urls[0]} answers: the token does not allow this; nothing was purged (403)`,
      "  --everything: this token is bound to tags, hosts or prefixes",
      "  --tag mine: this token may not purge this tag",
      "",
    ]);
  });
});

test("with --wait, both edges obey when the command returns", async () => {
  const [first, second] = stage.urls;
  const paths = Array.from({ length: 5 }, (_, i) => `/waited/${i}`);
  for (const path of paths) {
    await stage.fill(path, "waited");
    await stage.state(second + path);
    expect(await stage.state(second + path)).toBe("HIT");
  }
  const { code, out, err } = await stage.purge(["--edge", second, "--tag", "waited", "--wait"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const seq = await stage.latest();
  expect(out.split("\n").slice(1)).toEqual([
    "the bound of 1 s has passed, within which every edge obeys",
    `  ${first} knows number ${seq}`,
    `  ${second} knows number ${seq}`,
    "",
  ]);
  for (const path of paths) expect(await stage.state(second + path)).not.toBe("HIT");
});
