// Owns waiting for a bounded time.

/** What `work` brings, or `late` where it takes longer. */
export async function within<T>(work: Promise<T>, ms: number, late: T): Promise<T> {
  let timer: number | null = null;
  const bound = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, ms, late);
  });
  try {
    return await Promise.race([work, bound]);
  } finally {
    clearTimeout(timer);
  }
}
