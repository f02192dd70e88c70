// Owns the command `strata`: found by npx in a checkout, set up by itself, with its subcommands.
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { run } from "./purge/stage.ts";

const CHECKOUT = resolve(import.meta.dirname, "../..");

test("npx finds it in a checkout where nothing is installed, and it runs where it was called", async () => {
  const root = await realpath(await mkdtemp(join(tmpdir(), "strata-npx-")));
  try {
    await Promise.all(["bin", "cli", "below"].map((name) => mkdir(join(root, name))));
    for (const file of ["package.json", "package-lock.json", "cli/strata.mjs", "cli/setup.mjs"]) {
      await cp(join(CHECKOUT, file), join(root, file));
    }
    await writeFile(
      join(root, "cli/strata.ts"),
      "console.log(JSON.stringify([process.cwd(), process.argv.slice(2)])); process.exit(7);",
    );
    // in place of an installation
    const npm = `#!/bin/sh\nmkdir -p ${root}/node_modules/.bin\nln -s ${process.execPath} ${root}/node_modules/.bin/node\n`;
    await writeFile(join(root, "bin/npm"), npm, { mode: 0o755 });
    const args = ["--offline", "strata", "purge", "--tag", "a b", "--json"];
    const child = spawn("npx", args, {
      cwd: join(root, "below"),
      env: {
        PATH: [join(root, "bin"), process.env["PATH"]].join(delimiter),
        HOME: root,
        npm_config_cache: join(root, "npm-cache"),
      },
    });
    const chunks = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (chunks.out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (chunks.err += text));
    const code = await new Promise((done) => void child.once("close", done));
    expect({ code, err: chunks.err }).toEqual({ code: 7, err: "installing dependencies (once)...\n" });
    expect(JSON.parse(chunks.out)).toEqual([join(root, "below"), ["purge", "--tag", "a b", "--json"]]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

test.each([
  ["--help", ["--help"], 0, /dev[\s\S]*purge \[options\]/],
  ["purge --help", ["purge", "--help"], 0, /--idempotency-key[\s\S]*STRATA_TOKEN/],
  ["dev --help, which is its own", ["dev", "--help"], 0, /--origin-port/],
])("strata %s", async (_, args, code, expected) => {
  const ended = await run(args).ended;
  expect(ended).toEqual({ code, out: expect.stringMatching(expected), err: "" });
});

test.each([
  ["nothing", [], /Usage: strata/],
  ["no subcommand of ours", ["purgo"], /^strata: unknown command 'purgo'/],
  ["an unknown option", ["purge", "--tags", "a"], /^strata: unknown option '--tags'/],
  ["an argument left over", ["purge", "product:7"], /^strata: too many arguments/],
  [
    "an edge that is none",
    ["purge", "--tag", "a", "--edge", "shop.test"],
    /^strata: option '--edge .*http\(s\):\/\/HOST/,
  ],
  ["an edge with credentials", ["purge", "--tag", "a", "--edge", "https://a:b@c.test"], /must not carry credentials/],
  ["no edge at all", ["purge", "--tag", "a", "--edge", ""], /^strata: option '--edge/],
  ["a key with a quote", ["purge", "--tag", "a", "--idempotency-key", 'a"b'], /--idempotency-key.*visible ASCII/],
  ["retries without end", ["purge", "--tag", "a", "--retries", "1e9"], /--retries.*0 to 100/],
  ["an option of dev that is none", ["dev", "--nonsense"], /^strata: .*--nonsense/],
])("%s: one line and exit code 2", async (_, args, expected) => {
  const ended = await run(args).ended;
  expect(ended).toEqual({ code: 2, out: "", err: expect.stringMatching(expected) });
});

test("STRATA_EDGE is read as strictly as the option", async () => {
  const { code, err } = await run(["purge", "--tag", "a"], { env: { STRATA_EDGE: "shop.test" } }).ended;
  expect({ code, err }).toEqual({ code: 2, err: "strata: STRATA_EDGE is invalid. Expected http(s)://HOST.\n" });
});
