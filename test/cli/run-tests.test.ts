// Owns the last lines of `npm test`, and its report on a vitest that does not come to its end.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, test } from "vitest";
import type { Machine } from "../../cli/dev/system-packages.ts";
import { missingPrograms, type Program } from "../run/programs.ts";
import { chosen, projectsOf } from "../run/selection.ts";
import { count, type Ending, type Report, summary } from "../run/summary.ts";

const RUN = fileURLToPath(new URL("stand-ins/run-tests.ts", import.meta.url));

const ENDED: Ending = { kind: "exited", code: 0 };

function report(...files: readonly (readonly [status: string, tests: readonly string[]])[]): Report {
  return {
    testResults: files.map(([status, tests]) => ({
      status,
      assertionResults: tests.map((each) => ({ status: each })),
    })),
  };
}

describe("counting", () => {
  test.each<readonly [string, Report, Ending, readonly [number, number, number]]>([
    ["all that passed", report(["passed", ["passed", "passed"]]), ENDED, [2, 0, 0]],
    ["what was skipped or put off", report(["passed", ["passed", "skipped", "todo", "pending"]]), ENDED, [1, 0, 3]],
    ["what failed", report(["failed", ["passed", "failed"]]), { kind: "exited", code: 1 }, [1, 1, 0]],
    ["a file that could not be loaded", report(["failed", []]), { kind: "exited", code: 1 }, [0, 1, 0]],
    ["a file whose hook failed", report(["failed", ["passed", "skipped"]]), { kind: "exited", code: 1 }, [1, 1, 1]],
    ["an error outside every test", report(["passed", ["passed"]]), { kind: "exited", code: 1 }, [1, 1, 0]],
    ["a runner that was killed", report(), { kind: "killed", signal: "SIGKILL" }, [0, 1, 0]],
    [
      "a runner killed after its report",
      report(["passed", ["passed"]]),
      { kind: "killed", signal: "SIGTERM" },
      [1, 1, 0],
    ],
    ["a runner that cannot be started", report(), { kind: "unstarted", why: "ENOENT" }, [0, 1, 0]],
  ])("%s", (_, reported, ending, [passed, failed, skipped]) => {
    expect(count(reported, ending)).toEqual({ passed, failed, skipped });
  });
});

describe("the last lines", () => {
  const counts = { passed: 12, failed: 0, skipped: 3 };

  it("say what was not run, how long it took, and last of all the counts", () => {
    expect(summary(counts, ENDED, 125_400, ["nothing in a browser"])).toEqual([
      "not run: nothing in a browser",
      "took 2 min 5 s",
      "12 passed, 0 failed, 3 skipped",
    ]);
    expect(summary({ ...counts, skipped: 0 }, ENDED, 59_400, [])).toEqual(["took 59 s", "12 passed, 0 failed"]);
  });

  it("name the signal that killed the runner, and why it did not start", () => {
    expect(summary(counts, { kind: "killed", signal: "SIGKILL" }, 0, [])[0]).toMatch(/killed by SIGKILL/);
    expect(summary(counts, { kind: "unstarted", why: "spawn ENOENT" }, 0, [])[0]).toMatch(/spawn ENOENT/);
  });
});

describe("which tests", () => {
  test.each<readonly [readonly string[], ReturnType<typeof chosen>]>([
    [[], { selection: "quick", args: [] }],
    [["--full"], { selection: "full", args: [] }],
    [["--rest", "--bail=1"], { selection: "rest", args: ["--bail=1"] }],
    [["--project", "e2e"], { selection: "quick", args: ["--project", "e2e"] }],
    [["-t", "a name"], { selection: "quick", args: ["-t", "a name"] }],
    // a named file is run, of whichever kind it is
    [["test/e2e/x.full.test.ts"], { selection: "full", args: ["test/e2e/x.full.test.ts"] }],
    [["--bail", "test/e2e/x.full.test.ts"], { selection: "full", args: ["--bail", "test/e2e/x.full.test.ts"] }],
  ])("%j", (args, expected) => {
    expect(chosen(args)).toEqual(expected);
  });

  test.each([
    [["test/http/a.test.ts", "test/flow"], ["core"]],
    [["test/e2e/a.test.ts"], ["e2e"]],
    [
      ["test/origin-mock", "test/house"],
      ["origin", "house"],
    ],
    [["--project", "workerd"], ["workerd"]],
    [["--project", "workerd", "test/e2e/a.test.ts"], ["e2e"]],
    [["vary"], ["core", "house", "cli", "workerd", "origin", "embedded", "e2e"]],
    [[], ["core", "house", "cli", "workerd", "origin", "embedded", "e2e"]],
  ])("%j can mean the projects %j", (args, projects) => {
    expect([...projectsOf(args)]).toEqual(projects);
  });
});

