// Owns the encoded form of a body that is being filled: it encodes once, while the client reads, and stores the form beside the plain body.
import { unread } from "../../base/streams.ts";
import type { Encoder } from "../../codings/codings.ts";
import type { ContentCoding } from "../../http/select/coding.ts";
import { isWorthIt } from "../../http/body/compressible.ts";
import type { Clock, Edge } from "../edge.ts";
import { joined } from "./body-buffer.ts";
import { type ClientStream, clientStream } from "./client-stream.ts";
import { CHUNK_BYTES } from "./chunk-reader.ts";
import { LATE, within } from "../../base/deadline.ts";

export interface Encoding {
  /** The client's stream, in one coding. `source`: the fill's plain stream. */
  encoded(source: ReadableStream<Uint8Array>, coding: ContentCoding): ReadableStream<Uint8Array>;
  /** Resolves when the client of the encoded form has read it all, or is gone. */
  readonly left: Promise<void>;
  /** Call it with the plain bytes once memory has them, before `source` ends. */
  stored(bytes: Uint8Array): void;
  /** Resolves when the encoded form is stored, or will not be. Never waits for the client. */
  settled(): Promise<void>;
}

/** `length`: of the plain body, where known. */
export function encodingOf(
  { codings, stack, clock: { timeout } }: Pick<Edge, "codings" | "stack" | "clock">,
  length: number | undefined,
  background: (work: Promise<void>) => void,
): Encoding {
  let plain: Uint8Array | undefined;
  let settled: Promise<void> = Promise.resolve();
  const left = Promise.withResolvers<void>();
  return {
    encoded(source, coding) {
      const made = Promise.withResolvers<void>();
      settled = made.promise;
      const client = clientStream(undefined);
      void client.left.then(left.resolve);
      const store = (form: Uint8Array<ArrayBuffer> | undefined): void => {
        if (plain && form) stack.keepEncoded(plain, coding, isWorthIt(form.length, plain.length) ? form : undefined);
        made.resolve();
      };
      background(
        pump(source, codings.encoder(coding, length), client, { maxBytes: stack.maxBufferedBytes, store, timeout }),
      );
      return client.body;
    },
    left: left.promise,
    stored(bytes) {
      plain = bytes;
    },
    settled: () => settled,
  };
}

interface Manner {
  /** Length of the plain body up to which its encoded form is stored. */
  readonly maxBytes: number;
  /**
   * Called with the whole form before the client has its end, so that an immediate second request finds it; with `undefined` where the
   * body is too large or broke off.
   */
  readonly store: (form: Uint8Array<ArrayBuffer> | undefined) => void;
  readonly timeout: Clock["timeout"];
}

async function pump(
  source: ReadableStream<Uint8Array>,
  encoder: Encoder,
  client: ClientStream,
  { maxBytes, store, timeout }: Manner,
): Promise<void> {
  const reader = source.getReader();
  let chunks: Uint8Array[] = [];
  let isStored = true;
  let read = 0;

  async function send(encoded: readonly Uint8Array[]): Promise<void> {
    if (isStored) chunks.push(...encoded);
    for (const chunk of encoded) client.send(chunk);
    // a form to be stored is in memory anyway, and followers wait for it: do not wait for the client
    if (!isStored) await client.room(CHUNK_BYTES);
  }

  try {
    let next = reader.read();
    /* oxlint-disable no-await-in-loop -- chunks come one after the other */
    for (;;) {
      const { done, value } = await next;
      if (done) break;
      read += value.length;
      if (isStored && read > maxBytes) {
        isStored = false;
        chunks = [];
        store(undefined);
      }
      // only the client that left wanted this encoding; the fill goes on without it
      if (!isStored && client.isGone()) break;
      await send(await encoder.write(value));
      next = reader.read();
      if (!(await isSoon(next, timeout))) await send(await encoder.flush());
    }
    /* oxlint-enable no-await-in-loop */
    const rest = await encoder.end();
    if (isStored) store(joined([...chunks, ...rest]));
    for (const chunk of rest) client.send(chunk);
    await client.end();
  } catch (cause) {
    store(undefined);
    await client.abort(cause);
  }
  await unread(reader);
}

/** When the origin pauses this long, flush: bytes it has sent must not wait in the encoder. */
const PAUSE_MS = 5;

async function isSoon(next: Promise<unknown>, timeout: Clock["timeout"]): Promise<boolean> {
  const came = next.then(
    () => undefined,
    () => undefined,
  );
  return (await within(timeout(PAUSE_MS), came)) !== LATE;
}
