// Owns the store's side of a fill: it collects a small body for memory, and streams a larger one to the colo.
import { withGeneratedEtag } from "../../http/law/generated-etag.ts";
import { combinedBytes, combinedRecord } from "../../http/law/parts.ts";
import type { Reservation, Stack } from "../../tiers/tier.ts";
import { bodyBuffer } from "./body-buffer.ts";
import type { Edge } from "../edge.ts";
import { type ColoWriter, coloWriter } from "./colo-writer.ts";
import type { BodyToStore } from "./body-to-store.ts";
import { LATE, within } from "../../base/deadline.ts";

/**
 * How storing a body ended. `no-room`: it is too large, or the colo too slow. `refused`: the colo's writer broke, or did not confirm in
 * time. `broken`: the body was incomplete. `unwanted`: the client left, and no follower waited for the rest.
 */
export type BodyOutcome = "stored" | "no-room" | "refused" | "broken" | "unwanted";

export interface BodyStore {
  /** `collecting`: for memory. `feeding`: the colo gets the chunks. `over`: the store takes no more. */
  mode(): "collecting" | "feeding" | "over";
  /** Takes a chunk, and returns its bytes in memory that nobody overwrites: the chunk itself, or a copy. */
  take(chunk: Uint8Array): Uint8Array;
  /** The writer to the colo, once there is one. */
  colo(): Pick<ColoWriter, "room" | "windowBytes"> | undefined;
  /** The body is whole. Further calls do nothing. */
  complete(): void;
  abandon(how: "broken" | "unwanted", cause: unknown): void;
  readonly outcome: Promise<BodyOutcome>;
  /** Resolves when the tiers are done with the body. */
  settled(): Promise<void>;
  /** Its reservations of memory. The fill renews them while it runs. */
  reserved(): readonly (Pick<Reservation, "renew"> | undefined)[];
  /** Gives the reservations back. Call it when nobody reads the collected bytes any more. */
  release(): void;
}

export function bodyStore(edge: Pick<Edge, "stack" | "clock">, what: BodyToStore): BodyStore {
  const { stack } = edge;
  const { stored, length } = what;
  const buffer = bodyBuffer(stack);
  let mode: ReturnType<BodyStore["mode"]> = "collecting";
  let size = 0;
  let colo: ColoWriter | undefined;
  let work: Promise<void> | undefined;
  const outcome = Promise.withResolvers<BodyOutcome>();

  function lose(how: BodyOutcome, cause?: unknown): void {
    if (mode === "over") return;
    mode = "over";
    colo?.abort(cause);
    buffer.forget();
    outcome.resolve(how);
  }

  /** Streams the body to the colo from here on. Gives up on parts, and on bodies too large for the colo. */
  function feedColo(): void {
    if (stored.part || (length ?? size) > stack.maxStreamedBytes) return lose("no-room");
    mode = "feeding";
    colo = coloWriter(edge, what, lose);
    for (const collected of buffer.drained()) colo.send(collected);
  }

  // a body of known length is collected in one block, or not at all
  if (length !== undefined && (length > stack.maxBufferedBytes || !buffer.add(length))) feedColo();

  return {
    outcome: outcome.promise,
    mode: () => mode,
    colo: () => colo,
    take(chunk) {
      size += chunk.length;
      if (size > (length ?? size)) lose("broken", new Error("the body is longer than its Content-Length"));
      if (mode === "collecting") {
        const collected = size <= stack.maxBufferedBytes ? buffer.collect(chunk) : undefined;
        if (collected) return collected;
        feedColo();
      }
      const own = trimmed(chunk);
      if (mode === "feeding") colo?.send(own);
      return own;
    },
    complete() {
      if (mode === "over") return;
      if (size !== (stored.bodyLength ?? size))
        return lose("broken", new Error("it is not as long as its Content-Range"));
      mode = "over";
      colo?.end();
      // memory has the collected body before this returns
      work = colo ? undefined : storeCollected(stack, what, buffer.joined(), buffer.release);
      buffer.handOver();
      outcome.resolve(colo ? putInTime(edge, colo.stored) : "stored");
    },
    abandon: lose,
    settled: () => Promise.all([work, colo?.stored]).then(() => colo?.release()),
    reserved: () => [buffer, colo],
    release: buffer.release,
  };
}

/** How long followers wait for a tier to confirm a whole body, milliseconds. */
const PUT_MS = 5000;

async function putInTime({ clock }: Pick<Edge, "clock">, stored: Promise<void>): Promise<BodyOutcome> {
  return (await within(clock.timeout(PUT_MS), stored)) === LATE ? "refused" : "stored";
}

/** A short view keeps its whole buffer alive but is budgeted by its own length, so copy it. */
function trimmed(chunk: Uint8Array): Uint8Array {
  return chunk.length * 2 < chunk.buffer.byteLength ? chunk.slice() : chunk;
}

/** Stores a part joined with its neighbour, where both belong together and fit. */
async function storeCollected(
  stack: Stack,
  { slot, stored, neighbour, makesEtag, whenStored }: BodyToStore,
  bytes: Uint8Array<ArrayBuffer>,
  release: () => void,
): Promise<void> {
  // from here on the memory tier counts these bytes
  release();
  const { part } = stored;
  if (!part) {
    const work = stack.store(slot, makesEtag ? withGeneratedEtag(stored, bytes) : stored, bytes);
    whenStored?.(bytes);
    return work;
  }
  const whole = neighbour && combinedRecord(neighbour.stored, stored);
  if (!whole || (whole.bodyLength ?? 0) > stack.maxBufferedBytes) return stack.store(slot, stored, bytes);
  const before = { first: neighbour.stored.part?.first ?? 0, bytes: neighbour.bytes };
  return stack.store(slot, whole, combinedBytes(before, { first: part.first, bytes }));
}
