// Owns cancelling streams that nobody reads to the end: a stream that is merely dropped holds its connection open.

/** A stream, or the reader that has locked it. */
type Source = { cancel(cause?: unknown): Promise<void> } | null | undefined;

/** Resolves once the source is cancelled. Never rejects: a source that broke off before is no failure. */
export async function unread(source: Source, cause?: unknown): Promise<void> {
  await source?.cancel(cause).catch(() => undefined);
}

/** The same without waiting. */
export function discard(source: Source, cause?: unknown): void {
  void unread(source, cause);
}
