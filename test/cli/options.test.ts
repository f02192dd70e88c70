// Owns the options of `strata dev`: accepted ones, and the one line that refuses the rest.
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { exitCodeOf, messageOf } from "../../cli/dev/error.ts";
import { parseDevOptions } from "../../cli/dev/options.ts";

const FILE = fileURLToPath(import.meta.url);

function parsed(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const result = parseDevOptions(args, env);
  if (result.kind !== "run") throw new Error("help instead of options");
  return result.options;
}

describe("accepted", () => {
  test("nothing at all", () => {
    expect(parsed([])).toEqual({ port: 8787, originPort: 8788, edges: 1, token: "dev-token" });
  });

  test.each([
    [["--port", "9000"], { port: 9000 }],
    [["--port=0"], { port: 0 }],
    [["--origin-port", "9001"], { originPort: 9001 }],
    [["--edges", "16", "--port", "9000"], { edges: 16 }],
    [["--config", FILE], { config: FILE }],
    [["--origin", "https://shop.example"], { origin: "https://shop.example" }],
    [["--origin", "HTTP://Shop.Example:8080/"], { origin: "http://shop.example:8080" }],
    [["--origin", "http://[::1]:3000"], { origin: "http://[::1]:3000" }],
    [["--origin", "http://localhost:8788"], { origin: "http://localhost:8788" }],
    [["--origin", "http://127.0.0.1:8789", "--edges", "2"], { edges: 2 }],
    [["--origin", "https://localhost", "--port", "80"], { port: 80 }],
    [["--origin", "http://shop.example:8787"], { port: 8787 }],
    [["--origin", "http://localhost.example:8787"], { port: 8787 }],
    [["--origin", "http://localhost:8787", "--port", "0"], { port: 0 }],
  ])("%j", (args, expected) => {
    expect(parsed(args)).toMatchObject(expected);
  });

  test("the environment gives token, Redis and Postgres; an empty token is none", () => {
    const env = { STRATA_TOKEN: "secret", STRATA_TOKENS: "[]", REDIS_URL: "redis://r", DATABASE_URL: "postgres://p" };
    expect(parsed([], env)).toMatchObject({
      token: "secret",
      namedTokens: "[]",
      redisUrl: "redis://r",
      databaseUrl: "postgres://p",
    });
    expect(parsed([], { STRATA_TOKEN: "" }).token).toBe("dev-token");
  });

  test.each([
    [["--edges", "3"], 8790],
    [["--port", "8788"], 8789],
    [["--port", "65535", "--origin-port", "8788"], 8788],
    [["--port", "8790"], 8788],
  ])("the origin's default port stays clear of the edges: %j", (args, originPort) => {
    expect(parsed(args).originPort).toBe(originPort);
  });

  test("--help", () => {
    expect(parseDevOptions(["--help"], {})).toMatchObject({ kind: "help", text: expect.stringContaining("--edges") });
  });
});

describe("refused in one line that names the option, exit code 2", () => {
  test.each([
    [["--nonsense"], /--nonsense/],
    [["leftover"], /argument/],
    [["--port"], /--port/],
    [["--port", "http"], /--port.*whole number from 0 to 65535/],
    [["--port", "-1"], /--port/],
    [["--port", "1.5"], /--port/],
    [["--port", "65536"], /--port/],
    [["--port", "0x50"], /--port/],
    [["--port", "65530", "--edges", "7"], /--port 65530 with --edges 7/],
    [["--origin-port", ""], /--origin-port/],
    [["--origin-port", "8788", "--edges", "2"], /--origin-port 8788/],
    [["--edges", "0"], /--edges.*1 to 16/],
    [["--edges", "17"], /--edges/],
    [["--edges", "two"], /--edges/],
    [["--config", "no/such/file.ts"], /--config.*No such file/],
    [["--config", "."], /--config/],
    [
      ["--origin", "http://localhost:8787"],
      /--origin http:\/\/localhost:8787 is the edge itself.*choose another --port/,
    ],
    [["--origin", "http://127.0.0.1:8789", "--edges", "3"], /--origin.*edge itself \(port 8787 to 8789\)/],
    [["--origin", "http://127.1:9000", "--port", "9000"], /--origin.*edge itself/],
    [["--origin", "http://0:8787"], /--origin.*edge itself/],
    [["--origin", "http://[::1]:8787"], /--origin.*edge itself/],
    [["--origin", "http://[::]:8787"], /--origin.*edge itself/],
    [["--origin", "http://[::ffff:127.0.0.1]:8787"], /--origin.*edge itself/],
    [["--origin", "http://shop.localhost:8787"], /--origin.*edge itself/],
    [["--origin", "http://LOCALHOST.:8787"], /--origin.*edge itself/],
    [["--origin", "http://localhost", "--port", "80"], /--origin.*edge itself/],
    [["--origin", "https://localhost", "--port", "443"], /--origin.*edge itself/],
    [["--origin", "shop.example"], /--origin/],
    [["--origin", "localhost:3000"], /--origin/],
    [["--origin", "/path"], /--origin/],
    [["--origin", "ftp://shop.example"], /--origin/],
    [["--origin", "http:shop.example"], /--origin/],
    [["--origin", "http://"], /--origin/],
    [["--origin", "https://user:pw@shop.example"], /--origin.*credentials/],
    [["--origin", "https://shop.example/base/"], /--origin.*path/],
    [["--origin", "https://shop.example/?a=1"], /--origin.*query/],
    [["--origin", "https://shop.example/#top"], /--origin.*fragment/],
  ])("%j", (args, expected) => {
    let error: unknown;
    try {
      parseDevOptions(args, {});
    } catch (thrown) {
      error = thrown;
    }
    expect(messageOf(error)).toMatch(expected);
    expect(messageOf(error)).not.toContain("\n");
    expect(exitCodeOf(error)).toBe(2);
  });
});
