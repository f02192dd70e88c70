// Owns a real Postgres server that nobody needs afterwards: started, stopped, killed, paused, and started again on its data.
import { execFile, execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "../../../cli/dev/ports.ts";
import { guard } from "../../../cli/dev/watchdog.ts";
import { openPostgres } from "../../../origin-mock/db/postgres.ts";
import { descendantsOf } from "../../cli/processes.ts";

export type TestPostgres = {
  readonly url: string;
  /** On the data it was stopped or killed with. */
  start(): Promise<void>;
  /** Orderly: every connection is told (57P01) and closed. */
  stop(): Promise<void>;
  /** As by a crash: connections break without a word. */
  kill(): Promise<void>;
  /** Accepts connections and never answers, on old connections neither. */
  pause(): Promise<void>;
  resume(): void;
  remove(): Promise<void>;
};

type Identity = { readonly uid: number; readonly gid: number };
type Place = {
  readonly binaries: string;
  readonly folder: string;
  readonly port: number;
  readonly as: Identity | undefined;
};

const SUPERUSER = "postgres";
const RETRY_MS = 50;
const START_ATTEMPTS = 200;
// Nothing has to survive the machine, but everything the server: a commit is in the kernel's hands when it is told of.
const UNSAFE_AND_FAST = ["fsync=off", "full_page_writes=off", "max_connections=200"];

const idOf = (flag: "-u" | "-g", user: string): number =>
  Number(execFileSync("id", [flag, user], { encoding: "utf8" }));

/** Postgres refuses to run as root: then it runs as its own user, or as nobody. */
const identity = (): Identity | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  for (const user of [SUPERUSER, "nobody"]) {
    try {
      return { uid: idOf("-u", user), gid: idOf("-g", user) };
    } catch {
      // There is no such user here.
    }
  }
  throw new Error("Postgres cannot run as root, and there is no user to run it as");
};

const untilReady = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let log = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-10_000);
      if (log.includes("ready to accept connections")) resolve();
    });
    child.once("error", (error) => reject(new Error(`postgres cannot be started: ${error.message}`)));
    child.once("exit", (code) => reject(new Error(`postgres ended with ${code}: ${log}`)));
  });

/** Resolves with the data's folder. */
const initialise = async ({ binaries, folder, as }: Omit<Place, "port">): Promise<string> => {
  const data = join(folder, "data");
  if (as !== undefined) await chown(folder, as.uid, as.gid);
  // The language of the machine would decide what a capital letter is; macOS knows the neutral one by another name.
  const locale = process.platform === "darwin" ? "en_US.UTF-8" : "C.UTF-8";
  const args = ["-D", data, "-U", SUPERUSER, "--auth=trust", "--no-sync", "--encoding=UTF8", `--locale=${locale}`];
  await promisify(execFile)(join(binaries, "initdb"), args, { cwd: folder, ...as });
  return data;
};

const clientBackends = async (url: string, stopServer: () => void): Promise<readonly number[]> => {
  const admin = openPostgres(url, () => undefined);
  try {
    return await admin.transaction(async (tx) => {
      // First the server, then the list: no connection can be made in between.
      stopServer();
      const rows = await tx.query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'");
      return rows.map((row) => Number(row["pid"]));
    });
  } finally {
    await admin.close();
  }
};

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
};

const launch = async ({ binaries, folder, port, as }: Place, data: string): Promise<ChildProcess> => {
  const settings = ["listen_addresses=127.0.0.1", `unix_socket_directories=${folder}`, ...UNSAFE_AND_FAST];
  const args = ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])];
  // Its own process group: a Ctrl-C reaches only us, and the tests still have their database while they end.
  const child = spawn(join(binaries, "postgres"), args, {
    cwd: folder,
    detached: true,
    ...as,
    stdio: ["ignore", "ignore", "pipe"],
  });
  guard(child);
  await untilReady(child);
  return child;
};

/** The children of a killed server take a moment to notice, and hold its memory until then. */
const launchWhenFree = async (place: Place, data: string): Promise<ChildProcess> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launch(place, data);
    } catch (error) {
      const held = error instanceof Error && error.message.includes("still in use");
      if (!held || attempt === START_ATTEMPTS) throw error;
      await pause(RETRY_MS);
    }
  }
};

const createServer = (place: Place, data: string): TestPostgres => {
  const url = `postgres://${SUPERUSER}@127.0.0.1:${place.port}/postgres`;
  let child: ChildProcess | undefined;
  let paused: readonly number[] = [];
  const end = async (name: "SIGINT" | "SIGKILL"): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const exit = once(running, "exit");
    running.kill(name);
    await exit;
  };
  const server: TestPostgres = {
    url,
    async start() {
      child = await launchWhenFree(place, data);
    },
    async stop() {
      server.resume();
      await end("SIGINT");
    },
    async kill() {
      // Left alone, the children of a killed server answer what is asked of them next, and only then notice.
      if (paused.length === 0 && child !== undefined) await server.pause();
      // Of the server's own helpers too: one that waits for a lock which a killed backend held would wait for ever.
      const pid = child?.pid;
      for (const each of pid === undefined ? paused : descendantsOf(pid)) signal(each, "SIGKILL");
      paused = [];
      await end("SIGKILL");
    },
    async pause() {
      paused = await clientBackends(url, () => child?.kill("SIGSTOP"));
      for (const pid of paused) signal(pid, "SIGSTOP");
    },
    resume() {
      child?.kill("SIGCONT");
      for (const pid of paused) signal(pid, "SIGCONT");
      paused = [];
    },
    async remove() {
      await server.stop();
      await rm(place.folder, { recursive: true, force: true });
    },
  };
  return server;
};

/** @param binaries the folder that `findPostgresBinaries` gives */
export const createTestPostgres = async (binaries: string): Promise<TestPostgres> => {
  const folder = await mkdtemp(join(tmpdir(), "strata-pg-"));
  try {
    const place = { binaries, folder, as: identity(), port: await freePort("127.0.0.1") };
    const server = createServer(place, await initialise(place));
    await server.start();
    return server;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
};
