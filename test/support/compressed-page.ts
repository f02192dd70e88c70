// Owns a compressible page, and what a client gets of it.
import { zlibCodings } from "../../src/codings/zlib.ts";
import type { ContentCoding } from "../../src/http/select/coding.ts";
import { answer, type Origin, type TestEdge } from "./edge.ts";

export const TEXT = Array.from({ length: 400 }, (_, i) => `<li class="item">Item number ${String(i * 7919)}</li>`).join(
  "\n",
);

const CACHED = { "cache-control": "max-age=60", etag: '"v1"', "content-type": "text/html" };

export const page: Origin = (request) =>
  request.headers.get("if-none-match") === '"v1"' ? answer(null, CACHED, 304) : answer(TEXT, CACHED);

export const accepts = (coding: string, more: Record<string, string> = {}): RequestInit => ({
  headers: { "accept-encoding": coding, ...more },
});

interface Got {
  readonly status: number;
  readonly cache: string | null;
  readonly coding: string | null;
  readonly length: string | null;
  readonly etag: string | null;
  readonly vary: string | null;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export async function get(e: TestEdge, init?: RequestInit, path = "/a"): Promise<Got> {
  const { status, headers, body } = await e.get(path, init);
  const bytes = new Uint8Array(await new Response(body).arrayBuffer());
  await e.idle();
  return {
    status,
    cache: headers.get("x-cache"),
    coding: headers.get("content-encoding"),
    length: headers.get("content-length"),
    etag: headers.get("etag"),
    vary: headers.get("vary"),
    bytes,
  };
}

/** The decoded bytes. */
export async function plainOf({ coding, bytes }: Pick<Got, "coding" | "bytes">): Promise<string> {
  if (coding === null) return new TextDecoder().decode(bytes);
  const decoded = zlibCodings.decoded(new Blob([bytes]).stream(), coding as ContentCoding);
  return new Response(decoded).text();
}
