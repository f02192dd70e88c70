// Owns answers of an application's own routes: where the runtime encodes and decodes by itself, the label of a body says nothing of
// the bytes that are read.
import { describesEncoded, weakened } from "../http/body/content-decoding.ts";

/** What the runtime undoes when a body is read, and makes when one is sent. */
const AUTOMATIC: ReadonlySet<string> = new Set(["gzip", "br"]);

/**
 * The answer with a header section that is true of its bytes as they are read here: without a coding that the runtime has undone, or
 * was to make. Gzip that a route made itself, with `encodeBody: "manual"`, shows by its first bytes and stays; brotli shows by
 * nothing, so a route must not encode with it.
 */
export async function asRead(response: Response): Promise<Response> {
  const coding = response.headers.get("content-encoding")?.trim().toLowerCase();
  if (coding === undefined || !AUTOMATIC.has(coding) || response.status === 101) return response;
  const { body, isGzip } = await peeked(response.body);
  const headers = new Headers(response.headers);
  if (!isGzip || coding !== "gzip") {
    const etag = headers.get("etag");
    // a tag of the encoded bytes, if they were encoded, is none of these
    if (etag !== null) headers.set("etag", weakened(etag));
    for (const name of [...headers.keys()].filter(describesEncoded)) headers.delete(name);
  }
  // the bytes are what the header section says
  return new Response(body, {
    status: response.status,
    statusText: response.statusText,
    headers,
    encodeBody: "manual",
  });
}

interface Peeked {
  /** All of it. */
  readonly body: ReadableStream<Uint8Array> | null;
  readonly isGzip: boolean;
}

/** Waits for the first two bytes (RFC 1952 2.3.1). */
async function peeked(body: ReadableStream<Uint8Array> | null): Promise<Peeked> {
  if (!body) return { body, isGzip: false };
  const reader = body.getReader();
  const first: Uint8Array[] = [];
  while (first.reduce((length, chunk) => length + chunk.length, 0) < 2) {
    // one chunk after the other
    // oxlint-disable-next-line no-await-in-loop
    const { done, value } = await reader.read();
    if (done) break;
    first.push(value);
  }
  const [a, b] = first.flatMap((chunk) => [...chunk.subarray(0, 2)]);
  return { body: resumed(first, reader), isGzip: a === 0x1f && b === 0x8b };
}

function resumed(first: Uint8Array[], reader: ReadableStreamDefaultReader<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = first.shift();
        if (next) {
          controller.enqueue(next);
          return;
        }
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (cause) => reader.cancel(cause),
    },
    { highWaterMark: 0 },
  );
}
