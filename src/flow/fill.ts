// Owns the fill: one pump that gives a body to the client and, whole and unbroken, to the store.
import { combinedBytes, combinedRecord } from "../http/parts.ts";
import { withMadeEtag } from "../http/made-etag.ts";
import type { Stored } from "../http/stored.ts";
import type { Body, Place, Stack, TierName } from "../tiers/tier.ts";
import { type Outlet, outlet } from "./outlet.ts";

/** An incomplete response as found in a tier. */
export interface FoundPart {
  readonly stored: Stored;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly tier: TierName;
}

export interface Fill {
  readonly source: ReadableStream<Uint8Array>;
  /** Content-Length of the source, where it declared one. */
  readonly length: number | undefined;
  readonly place: Place;
  readonly stored: Stored;
  /** A stored part that what comes may be joined with. */
  readonly neighbour?: FoundPart | undefined;
  /** Whether a body that is buffered gives its response an entity tag, where the origin sent no validator. */
  readonly makesEtag: boolean;
  /** Called with a whole body that is buffered, when memory has it. */
  readonly whenStored?: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined;
}

/** What the client reads, and the work that must be kept alive until the fill is complete. */
export interface Filling {
  readonly body: ReadableStream<Uint8Array>;
  /** Resolves when others find it: in memory, or in the colo where it is too large. False where it was not kept. */
  readonly kept: Promise<boolean>;
  readonly done: Promise<void>;
}

/** How many bytes may wait for a slow colo before the fill gives it up. */
const COLO_WINDOW_BYTES = 8 * 2 ** 20;

/** Streams `source` to a client while it is stored. */
export function fill(stack: Stack, what: Fill): Filling {
  const keep = keeper(stack, what);
  const client = outlet(what.length, stack.maxBufferedBytes);
  return { body: client.body, kept: keep.kept, done: pump(what, keep, client) };
}

async function pump({ source, length }: Fill, keep: Keeper, client: Outlet): Promise<void> {
  const reader = source.getReader();
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
      if (received === length) keep.complete();
      const full = client.send(value);
      // oxlint-disable-next-line no-await-in-loop
      if (full) await full;
    }
    if (length !== undefined && received !== length) throw new Error("the body is shorter than its Content-Length");
    keep.complete();
    await client.end();
  } catch (cause) {
    keep.abandon(cause);
    await client.abort(cause);
  }
  await keep.settled();
}

interface Keeper {
  take(chunk: Uint8Array): void;
  /** The body ended as it should. Further calls do nothing. */
  complete(): void;
  abandon(cause: unknown): void;
  readonly kept: Promise<boolean>;
  settled(): Promise<void>;
}

/** Collects up to the stack's buffer, then goes over to a stream into the colo. A part that large is not kept. */
function keeper(stack: Stack, what: Fill): Keeper {
  const { place, stored, length } = what;
  let chunks: Uint8Array[] = [];
  let size = 0;
  let ended = false;
  let stream: ColoStream | undefined;
  let work: Promise<void> = Promise.resolve();
  const kept = Promise.withResolvers<boolean>();

  function end(): boolean {
    if (ended) return false;
    ended = true;
    return true;
  }

  function lose(): void {
    ended = true;
    chunks = [];
    kept.resolve(false);
  }

  return {
    kept: kept.promise,
    take(chunk) {
      size += chunk.length;
      if (ended) return;
      if (stream) {
        if (!stream.send(chunk)) lose();
        return;
      }
      chunks.push(chunk);
      if (size <= stack.maxBufferedBytes) return;
      if (stored.part) {
        lose();
        return;
      }
      stream = coloStream();
      work = stack.storeStream(place, length === undefined ? stored : { ...stored, bodyLength: length }, stream.body);
      for (const waiting of chunks) stream.send(waiting);
      chunks = [];
    },
    complete() {
      if (!end()) return;
      if (stream) stream.end();
      else work = storeBuffered(stack, what, joined(chunks));
      chunks = [];
      // memory has what is buffered already
      kept.resolve(stream ? work.then(() => true) : true);
    },
    abandon(cause) {
      if (!end()) return;
      stream?.abort(cause);
      lose();
    },
    settled: () => work,
  };
}

/** A part goes into the store joined with its neighbour, where both fit and belong together. */
async function storeBuffered(
  stack: Stack,
  { place, stored, neighbour, makesEtag, whenStored }: Fill,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const { part } = stored;
  if (!part) {
    const work = stack.store(place, makesEtag ? withMadeEtag(stored, bytes) : stored, bytes);
    whenStored?.(bytes);
    return work;
  }
  // it is not as long as its Content-Range says
  if (stored.bodyLength !== bytes.length) return undefined;
  const whole = neighbour && combinedRecord(neighbour.stored, stored);
  if (!whole || (whole.bodyLength ?? 0) > stack.maxBufferedBytes) return stack.store(place, stored, bytes);
  const before = { first: neighbour.stored.part?.first ?? 0, bytes: neighbour.bytes };
  return stack.store(place, whole, combinedBytes(before, { first: part.first, bytes }));
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
  const whole = Promise.withResolvers<number>();
  whole.promise.catch(() => undefined);
  writer.closed.catch(() => undefined);
  let waiting = 0;
  let sent = 0;

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
      sent += chunk.length;
      write(chunk).catch(() => undefined);
      if (waiting <= COLO_WINDOW_BYTES) return true;
      abort(new Error("the colo tier is too slow for this body"));
      return false;
    },
    end() {
      whole.resolve(sent);
      writer.close().catch(() => undefined);
    },
    abort,
  };
}

export function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let position = 0;
  for (const chunk of chunks) {
    whole.set(chunk, position);
    position += chunk.length;
  }
  return whole;
}
