// Owns the client's side of a fill: what a slow client has not read yet waits here.

export interface Outlet {
  readonly body: ReadableStream<Uint8Array>;
  /** Resolves when the client has read it all, or is gone. */
  readonly left: Promise<void>;
  /** The bytes must stay as they are until they are read. */
  send(piece: Uint8Array): void;
  /** A promise where more than `windowBytes` wait: it resolves when no more do, or the client is gone. */
  room(windowBytes: number): Promise<void> | undefined;
  /** Everything else of the body comes from `rest`, without passing through here. */
  pipe(rest: ReadableStream<Uint8Array>): Promise<void>;
  /** Resolves when the client has read it all, or is gone. */
  end(): Promise<void>;
  /** Breaks off behind what was sent: the client gets as much as there was. */
  abort(cause: unknown): Promise<void>;
}

/** What a waiting piece takes beside its bytes, roughly. */
const PIECE_OVERHEAD_BYTES = 256;

/** `length`: of the whole body, where known. */
export function outlet(length: number | undefined): Outlet {
  const { readable, writable } = length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
  const writer = writable.getWriter();
  let waiting = 0;
  let isGone = false;
  let wanted: { readonly windowBytes: number; readonly promise: PromiseWithResolvers<void> } | undefined;
  let last: Promise<void> = Promise.resolve();
  const left = Promise.withResolvers<void>();

  function gone(): void {
    isGone = true;
    left.resolve();
    wanted?.promise.resolve();
  }
  // releasing it ends this promise too, and then the pipe knows
  const isPiped = { yet: false };
  writer.closed.then(left.resolve, () => {
    if (!isPiped.yet) gone();
  });

  async function write(piece: Uint8Array): Promise<void> {
    const size = piece.length + PIECE_OVERHEAD_BYTES;
    waiting += size;
    try {
      await writer.write(piece);
    } catch {
      // the client left; the fill goes on for the others
      gone();
    }
    waiting -= size;
    if (wanted && waiting <= wanted.windowBytes) wanted.promise.resolve();
  }

  return {
    body: readable,
    left: left.promise,
    send(piece) {
      if (!isGone) last = write(piece);
    },
    room(windowBytes) {
      if (isGone || waiting <= windowBytes) return undefined;
      wanted = { windowBytes, promise: Promise.withResolvers() };
      return wanted.promise.promise;
    },
    async pipe(rest) {
      await last;
      if (isGone) return rest.cancel();
      isPiped.yet = true;
      writer.releaseLock();
      try {
        await rest.pipeTo(writable);
      } finally {
        gone();
      }
    },
    end: () => writer.close().catch(() => undefined),
    async abort(cause) {
      await last;
      await writer.abort(cause).catch(() => undefined);
    },
  };
}
