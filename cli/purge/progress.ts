// Owns the display of a purge under way: notes, and a bar if standard error is a terminal and there is more than one batch.
import { SingleBar } from "cli-progress";

export interface Progress {
  /** From none of `targets`; ends the bar before it. */
  start(verb: string, targets: number): void;
  step(targets: number): void;
  note(text: string): void;
  stop(): void;
}

/** The kind of standard error. */
type Terminal = NodeJS.WritableStream & { readonly isTTY?: boolean };

const FORMAT = "{verb} [{bar}] {percentage} % | {value}/{total} targets | {duration_formatted}{note}";

export function createProgress(terminal: Terminal, hasBar: boolean): Progress {
  if (!hasBar || !terminal.isTTY) {
    return { start() {}, step() {}, stop() {}, note: (text) => void terminal.write(`strata: ${text}\n`) };
  }
  let bar: SingleBar | undefined;
  const stop = (): void => bar?.stop();
  return {
    start(verb, targets) {
      stop();
      bar = new SingleBar({ format: FORMAT, stream: terminal, hideCursor: true, clearOnComplete: true });
      bar.start(targets, 0, { verb, note: "" });
    },
    step: (targets) => bar?.increment(targets, { note: "" }),
    note: (text) => bar?.update({ note: ` | ${text}` }),
    stop,
  };
}
