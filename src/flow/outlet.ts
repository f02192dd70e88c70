// Owns the client's side of a fill: what a slow client has not read yet waits here, up to a window.

export interface Outlet {
  readonly body: ReadableStream<Uint8Array>;
  /** A promise where the window is full: it resolves when there is room, or the client is gone. */
  send(chunk: Uint8Array): Promise<void> | undefined;
  /** Resolves when the client has read it all, or is gone. */
  end(): Promise<void>;
  /** Breaks off behind what was sent: the client gets as much as there was. */
  abort(cause: unknown): Promise<void>;
}

/** `length`: of the whole body, where known. */
export function outlet(length: number | undefined, windowBytes: number): Outlet {
  const { readable, writable } = length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
  const writer = writable.getWriter();
  writer.closed.catch(() => undefined);
  let waiting = 0;
  let isGone = false;
  let room: PromiseWithResolvers<void> | undefined;
  let last: Promise<void> = Promise.resolve();

  async function write(chunk: Uint8Array): Promise<void> {
    waiting += chunk.length;
    try {
      await writer.write(chunk);
    } catch {
      // the client left; the fill goes on for the others
      isGone = true;
    }
    waiting -= chunk.length;
    if (isGone || waiting <= windowBytes) room?.resolve();
  }

  return {
    body: readable,
    send(chunk) {
      if (isGone) return undefined;
      last = write(chunk);
      if (waiting <= windowBytes) return undefined;
      room = Promise.withResolvers();
      return room.promise;
    },
    end: () => writer.close().catch(() => undefined),
    async abort(cause) {
      await last;
      await writer.abort(cause).catch(() => undefined);
    },
  };
}
