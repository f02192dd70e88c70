// Owns a wall clock that jumps: loaded before a program (`--import`), it shifts Date by what the parent says. Timers and performance.now stay.
const Real = Date;
let shiftMs = 0;

globalThis.Date = class extends Real {
  constructor(...given: readonly unknown[]) {
    super(...((given.length === 0 ? [Real.now() + shiftMs] : given) as [number]));
  }
  static override now(): number {
    return Real.now() + shiftMs;
  }
} as DateConstructor;

process.on("message", (message) => {
  if (typeof message !== "number") return;
  shiftMs = message;
  process.send?.(message);
});
// to listen is no reason to live
process.channel?.unref();
