// Owns the size of an isolate's heap, as its inspector reports it; the worker itself collects garbage before.
import { once } from "node:events";

export interface Heap {
  /** Objects, the bytes of buffers, and what the runtime's own objects take, garbage included. */
  bytes(): Promise<number>;
  close(): void;
}

interface HeapUsage {
  readonly usedSize: number;
  readonly backingStorageSize: number;
  readonly embedderHeapUsedSize: number;
}

/** `url`: a WebSocket that speaks the DevTools protocol. */
export async function openHeap(url: string): Promise<Heap> {
  const socket = new WebSocket(url);
  await once(socket, "open");
  let calls = 0;
  return {
    bytes() {
      calls += 1;
      const id = calls;
      const { promise, resolve } = Promise.withResolvers<number>();
      const read = ({ data }: MessageEvent<string>): void => {
        const answer = JSON.parse(data) as { readonly id?: number; readonly result: HeapUsage };
        if (answer.id !== id) return;
        socket.removeEventListener("message", read);
        const { usedSize, backingStorageSize, embedderHeapUsedSize } = answer.result;
        resolve(usedSize + backingStorageSize + embedderHeapUsedSize);
      };
      socket.addEventListener("message", read);
      socket.send(JSON.stringify({ id, method: "Runtime.getHeapUsage" }));
      return promise;
    },
    close: () => {
      socket.close();
    },
  };
}

/** Processes started meanwhile have a V8 with these flags. */
export async function withV8Flags<T>(flags: string, start: () => Promise<T>): Promise<T> {
  process.env["MINIFLARE_WORKERD_V8_FLAGS"] = flags;
  try {
    return await start();
  } finally {
    delete process.env["MINIFLARE_WORKERD_V8_FLAGS"];
  }
}
