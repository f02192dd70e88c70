// Owns the purge log's reports to the platform's log: one line of JSON for each event.

/** `event`: a stable name. */
export function reportLog(event: string, facts: Readonly<Record<string, string | number | boolean>>): void {
  console.warn(JSON.stringify({ level: "warn", event, dependency: "purge log", ...facts }));
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
