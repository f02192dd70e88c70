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
  /** Resolves when the client of an encoded form is gone; that client does not read this body itself. */
  readonly left?: Promise<void> | undefined;
  /** Whether other requests wait for the body; absent where none can. */
  readonly isAwaited?: (() => boolean) | undefined;
}

/** The client's body, and the fill's progress in the store. */
export interface Filling {
  readonly body: ReadableStream<Uint8Array>;
  /** Resolves when other requests find the response, in memory or, if large, in the colo; or when they never will. */
  readonly outcome: Promise<BodyOutcome>;
  /** Resolves when the client holds the fill up for so long that other requests should stop waiting for it. */
  readonly stalled: Promise<void>;
  /** Resolves when every tier that takes the response has it, however slow the client. */
  filed(): Promise<void>;
  readonly done: Promise<void>;
}

/** Streams `source` to a client while it is stored. */
export function fill(edge: Pick<Edge, "stack" | "clock" | "report">, what: Fill): Filling {
  const keep = bodyStore(edge, what);
  const patience = slowClient(edge.clock);
  const { stalled } = patience;
  // no tier takes it: the runtime passes the body on by itself
  if (keep.mode() === "over")
    return { body: what.source, outcome: keep.outcome, stalled, filed: keep.settled, done: Promise.resolve() };
  const pieces = chunkReader(what.source);
  const client = clientStream(what.length);
  const left = Promise.race([client.left, ...(what.left ? [what.left] : [])]);
  const progress: Course = { received: 0, whenLeft: undefined };
  const watch = fillTimeout(edge.clock, left, {
    alive() {
      for (const held of keep.reserved()) held?.renew();
    },
    givenUp(cause) {
      edge.report(new DependencyError("fill", "was abandoned", { cause }));
      // storing ends now; a slow client may go on reading the bytes it was sent
      keep.abandon("broken", cause);
    },
  });
  void left.then(() => {
    progress.whenLeft = progress.received;
    // break off at once instead of waiting for another chunk
    if (isUnwanted(what, progress)) watch.breakOff(UNWANTED);
  });
  const done = pump(what, pieces, keep, { ...client, stall: patience }, watch, progress).finally(watch.stop);
  return { body: client.body, outcome: keep.outcome, stalled, filed: () => keep.outcome.then(keep.settled), done };
}

type Client = ClientStream & { readonly stall: SlowClient };

type Course = { -readonly [Member in keyof Progress]: Progress[Member] };

const UNWANTED = new Error("nobody waits for the rest of the body");

/** The client left, no request waits, and too much is left to fetch it for the store alone. That is no failure, so it is not reported. */
function isUnwanted({ length, isAwaited }: Fill, progress: Progress): boolean {
  return !isWorthFinishing(progress, length) && !(isAwaited?.() ?? false);
}

async function pump(
  what: Fill,
  pieces: ChunkReader,
  keep: BodyStore,
  client: Client,
  watch: FillTimeout,
  progress: Course,
): Promise<void> {
  const { length } = what;
  let spare: ArrayBufferLike | undefined;
  try {
    for (;;) {
      // chunks come in sequence
      // oxlint-disable-next-line no-await-in-loop
      const piece = await watch.reading(pieces.next(spare));
      if (!piece) break;
      progress.received += piece.length;
      const { received } = progress;
      const own = keep.take(piece);
      // memory has the whole body before the client does, so that an immediate second request hits
      if (received === length) keep.complete();
      client.send(own);
      // oxlint-disable-next-line no-await-in-loop
      const isFree = await readyForMore(keep, client, received);
      spare = isFree || own !== piece ? piece.buffer : undefined;
      const isLost = keep.mode() === "over" && client.isGone() && received !== length;
      if (isLost || isUnwanted(what, progress)) throw UNWANTED;
    }
    if (length !== undefined && progress.received !== length)
      throw new Error("the body is shorter than its Content-Length");
    keep.complete();
    await client.end();
  } catch (cause) {
    keep.abandon(cause === UNWANTED ? "unwanted" : "broken", cause);
    discard(pieces, cause);
    await client.abort(cause);
  } finally {
    await keep.settled();
    keep.release();
  }
}

/**
 * Waits until the next chunk may be read. A collected body is read as fast as it comes, one for the colo as fast as the slower of colo
 * and client takes it, and one that no tier keeps chunk by chunk in the same memory. True where that memory is free again.
 */
async function readyForMore(keep: BodyStore, client: Client, sent: number): Promise<boolean> {
  if (keep.mode() === "collecting") return false;
  const feed = keep.colo();
  const isFeeding = keep.mode() === "feeding";
  const room = client.room(isFeeding ? (feed?.windowBytes ?? 0) : 0);
  if (room) await (isFeeding ? client.stall.waiting(room, sent) : room);
  if (isFeeding) await feed?.room();
  keep.release();
  return !isFeeding;
}
