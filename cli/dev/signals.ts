// Owns the order of signal listeners: a library that starts to listen must not overrule the listeners before it.

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs `work`, and removes the listeners it adds to signals that had one. Miniflare's own would end the process. */
export function keepingSignals<T>(work: () => T): T {
  const before = SIGNALS.map((signal) => process.listeners(signal));
  const result = work();
  SIGNALS.forEach((signal, i) => {
    const owners = before[i] ?? [];
    if (owners.length === 0) return;
    for (const listener of process.listeners(signal)) {
      if (!owners.includes(listener)) process.removeListener(signal, listener);
    }
  });
  return result;
}
