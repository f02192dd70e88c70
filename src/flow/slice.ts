// Owns streams of bytes cut and joined: the slice that a range asks for, and a stored beginning before the rest of a body.

/** The `length` bytes after the first `skipped`, with a known length; what the source has beyond them is not read. */
export function slicedStream(
  source: ReadableStream<Uint8Array>,
  skipped: number,
  length: number,
): ReadableStream<Uint8Array> {
  const { readable, writable } = new FixedLengthStream(length);
  // what goes wrong here breaks off the client's body, which tells it
  void cut(source, skipped, length, writable.getWriter()).catch(() => undefined);
  return readable;
}

async function cut(
  source: ReadableStream<Uint8Array>,
  skipped: number,
  length: number,
  client: WritableStreamDefaultWriter<Uint8Array>,
): Promise<void> {
  const reader = source.getReader();
  let position = 0;
  const end = skipped + length;
  try {
    while (position < end) {
      // chunks come one after the other
      // oxlint-disable-next-line no-await-in-loop
      const { done, value } = await reader.read();
      if (done) throw new Error("the body is shorter than the range asked of it");
      const chunk = value.subarray(Math.max(0, skipped - position), Math.max(0, end - position));
      position += value.length;
      // oxlint-disable-next-line no-await-in-loop
      if (chunk.length > 0) await client.write(chunk);
    }
    await client.close();
  } catch (cause) {
    await client.abort(cause).catch(() => undefined);
  }
  await reader.cancel();
}

/**
 * `bytes`, then what `rest` brings: `length` bytes in all, or it breaks off. The last of them are held back until nothing follows:
 * who has counted to `length` may take it for the whole.
 */
export function precededBy(
  bytes: Uint8Array,
  rest: ReadableStream<Uint8Array>,
  length: number | undefined,
): ReadableStream<Uint8Array> {
  const reader = rest.getReader();
  let position = bytes.length;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) {
        controller.close();
        return;
      }
      position += value.length;
      const ends = length !== undefined && position >= length;
      if (ends && !((await reader.read()).done && position === length)) {
        await reader.cancel();
        throw new Error("the rest is longer than its Content-Range");
      }
      controller.enqueue(value);
      if (ends) controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
