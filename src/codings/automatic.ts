// Owns answers of an application's own routes. The runtime encodes and decodes their bodies by itself, so Content-Encoding may not describe the bytes read here.
import { describesEncoded, weakened } from "../http/body/content-decoding.ts";

/** The runtime decodes these when a body is read, and encodes them when one is sent. */
const AUTOMATIC: ReadonlySet<string> = new Set(["gzip", "br"]);

/**
 * The answer with a header section that describes its bytes as they are read here: without a coding that the runtime has undone, or has
 * not made yet. Gzip that a route made itself, with `encodeBody: "manual"`, shows by its first bytes and stays. Brotli has no such
 * mark, so a route must not encode with it.
 */
export async function asRead(response: Response): Promise<Response> {
  const coding = response.headers.get("content-encoding")?.trim().toLowerCase();
  if (coding === undefined || !AUTOMATIC.has(coding) || response.status === 101) return response;
  const { body, isGzip } = await peeked(response.body);
  const headers = new Headers(response.headers);
  if (!isGzip || coding !== "gzip") {
    const etag = headers.get("etag");
    // the tag may name the encoded bytes, which these are not
    if (etag !== null) headers.set("etag", weakened(etag));
    for (const name of [...headers.keys()].filter(describesEncoded)) headers.delete(name);
  }
  // "manual": the header section describes these bytes as they are
  return new Response(body, {
    status: response.status,
    statusText: response.statusText,
    headers,
    encodeBody: "manual",
  });
}

interface Peeked {
  /** The whole body, the bytes looked at included. */
  readonly body: ReadableStream<Uint8Array> | null;
  readonly isGzip: boolean;
}

/** Waits for the first two bytes (RFC 1952 2.3.1). */
async function peeked(body: ReadableStream<Uint8Array> | null): Promise<Peeked> {
  if (!body) return { body, isGzip: false };
  const reader = body.getReader();
  const first: Uint8Array[] = [];
  while (first.reduce((length, chunk) => length + chunk.length, 0) < 2) {
    // chunks come in sequence
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
