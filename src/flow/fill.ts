// Owns the fill: one pump that gives a body to the client and, whole and unbroken, to the store.
import { DependencyError } from "../error.ts";
import type { Stored } from "../http/stored.ts";
import type { Place, TierName } from "../tiers/tier.ts";
import type { Edge } from "./exchange.ts";
import { type Keeper, type Kept, keeper } from "./keeper.ts";
import { type Outlet, outlet } from "./outlet.ts";
import { type Pieces, piecesOf } from "./pieces.ts";

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
}

/** What the client reads, and the work that must be kept alive until the fill is complete. */
export interface Filling {
  readonly body: ReadableStream<Uint8Array>;
  /** Resolves when others find it, in memory, or in the colo where it is too large; or when they never will. */
  readonly kept: Promise<Kept>;
  readonly done: Promise<void>;
}

/** The platform cuts off what still runs 30 s after the client left, and tells nobody: just before that we say so ourselves. */
const ABANDONED_AFTER_MS = 29_500;

/** Streams `source` to a client while it is stored. */
export function fill(edge: Pick<Edge, "stack" | "timer" | "report">, what: Fill): Filling {
  const { source, length } = what;
  const keep = keeper(edge.stack, what, edge.timer);
  // the runtime passes on what nobody keeps
  if (keep.mode() === "over") return { body: source, kept: keep.kept, done: Promise.resolve() };
  const client = outlet(length);
  const pieces = piecesOf(source);
  const abandoned = { yet: false };
  let stop: (() => void) | undefined;
  const done = pump(what, pieces, keep, client, abandoned).finally(() => {
    abandoned.yet = true;
    stop?.();
  });
  void client.left.then(() => {
    if (abandoned.yet) return;
    stop = edge.timer(ABANDONED_AFTER_MS, () => {
      abandoned.yet = true;
      const cause = new Error("its client left 30 s ago");
      edge.report(new DependencyError("origin", "sent a body that was abandoned", { cause }));
      keep.abandon(cause);
      void pieces.cancel(cause).catch(() => undefined);
    });
  });
  return { body: client.body, kept: keep.kept, done };
}

async function pump(
  { source, length }: Fill,
  pieces: Pieces,
  keep: Keeper,
  client: Outlet,
  abandoned: { readonly yet: boolean },
): Promise<void> {
  let received = 0;
  let spare: ArrayBufferLike | undefined;
  try {
    // pieces come one after the other
    while (keep.mode() !== "over" || received === length) {
      // oxlint-disable-next-line no-await-in-loop
      const piece = await pieces.next(spare);
      if (abandoned.yet) throw new Error("abandoned");
      if (!piece) {
        if (length !== undefined && received !== length) throw new Error("the body is shorter than its Content-Length");
        keep.complete();
        return await client.end();
      }
      received += piece.length;
      const own = keep.take(piece);
      spare = own === piece ? undefined : piece.buffer;
      // memory has the whole before the client does, so that an immediate second request hits
      if (received === length) keep.complete();
      client.send(own);
      // oxlint-disable-next-line no-await-in-loop
      if (keep.mode() === "feeding") await bothReady(keep, client);
    }
    pieces.release();
    await client.pipe(source);
  } catch (cause) {
    keep.abandon(cause);
    await client.abort(cause);
  } finally {
    await keep.settled();
    keep.release();
  }
}

/** What is collected is read as fast as it comes; what goes to the colo as fast as the slower of both takes it. */
async function bothReady(keep: Keeper, client: Outlet): Promise<void> {
  await Promise.all([client.room(keep.windowBytes()), keep.room()]);
  keep.caughtUp();
}
