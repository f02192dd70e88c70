// Owns bodies that come as streams, and the description of one for a fill.
import type { Fill } from "../../src/flow/fill/fill.ts";
import { fieldsOf, keyOf, storedOf } from "./stored.ts";

/** A body as a fetched one is: the runtime's own stream of bytes, written by hand. */
export function byHand(length?: number) {
  const { readable, writable } = length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
  return { readable, writer: writable.getWriter() };
}

export function lengthOf(length: number | undefined): Record<string, string> {
  return length === undefined ? {} : { "content-length": String(length) };
}

export async function read(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<number> {
  let size = 0;
  for (;;) {
    // chunks come in sequence
    // oxlint-disable-next-line no-await-in-loop
    const chunk = await reader?.read();
    if (!chunk?.value) return size;
    size += chunk.value.length;
  }
}

export function filling(source: ReadableStream<Uint8Array>, length: number | undefined, path = "/a"): Fill {
  const slot = {
    key: keyOf(path),
    request: fieldsOf({}),
    index: undefined,
    global: false,
    maxVariants: 16,
    startedAt: 0,
  };
  return { source, length, slot, stored: storedOf({ bodyLength: undefined }), makesEtag: false };
}
