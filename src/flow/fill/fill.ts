// Owns the fill: one pump that streams a body to the client and, where it arrives whole, to the store.
import { discard } from "../../base/streams.ts";
import { DependencyError } from "../../error.ts";
import type { Edge } from "../edge.ts";
import type { BodyToStore } from "./body-to-store.ts";
import { type BodyStore, type BodyOutcome, bodyStore } from "./body-store.ts";
import { type ClientStream, clientStream } from "./client-stream.ts";
import { type ChunkReader, chunkReader } from "./chunk-reader.ts";
import { type SlowClient, slowClient } from "./slow-client.ts";
import { type FillTimeout, fillTimeout } from "./fill-timeout.ts";
import { isWorthFinishing, type Progress } from "./fill-cost.ts";

export interface Fill extends BodyToStore {
  readonly source: ReadableStream<Uint8Array>;
  /** Resolves when the client of an encoded form is gone. The encoder reads this body, so the fill cannot see that client. */
  readonly left?: Promise<void> | undefined;
  /** Whether followers wait for the body; absent where there is no flight. */
  readonly isAwaited?: (() => boolean) | undefined;
}

/** The client's body, and the fill's progress in the store. */
export interface Filling {
  readonly body: ReadableStream<Uint8Array>;
  /** Resolves with whether other requests find the response, in memory or, if large, in the colo. */
  readonly outcome: Promise<BodyOutcome>;
  /** Resolves when the client has held the fill up for so long that followers should stop waiting for it. */
  readonly stalled: Promise<void>;
  /** Resolves when every tier that takes the response has it, however slow the client. */
  filed(): Promise<void>;
  readonly done: Promise<void>;
}

/** Streams `source` to a client while it is stored. */
export function fill(edge: Pick<Edge, "stack" | "clock" | "report">, what: Fill): Filling {
  const store = bodyStore(edge, what);
  const patience = slowClient(edge.clock);
  const { stalled } = patience;
  // no tier takes the body, so leave it to the runtime
  if (store.mode() === "over")
    return { body: what.source, outcome: store.outcome, stalled, filed: store.settled, done: Promise.resolve() };
  const reader = chunkReader(what.source);
  const client = clientStream(what.length);
  const left = Promise.race([client.left, ...(what.left ? [what.left] : [])]);
  const progress: Course = { received: 0, whenLeft: undefined };
  const timeout = fillTimeout(edge.clock, left, {
    alive() {
      for (const held of store.reserved()) held?.renew();
    },
    givenUp(cause) {
      edge.report(new DependencyError("fill", "was abandoned", { cause }));
      // storing ends now, but a slow client may go on reading the bytes it was sent
      store.abandon("broken", cause);
    },
  });
  void left.then(() => {
    progress.whenLeft = progress.received;
    // break off at once instead of waiting for another chunk
    if (isUnwanted(what, progress)) timeout.breakOff(UNWANTED);
  });
  const done = pump(what, reader, store, { ...client, stall: patience }, timeout, progress).finally(timeout.stop);
  return { body: client.body, outcome: store.outcome, stalled, filed: () => store.outcome.then(store.settled), done };
}

type Client = ClientStream & { readonly stall: SlowClient };

type Course = { -readonly [Member in keyof Progress]: Progress[Member] };

const UNWANTED = new Error("nobody waits for the rest of the body");

/** The client left, no follower waits, and too much is left to fetch it for the store alone. That is no failure, so it is not reported. */
function isUnwanted({ length, isAwaited }: Fill, progress: Progress): boolean {
  return !isWorthFinishing(progress, length) && !(isAwaited?.() ?? false);
}

async function pump(
  what: Fill,
  reader: ChunkReader,
  store: BodyStore,
  client: Client,
  timeout: FillTimeout,
  progress: Course,
): Promise<void> {
  const { length } = what;
  let spare: ArrayBufferLike | undefined;
  try {
    for (;;) {
      // chunks come in sequence
      // oxlint-disable-next-line no-await-in-loop
      const chunk = await timeout.reading(reader.next(spare));
      if (!chunk) break;
      progress.received += chunk.length;
      const { received } = progress;
      const own = store.take(chunk);
      // memory has the whole body before the client does, so that an immediate second request hits
      if (received === length) store.complete();
      client.send(own);
      // oxlint-disable-next-line no-await-in-loop
      const isFree = await readyForMore(store, client, received);
      spare = isFree || own !== chunk ? chunk.buffer : undefined;
      const isLost = store.mode() === "over" && client.isGone() && received !== length;
      if (isLost || isUnwanted(what, progress)) throw UNWANTED;
    }
    if (length !== undefined && progress.received !== length)
      throw new Error("the body is shorter than its Content-Length");
    store.complete();
    await client.end();
  } catch (cause) {
    store.abandon(cause === UNWANTED ? "unwanted" : "broken", cause);
    discard(reader, cause);
    await client.abort(cause);
  } finally {
    await store.settled();
    store.release();
  }
}

/**
 * Waits until the next chunk may be read: for memory at once, for the colo when colo and client have room, and otherwise when the client
 * has read everything. True in that last case: the chunk's memory is free again.
 */
async function readyForMore(store: BodyStore, client: Client, sent: number): Promise<boolean> {
  if (store.mode() === "collecting") return false;
  const colo = store.colo();
  const isFeeding = store.mode() === "feeding";
  const room = client.room(isFeeding ? (colo?.windowBytes ?? 0) : 0);
  if (room) await (isFeeding ? client.stall.waiting(room, sent) : room);
  if (isFeeding) await colo?.room();
  store.release();
  return !isFeeding;
}
