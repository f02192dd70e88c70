// Owns a wall clock that jumps: loaded before a program (`--import`), it shifts Date by what the parent says. Timers and performance.now stay.
const Real = Date;
let shiftMs = 0;

const now = (): number => Real.now() + shiftMs;

globalThis.Date = new Proxy(Real, {
  construct: (target, given, newTarget): object =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget) as object,
  get: (target, name): unknown => (name === "now" ? now : Reflect.get(target, name)),
});

process.on("message", (message) => {
  if (typeof message !== "number") return;
  shiftMs = message;
  process.send?.(message);
});
// to listen is no reason to live
process.channel?.unref();
