// Owns the client's side of a fill that leaves encoded: encoded as it comes, and kept with the stored body, so that it is made once.
import type { ContentCoding } from "../http/coding.ts";
import { isWorthIt } from "../http/compressible.ts";
import type { Stack } from "../tiers/tier.ts";
import { joined } from "./blocks.ts";

/** An encoder at work: each step resolves with what came out of it, in order. */
interface Encoder {
  write(chunk: Uint8Array): Promise<readonly Uint8Array[]>;
  /** What was written so far can be decoded from what came out so far. */
  flush(): Promise<readonly Uint8Array[]>;
  end(): Promise<readonly Uint8Array[]>;
}

/** What the flow asks of content codings. */
export interface Codings {
  /** A whole body at once. */
  encode(bytes: Uint8Array, coding: ContentCoding): Uint8Array<ArrayBuffer>;
  /** `length`: of the plain body, where known. */
  encoder(coding: ContentCoding, length: number | undefined): Encoder;
  /** In bounded memory; breaks off where the source does, or is not what it says it is. */
  decoded(source: ReadableStream<Uint8Array>, coding: ContentCoding): ReadableStream<Uint8Array>;
}

export interface Encoding {
  /** What the client of the fill reads; for one coding. */
  encoded(source: ReadableStream<Uint8Array>, coding: ContentCoding): ReadableStream<Uint8Array>;
  /** The fill has put these bytes into memory, before `source` ended. */
  stored(bytes: Uint8Array): void;
  /** Resolves when an encoded form that is under way is kept, or will not be; never waits for the client. */
  settled(): Promise<void>;
}

/** `length`: of the plain body, where known. */
export function encodingOf(
  codings: Codings,
  stack: Pick<Stack, "keepEncoded" | "maxBufferedBytes">,
  length: number | undefined,
  background: (work: Promise<void>) => void,
): Encoding {
  let plain: Uint8Array | undefined;
  let settled: Promise<void> = Promise.resolve();
  return {
    encoded(source, coding) {
      const made = Promise.withResolvers<void>();
      settled = made.promise;
      const client = readable(stack.maxBufferedBytes);
      const keep = (form: Uint8Array<ArrayBuffer> | undefined): void => {
        if (plain && form) stack.keepEncoded(plain, coding, isWorthIt(form.length, plain.length) ? form : undefined);
        made.resolve();
      };
      background(pump(source, codings.encoder(coding, length), client, stack.maxBufferedBytes, keep));
      return client.body;
    },
    stored(bytes) {
      plain = bytes;
    },
    settled: () => settled,
  };
}

/** `keep` gets the whole form before the client has its end, so that an immediate second request finds it; nothing where it is too large. */
async function pump(
  source: ReadableStream<Uint8Array>,
  encoder: Encoder,
  client: Client,
  maxBytes: number,
  keep: (form: Uint8Array<ArrayBuffer> | undefined) => void,
): Promise<void> {
  const reader = source.getReader();
  let chunks: Uint8Array[] = [];
  let isKept = true;
  let read = 0;

  async function send(encoded: readonly Uint8Array[]): Promise<void> {
    if (isKept) chunks.push(...encoded);
    await client.send(encoded);
  }

  try {
    let next = reader.read();
    /* oxlint-disable no-await-in-loop -- chunks come one after the other */
    for (;;) {
      const { done, value } = await next;
      if (done) break;
      read += value.length;
      if (isKept && read > maxBytes) {
        isKept = false;
        chunks = [];
        keep(undefined);
      }
      // the fill goes on for the others; this is for one client
      if (!isKept && client.isGone()) break;
      await send(await encoder.write(value));
      next = reader.read();
      if (!(await isSoon(next))) await send(await encoder.flush());
    }
    /* oxlint-enable no-await-in-loop */
    const rest = await encoder.end();
    if (isKept) keep(joined([...chunks, ...rest]));
    await client.send(rest);
    client.end();
  } catch (cause) {
    keep(undefined);
    client.abort(cause);
  }
  await reader.cancel().catch(() => undefined);
}

/** What the origin has sent before it pauses must not wait in the encoder. */
const PAUSE_MS = 5;

async function isSoon(next: Promise<unknown>): Promise<boolean> {
  let timer: number | null = null;
  const pause = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, PAUSE_MS, false);
  });
  const came = next.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([came, pause]);
  } finally {
    clearTimeout(timer);
  }
}

interface Client {
  readonly body: ReadableStream<Uint8Array>;
  /** Resolves when there is room for more, or the client is gone. */
  send(chunks: readonly Uint8Array[]): Promise<void>;
  end(): void;
  abort(cause: unknown): void;
  isGone(): boolean;
}

/** As much as memory would keep may wait for a slow client. */
function readable(windowBytes: number): Client {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let room: PromiseWithResolvers<void> | undefined;
  let gone = false;
  const body = new ReadableStream<Uint8Array>(
    {
      start(own) {
        controller = own;
      },
      pull() {
        room?.resolve();
      },
      cancel() {
        gone = true;
        room?.resolve();
      },
    },
    { highWaterMark: windowBytes, size: (chunk) => chunk?.length ?? 0 },
  );
  return {
    body,
    async send(chunks) {
      if (gone) return;
      for (const chunk of chunks) controller?.enqueue(chunk);
      if ((controller?.desiredSize ?? 1) > 0) return;
      room = Promise.withResolvers();
      await room.promise;
    },
    end() {
      if (!gone) controller?.close();
    },
    abort(cause) {
      if (!gone) controller?.error(cause);
    },
    isGone: () => gone,
  };
}
