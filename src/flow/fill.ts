// Owns the fill: one pump that gives a body to the client and, whole and unbroken, to the store.
import type { Stored } from "../http/stored.ts";
import type { Body, Place, Stack } from "../tiers/tier.ts";

export interface Fill {
  readonly source: ReadableStream<Uint8Array>;
  /** Content-Length of the source, where it declared one. */
  readonly length: number | undefined;
  readonly place: Place;
  readonly stored: Stored;
}

/** What the client reads, and the work that must be kept alive until the fill is complete. */
export interface Filling {
  readonly body: ReadableStream<Uint8Array>;
  readonly done: Promise<void>;
}

/** How many bytes may wait for a slow colo before the fill gives it up. */
const COLO_WINDOW_BYTES = 8 * 2 ** 20;

/** Streams `source` to a client while it is stored. */
export function fill(stack: Stack, what: Fill): Filling {
  const { readable, writable } =
    what.length === undefined ? new IdentityTransformStream() : new FixedLengthStream(what.length);
  return { body: readable, done: pump(stack, what, writable.getWriter()) };
}

async function pump(stack: Stack, what: Fill, client: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
  const keep = keeper(stack, what);
  const reader = what.source.getReader();
  let listening: WritableStreamDefaultWriter<Uint8Array> | undefined = client;
  let received = 0;
  try {
    for (;;) {
      // chunks come one after the other
      // oxlint-disable-next-line no-await-in-loop
      const { done, value } = await reader.read();
      if (done) break;
      received += value.length;
      keep.take(value);
      // memory has the whole before the client does, so that an immediate second request hits
      if (received === what.length) keep.complete();
      // oxlint-disable-next-line no-await-in-loop
      if (listening && !(await delivered(listening, value))) listening = undefined;
    }
    if (what.length !== undefined && received !== what.length)
      throw new Error("the body is shorter than its Content-Length");
    keep.complete();
    await listening?.close().catch(() => undefined);
  } catch (cause) {
    keep.abandon(cause);
    await listening?.abort(cause).catch(() => undefined);
  }
  await keep.settled();
}

async function delivered(client: WritableStreamDefaultWriter<Uint8Array>, chunk: Uint8Array): Promise<boolean> {
  try {
    await client.write(chunk);
    return true;
  } catch {
    // the client left; the fill goes on for the others
    return false;
  }
}

interface Keeper {
  take(chunk: Uint8Array): void;
  /** The body ended as it should. Further calls do nothing. */
  complete(): void;
  abandon(cause: unknown): void;
  settled(): Promise<void>;
}

/** Collects up to the stack's buffer, then goes over to a stream into the colo. */
function keeper(stack: Stack, { place, stored, length }: Fill): Keeper {
  let chunks: Uint8Array[] = [];
  let size = 0;
  let ended = false;
  let stream: ColoStream | undefined;
  let work: Promise<void> = Promise.resolve();

  function end(): boolean {
    if (ended) return false;
    ended = true;
    return true;
  }

  return {
    take(chunk) {
      size += chunk.length;
      if (ended) return;
      if (stream) {
        if (!stream.send(chunk)) ended = true;
        return;
      }
      chunks.push(chunk);
      if (size <= stack.maxBufferedBytes) return;
      stream = coloStream();
      work = stack.storeStream(place, length === undefined ? stored : { ...stored, bodyLength: length }, stream.body);
      for (const waiting of chunks) stream.send(waiting);
      chunks = [];
    },
    complete() {
      if (!end()) return;
      if (stream) stream.end();
      else work = stack.store(place, stored, joined(chunks, size));
      chunks = [];
    },
    abandon(cause) {
      if (!end()) return;
      stream?.abort(cause);
      chunks = [];
    },
    settled: () => work,
  };
}

interface ColoStream {
  readonly body: Body & { kind: "stream" };
  /** False when the colo has fallen too far behind, and the stream was given up. */
  send(chunk: Uint8Array): boolean;
  /** Every byte has been sent. */
  end(): void;
  abort(cause: unknown): void;
}

/** A stream into the colo with a bounded window: a slow colo must not hold the client's body back. */
function coloStream(): ColoStream {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const whole = Promise.withResolvers<undefined>();
  whole.promise.catch(() => undefined);
  writer.closed.catch(() => undefined);
  let waiting = 0;

  function abort(cause: unknown): void {
    whole.reject(cause);
    writer.abort(cause).catch(() => undefined);
  }

  async function write(chunk: Uint8Array): Promise<void> {
    await writer.write(chunk);
    waiting -= chunk.length;
  }

  return {
    body: { kind: "stream", stream: readable, whole: whole.promise },
    send(chunk) {
      waiting += chunk.length;
      write(chunk).catch(() => undefined);
      if (waiting <= COLO_WINDOW_BYTES) return true;
      abort(new Error("the colo tier is too slow for this body"));
      return false;
    },
    end() {
      whole.resolve(undefined);
      writer.close().catch(() => undefined);
    },
    abort,
  };
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(size);
  let position = 0;
  for (const chunk of chunks) {
    whole.set(chunk, position);
    position += chunk.length;
  }
  return whole;
}
