// Owns the Redis server of the demonstration: found, installed, started, or refused with three ways to get one.
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { ensureRedisServerBinary } from "../../cli/dev/redis-binary.ts";
import { pingRedis } from "../../cli/dev/redis-ping.ts";
import { startRedis } from "../../cli/dev/redis.ts";
import { freePort } from "../../cli/dev/ports.ts";
import { findProgram, type Machine } from "../../cli/dev/system-packages.ts";

interface Recorded extends Machine {
  readonly commands: string[];
}

/** A machine with some programs, on which an install command may make redis-server appear. */
function machine(programs: readonly string[], isRoot: boolean, exitCode = 0): Recorded {
  const present = new Set(programs);
  const commands: string[] = [];
  return {
    commands,
    isRoot,
    find: (program) => (present.has(program) ? `/bin/${program}` : undefined),
    async run(command, args) {
      commands.push([command, ...args].join(" "));
      if (args.includes("install") && exitCode === 0) present.add("redis-server");
      return { code: exitCode, output: "first\nE: no route to the mirror\n" };
    },
    say: () => undefined,
  };
}

describe("the program", () => {
  test("is used where it is", async () => {
    const here = machine(["redis-server", "apt-get"], true);
    expect(await ensureRedisServerBinary(here)).toBe("/bin/redis-server");
    expect(here.commands).toEqual([]);
  });

  test("is installed by root with apt-get, which never asks", async () => {
    const debian = machine(["apt-get"], true);
    expect(await ensureRedisServerBinary(debian)).toBe("/bin/redis-server");
    expect(debian.commands).toEqual([
      "/bin/apt-get update",
      "/bin/apt-get install -y --no-install-recommends redis-server",
    ]);
  });

  test("is installed with Homebrew", async () => {
    const mac = machine(["brew"], false);
    expect(await ensureRedisServerBinary(mac)).toBe("/bin/redis-server");
    expect(mac.commands).toEqual(["/bin/brew install redis"]);
  });

  test.each([
    ["not root", machine(["apt-get"], false), 0],
    ["nothing to install with", machine([], true), 0],
    ["the install fails", machine(["apt-get"], true, 100), 2],
  ])("missing, %s: one message with three ways", async (_, here, commands) => {
    const error: unknown = await ensureRedisServerBinary(here).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "RedisMissingError" });
    expect(String(error)).toMatch(/apt-get install redis-server[\s\S]*docker run[\s\S]*REDIS_URL=redis:\/\/HOST/);
    expect(String(error).includes("exit code 100: E: no route to the mirror")).toBe(commands > 0);
    expect(here.commands).toHaveLength(commands);
  });

  test("is not found in an empty PATH", () => {
    expect(findProgram("redis-server", [])).toBeUndefined();
    expect(findProgram("redis-server", ["/no/such/directory"])).toBeUndefined();
  });
});

describe("a server", () => {
  test("is started on a free port, answers, and is gone after close", async () => {
    const redis = await startRedis(undefined);
    await pingRedis(redis.url);
    await redis.close();
    await expect(pingRedis(redis.url)).rejects.toThrow(/ECONNREFUSED/);
  });

  test("of REDIS_URL is used and left running", async () => {
    const own = await startRedis("");
    const same = await startRedis(own.url);
    expect(same.url).toBe(own.url);
    await same.close();
    await pingRedis(own.url);
    await own.close();
  });

  test("of REDIS_URL that does not answer is an error that does not show the password", async () => {
    const port = await freePort("127.0.0.1");
    const error: unknown = await startRedis(`redis://:hush@127.0.0.1:${port}`).catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/REDIS_URL \(127\.0\.0\.1:\d+\): .*ECONNREFUSED/);
    expect(String(error)).not.toContain("hush");
  });

  test.each(["localhost:6379", "http://127.0.0.1", "redis"])("of a REDIS_URL like %s is refused", async (url) => {
    await expect(startRedis(url)).rejects.toThrow(/REDIS_URL must look like/);
  });

  test.each([
    ["-NOAUTH Authentication required.\r\n", /NOAUTH/],
    [undefined, /closed without an answer/],
  ])("that answers PING with %j does not count as answering", async (answer, expected) => {
    const server = createServer((socket) => {
      if (answer === undefined) socket.destroy();
      else socket.write(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(pingRedis(`redis://127.0.0.1:${port}`)).rejects.toThrow(expected);
    server.close();
  });

  test("with a password is asked with it", async () => {
    const asked: string[] = [];
    const server = createServer((socket) => {
      socket.on("data", (chunk) => {
        asked.push(chunk.toString());
        socket.write("+OK\r\n+PONG\r\n");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await pingRedis(`redis://user:p%40ss@127.0.0.1:${port}`);
    expect(asked.join("")).toContain("$4\r\nAUTH\r\n$4\r\nuser\r\n$4\r\np@ss\r\n");
    server.close();
  });
});
