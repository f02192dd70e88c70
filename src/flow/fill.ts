// Owns the fill: one pump that gives a body to the client and, whole and unbroken, to the store.
import { DependencyError } from "../error.ts";
import type { Edge } from "./exchange.ts";
import type { Keepable } from "./keepable.ts";
import { type Keeper, type Kept, keeper } from "./keeper.ts";
import { type Outlet, outlet } from "./outlet.ts";
import { type Pieces, piecesOf } from "./pieces.ts";

export interface Fill extends Keepable {
  readonly source: ReadableStream<Uint8Array>;
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
export function fill(edge: Pick<Edge, "stack" | "now" | "timer" | "report">, what: Fill): Filling {
  const keep = keeper(edge, what);
  // the runtime passes on what nobody keeps
  if (keep.mode() === "over") return { body: what.source, kept: keep.kept, done: Promise.resolve() };
  const pieces = piecesOf(what.source);
  const client = outlet(what.length);
  const limit = new AbortController();
  const done = pump(what, pieces, keep, client, limit.signal);
  void abandonLater(edge, client.left, done, () => {
    limit.abort(new Error("its client had left 30 s before"));
    keep.abandon(limit.signal.reason);
    return pieces.cancel(limit.signal.reason);
  });
  return { body: client.body, kept: keep.kept, done };
}

/** A fill may go on without its client for as long as the platform lets it. */
async function abandonLater(
  { timer, report }: Pick<Edge, "timer" | "report">,
  left: Promise<void>,
  done: Promise<void>,
  abandon: () => Promise<void>,
): Promise<void> {
  const ended = done.then(() => true);
  if (await Promise.race([left, ended])) return;
  const stop = timer(ABANDONED_AFTER_MS, () => {
    report(new DependencyError("fill", "was abandoned: it still ran 30 s after its client had left"));
    void abandon().catch(() => undefined);
  });
  void ended.finally(stop);
}

async function pump(
  { source, length }: Fill,
  pieces: Pieces,
  keep: Keeper,
  client: Outlet,
  limit: AbortSignal,
): Promise<void> {
  let received = 0;
  let spare: ArrayBufferLike | undefined;
  try {
    while (keep.mode() !== "over" || received === length) {
      // pieces come one after the other
      // oxlint-disable-next-line no-await-in-loop
      const piece = await pieces.next(spare);
      limit.throwIfAborted();
      if (!piece) {
        if (length !== undefined && received !== length) throw new Error("the body is shorter than its Content-Length");
        keep.complete();
        // oxlint-disable-next-line no-await-in-loop
        await client.end();
        return;
      }
      received += piece.length;
      const own = keep.take(piece);
      spare = own === piece ? undefined : piece.buffer;
      // memory has the whole before the client does, so that an immediate second request hits
      if (received === length) keep.complete();
      client.send(own);
      // oxlint-disable-next-line no-await-in-loop
      if (keep.mode() === "feeding") await readyForMore(keep, client);
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

/** What is collected is read as fast as it comes; what goes to the colo as fast as the slower of colo and client takes it. */
async function readyForMore(keep: Keeper, client: Outlet): Promise<void> {
  const feed = keep.feed();
  await client.room(feed?.windowBytes ?? 0);
  await feed?.room();
  keep.release();
}
