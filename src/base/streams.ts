// Owns giving back what nobody reads to its end: a stream that is merely dropped holds its connection open.

/** A stream, or the reader that has it. */
type Source = { cancel(cause?: unknown): Promise<void> } | null | undefined;

/** Resolves once it is given back; never rejects: that it had broken off by then is no failure. */
export async function unread(source: Source, cause?: unknown): Promise<void> {
  await source?.cancel(cause).catch(() => undefined);
}

/** The same, where nobody waits for it. */
export function discard(source: Source, cause?: unknown): void {
  void unread(source, cause);
}
