// Owns the progress bar of a replay. Writes to standard error only, and nothing at all when that is not a terminal.
import { SingleBar } from "cli-progress";
import type { Progress } from "./run.ts";

const FORMAT = "replay [{bar}] {percentage} % | {value}/{total} requests | {duration_formatted}";
const SILENT: Progress = { start() {}, step() {}, stop() {} };

export function createProgress(terminal: NodeJS.WriteStream): Progress {
  if (!terminal.isTTY) return SILENT;
  const bar = new SingleBar({ format: FORMAT, stream: terminal, hideCursor: true, clearOnComplete: true });
  return {
    start: (requests) => bar.start(requests, 0),
    step: () => bar.increment(),
    stop: () => bar.stop(),
  };
}
