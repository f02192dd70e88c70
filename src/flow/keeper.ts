// Owns the store's side of a fill: a small body is collected for memory, a larger one goes to the colo as it comes.
import { withMadeEtag } from "../http/made-etag.ts";
import { combinedBytes, combinedRecord } from "../http/parts.ts";
import type { Stack } from "../tiers/tier.ts";
import type { Timer } from "./exchange.ts";
import { type Feed, feed } from "./feed.ts";
import type { Fill } from "./fill.ts";
import { PIECE_BYTES } from "./pieces.ts";

/** What became of a body. `declined`: too large, or no room; `refused`: a tier would not have it this time; `broken`: it was not whole. */
export type Kept = "kept" | "declined" | "refused" | "broken";

export interface Keeper {
  /** Who takes the pieces: memory at once, the colo in its own time, or nobody any more. */
  mode(): "collecting" | "feeding" | "over";
  /** Takes a piece, and returns its bytes in memory that stays as it is: the piece itself, or a copy. */
  take(piece: Uint8Array): Uint8Array;
  /** While `feeding`: how many bytes may wait for a slow reader. */
  windowBytes(): number;
  /** A promise where the colo must catch up first. */
  room(): Promise<void> | undefined;
  /** No more than the window waits for anybody. */
  caughtUp(): void;
  /** The body ended as it should. Further calls do nothing. */
  complete(): void;
  abandon(cause: unknown): void;
  readonly kept: Promise<Kept>;
  /** Resolves when the tiers are done with it. */
  settled(): Promise<void>;
  /** Nobody reads the collected bytes any more. */
  release(): void;
}

/** What may wait for a slow client or a slow colo where the memory budget has room for it; else a single piece. */
const WINDOW_BYTES = 4 * PIECE_BYTES;

export function keeper(stack: Stack, what: Fill, timer: Timer): Keeper {
  const { place, stored, length } = what;
  const blocks = blockList(stack);
  let mode: ReturnType<Keeper["mode"]> = "collecting";
  let size = 0;
  let window: (() => void) | undefined;
  let colo: Feed | undefined;
  let work: Promise<void> = Promise.resolve();
  const kept = Promise.withResolvers<Kept>();

  function lose(how: Kept, cause?: unknown): void {
    if (mode === "over") return;
    mode = "over";
    colo?.abort(cause);
    blocks.forget();
    kept.resolve(how);
  }

  /** A part is small or not kept; a whole goes on to the colo, if that can hold it. */
  function feedColo(): void {
    if (stored.part || (length ?? size) > stack.maxStreamedBytes) {
      lose("declined");
      return;
    }
    mode = "feeding";
    window = stack.reserve(WINDOW_BYTES);
    colo = feed(length, timer, lose);
    work = stack.storeStream(place, length === undefined ? stored : { ...stored, bodyLength: length }, colo.body);
    for (const collected of blocks.filled()) colo.send(collected);
    blocks.forget();
  }

  // of a known length it is collected in one block, or not at all
  if (length !== undefined && (length > stack.maxBufferedBytes || !blocks.add(length))) feedColo();

  return {
    kept: kept.promise,
    mode: () => mode,
    windowBytes: () => (window ? WINDOW_BYTES : 0),
    room: () => colo?.room(window ? WINDOW_BYTES : 0),
    caughtUp: blocks.release,
    take(piece) {
      size += piece.length;
      if (size > (length ?? Infinity)) lose("broken", new Error("the body is longer than its Content-Length"));
      if (mode === "collecting") {
        const collected = size <= stack.maxBufferedBytes ? blocks.collect(piece) : undefined;
        if (collected) return collected;
        feedColo();
      }
      // a little of much memory would count as a little
      const own = piece.length * 2 < piece.buffer.byteLength ? piece.slice() : piece;
      if (mode === "feeding") colo?.send(own);
      if (mode === "feeding" && size > stack.maxStreamedBytes) lose("declined", new Error("too large for the colo"));
      return own;
    },
    complete() {
      if (mode === "over") return;
      if (colo) colo.end();
      else work = storeCollected(stack, what, blocks);
      mode = "over";
      blocks.forget();
      // memory has what was collected already
      kept.resolve(colo ? work.then(() => "kept" as const) : "kept");
    },
    abandon: (cause) => {
      lose("broken", cause);
    },
    settled: () => work,
    release() {
      blocks.release();
      window?.();
    },
  };
}

interface Blocks {
  /** False where the memory budget has no room for it. */
  add(bytes: number): boolean;
  /** The same bytes where they are collected; `undefined` where there is no room for them. */
  collect(piece: Uint8Array): Uint8Array | undefined;
  filled(): readonly Uint8Array[];
  joined(): Uint8Array<ArrayBuffer>;
  /** The bytes are not needed here any more; a slow client may still read them. */
  forget(): void;
  /** Gives back what was reserved of the memory budget. */
  release(): void;
}

/** What is collected waits for its client in the same memory. */
function blockList(stack: Stack): Blocks {
  let blocks: { readonly bytes: Uint8Array<ArrayBuffer>; used: number }[] = [];
  let reserved: (() => void)[] = [];
  const filled = () => blocks.map(({ bytes, used }) => bytes.subarray(0, used));
  const blocksOf = {
    add(bytes: number): boolean {
      const release = stack.reserve(bytes);
      if (!release) return false;
      reserved.push(release);
      blocks.push({ bytes: new Uint8Array(bytes), used: 0 });
      return true;
    },
    collect(piece: Uint8Array): Uint8Array | undefined {
      const last = blocks.at(-1);
      const fits = last && last.used + piece.length <= last.bytes.length;
      if (!fits && !blocksOf.add(Math.max(piece.length, PIECE_BYTES))) return undefined;
      const block = blocks.at(-1);
      if (!block) return undefined;
      block.bytes.set(piece, block.used);
      block.used += piece.length;
      return block.bytes.subarray(block.used - piece.length, block.used);
    },
    filled,
    joined() {
      const [first] = blocks;
      // of a known length it is whole already
      if (first && blocks.length === 1 && first.used === first.bytes.length) return first.bytes;
      return joined(filled());
    },
    forget() {
      blocks = [];
    },
    release() {
      for (const release of reserved) release();
      reserved = [];
    },
  };
  return blocksOf;
}

/** A part goes into the store joined with its neighbour, where both fit and belong together. */
async function storeCollected(
  stack: Stack,
  { place, stored, neighbour, makesEtag }: Fill,
  blocks: Blocks,
): Promise<void> {
  const bytes = blocks.joined();
  // from here on the tier counts them
  blocks.release();
  const { part } = stored;
  if (!part) return stack.store(place, makesEtag ? withMadeEtag(stored, bytes) : stored, bytes);
  // it is not as long as its Content-Range says
  if (stored.bodyLength !== bytes.length) return undefined;
  const whole = neighbour && combinedRecord(neighbour.stored, stored);
  if (!whole || (whole.bodyLength ?? 0) > stack.maxBufferedBytes) return stack.store(place, stored, bytes);
  const before = { first: neighbour.stored.part?.first ?? 0, bytes: neighbour.bytes };
  return stack.store(place, whole, combinedBytes(before, { first: part.first, bytes }));
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    whole.set(piece, position);
    position += piece.length;
  }
  return whole;
}
