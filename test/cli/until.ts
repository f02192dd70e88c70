// Owns waiting for a condition with a deadline.
import { setTimeout as pause } from "node:timers/promises";

/** Resolves with the first result that is neither undefined nor false. */
export async function until<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const result = await condition();
    if (result !== undefined && result !== false) return result;
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await pause(20);
  }
}
