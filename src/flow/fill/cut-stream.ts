// Owns streams cut and joined: the slice of a body that a range asks for, and a stored beginning followed by the rest of a body.
import { unread } from "../../base/streams.ts";
import type { RangeReader } from "../../tiers/tier.ts";
import { chunkReader } from "./chunk-reader.ts";

/**
 * The `length` bytes after the first `skipped`, as a stream of known length. The source is not read beyond them, nor before them where
 * `slice` can start there.
 */
export function cutStream(
  source: ReadableStream<Uint8Array>,
  skipped: number,
  length: number,
  slice?: RangeReader,
): ReadableStream<Uint8Array> {
  const { readable, writable } = new FixedLengthStream(length);
  // a failure here breaks off the client's body, which tells the client
  void sliceInto(writable, source, skipped, length, slice).catch(() => undefined);
  return readable;
}

async function sliceInto(
  client: WritableStream<Uint8Array>,
  source: ReadableStream<Uint8Array>,
  skipped: number,
  length: number,
  slice: RangeReader | undefined,
): Promise<void> {
  const ready = skipped > 0 && slice ? await slice(skipped, skipped + length - 1).catch(() => undefined) : undefined;
  if (!ready) return cut(source, skipped, length, client.getWriter());
  await Promise.all([unread(source), ready.pipeTo(client)]);
}

async function cut(
  source: ReadableStream<Uint8Array>,
  skipped: number,
  length: number,
  client: WritableStreamDefaultWriter<Uint8Array>,
): Promise<void> {
  const reader = chunkReader(source);
  let position = 0;
  const end = skipped + length;
  try {
    let spare: ArrayBufferLike | undefined;
    while (position < end) {
      // chunks come in sequence
      // oxlint-disable-next-line no-await-in-loop
      const chunk = await reader.next(spare);
      if (!chunk) throw new Error("the body is shorter than the range asked of it");
      const wanted = chunk.subarray(Math.max(0, skipped - position), Math.max(0, end - position));
      position += chunk.length;
      // oxlint-disable-next-line no-await-in-loop
      if (wanted.length > 0) await client.write(wanted);
      spare = chunk.buffer;
    }
    await client.close();
  } catch (cause) {
    await client.abort(cause).catch(() => undefined);
  }
  await unread(reader);
}

/**
 * `bytes`, then `rest`: `length` bytes in all, or it breaks off. It holds the last bytes back until `rest` has ended, because a client
 * that counts to `length` takes the body for whole.
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
        await unread(reader);
        throw new Error("the rest is longer than its Content-Range");
      }
      controller.enqueue(value);
      if (ends) controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