describe("programs of the system", () => {
  /** As root on Debian, where `installs` of the packages can be had. */
  function debian(installed: Set<string>, installs: boolean): Machine & { readonly commands: string[] } {
    const commands: string[] = [];
    return {
      commands,
      isRoot: true,
      find: (program) => (program === "apt-get" || installed.has(program) ? `/bin/${program}` : undefined),
      async run(command, args) {
        commands.push([command, ...args].join(" "));
        if (installs && args[0] === "install") for (const name of args.slice(3)) installed.add(name);
        return { code: installs ? 0 : 100, output: "E: no route to the mirror\n" };
      },
      say: () => undefined,
    };
  }
  const program = (name: string, ...projects: readonly string[]): Program => {
    return { name, package: name, projects, loss: `without ${name}`, find: (machine) => machine.find(name) };
  };
  const PROGRAMS = [program("redis", "cli", "e2e"), program("chromium", "e2e")];

  it("are installed at once, those that the run needs and lacks", async () => {
    const machine = debian(new Set(), true);
    expect(await missingPrograms(machine, new Set(["e2e", "core"]), PROGRAMS)).toEqual([]);
    expect(machine.commands).toEqual([
      "/bin/apt-get update",
      "/bin/apt-get install -y --no-install-recommends redis chromium",
    ]);
  });

  it("are left alone where the run needs none, or has them", async () => {
    for (const [installed, project] of [
      [[], "core"],
      [["redis"], "cli"],
    ] as const) {
      const machine = debian(new Set(installed), true);
      expect(await missingPrograms(machine, new Set([project]), PROGRAMS)).toEqual([]);
      expect(machine.commands).toEqual([]);
    }
  });

  it("are named where they cannot be installed", async () => {
    const missing = await missingPrograms(debian(new Set(["redis"]), false), new Set(["e2e"]), PROGRAMS);
    expect(missing.map(({ loss }) => loss)).toEqual(["without chromium"]);
  });
});

describe("a run", () => {
  function run(standIn: string) {
    const child = spawn(process.execPath, [RUN], {
      env: { ...process.env, STAND_IN: standIn },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines: string[] = [];
    const output = createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
    const ended = Promise.all([once(child, "exit"), once(output, "close")]).then(([[code]]) => ({
      code: Number(code),
      lines,
    }));
    return { child, output, ended };
  }

  it("that passes ends with 0", async () => {
    const { code, lines } = await run("passes").ended;
    expect([code, lines.at(-1)]).toEqual([0, "1 passed, 0 failed"]);
  });

  it("whose runner is killed says by which signal, and fails", async () => {
    const { code, lines } = await run("dies").ended;
    expect([code, lines.at(-1)]).toEqual([1, "0 passed, 1 failed"]);
    expect(lines.join("\n")).toContain("killed by SIGKILL");
  });

  it("whose runner ends without a report fails", async () => {
    const { code, lines } = await run("exits").ended;
    expect([code, lines.at(-1)]).toEqual([1, "0 passed, 1 failed"]);
  });

  it("that is told to end tells its runner, says so, and fails", async () => {
    const { child, output, ended } = run("waits");
    await once(output, "line");
    child.kill("SIGTERM");
    const { code, lines } = await ended;
    expect([code, lines.at(-1)]).toEqual([1, "0 passed, 1 failed"]);
    expect(lines.join("\n")).toContain("killed by SIGTERM");
  });
});
