// Owns the demonstration shop as a process of its own that a test may kill, start again with other settings, and whose clock it may shift.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "../../../../cli/dev/child.ts";

const PROGRAM = fileURLToPath(new URL("../../../../origin-mock/server.ts", import.meta.url));
const CLOCK = new URL("shifted-clock.ts", import.meta.url).href;

export interface ShopProcess {
  readonly url: string;
  readonly port: number;
  /** Its complaints, line by line. */
  readonly complaints: readonly string[];
  /** `changes`: of its environment, for good. Resolves when it listens. */
  start(changes?: Readonly<Record<string, string>>): Promise<void>;
  /** In good order. */
  stop(): Promise<void>;
  /** As `kill -9`. */
  kill(): Promise<void>;
  /** Its wall clock is this much off from now on. */
  shiftClock(ms: number): Promise<void>;
}

export async function startShopProcess(port: number, settings: Readonly<Record<string, string>>): Promise<ShopProcess> {
  const complaints: string[] = [];
  let env: Readonly<Record<string, string>> = { ...settings, PORT: String(port) };
  let child: Child | undefined;
  const shop: ShopProcess = {
    url: `http://127.0.0.1:${String(port)}`,
    port,
    complaints,
    async start(changes = {}) {
      env = { ...env, ...changes };
      child = await launch(env, complaints);
    },
    async stop() {
      await child?.stop();
      child = undefined;
    },
    async kill() {
      const { process } = running();
      const gone = once(process, "exit");
      process.kill("SIGKILL");
      await gone;
      child = undefined;
    },
    async shiftClock(ms) {
      const { process } = running();
      const shifted = once(process, "message");
      process.send(ms);
      await shifted;
    },
  };
  const running = (): Child => {
    if (child === undefined) throw new Error("the shop is not running");
    return child;
  };
  await shop.start();
  return shop;
}

async function launch(env: Readonly<Record<string, string>>, complaints: string[]): Promise<Child> {
  const child = startChild({
    name: "the shop",
    command: process.execPath,
    args: ["--import", CLOCK, PROGRAM],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...process.env, ...env },
  });
  const { stdout, stderr } = child.process;
  if (stdout === null || stderr === null) throw new Error("the shop has no output");
  createInterface({ input: stderr }).on("line", (line) => complaints.push(line));
  const ready = once(createInterface({ input: stdout }), "line");
  await Promise.race([ready, child.died.then((error) => Promise.reject(error))]);
  return child;
}
