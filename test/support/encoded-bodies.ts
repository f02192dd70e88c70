// Owns bodies in a coding, and the fields that a client gets about them.
import { zlibCodings } from "../../src/codings/zlib.ts";
import type { TestEdge } from "./edge.ts";
import { bytesOf } from "./stored.ts";

const PLAIN = "hello hello hello";

const CACHED = { "cache-control": "max-age=60", etag: '"v1"', "content-type": "text/plain" };

/** The origin's fields about the encoded bytes. */
export const encoded = (coding: string, more: Record<string, string> = {}): Record<string, string> => ({
  ...CACHED,
  "content-encoding": coding,
  "content-length": "9",
  "content-md5": "x",
  ...more,
});

/** The bytes that PLAIN makes in a coding, under any of its names; as they are for others. */
export function bytesIn(coding: string, plain = bytesOf(PLAIN)): Uint8Array<ArrayBuffer> {
  const name = coding.toLowerCase().replace("x-gzip", "gzip");
  return name === "gzip" || name === "br" || name === "zstd" ? zlibCodings.encode(plain, name) : plain;
}

/** The fields a client gets about the bytes, and the bytes: as text if plain, else whether they are in that coding. */
export async function received(response: Response): Promise<readonly (string | null | number)[]> {
  const { status, headers } = response;
  const names = ["content-encoding", "content-length", "etag"];
  const [coding = null, length = null, etag = null] = names.map((name) => headers.get(name));
  const bytes = new Uint8Array(await response.arrayBuffer());
  const expected = coding === null ? undefined : bytesIn(coding);
  const isCoded = expected?.length === bytes.length && expected.every((byte, index) => byte === bytes[index]);
  return [status, coding, length, etag, isCoded ? `PLAIN in ${String(coding)}` : new TextDecoder().decode(bytes)];
}

export async function getIdle(e: TestEdge, init?: RequestInit): Promise<Response> {
  const response = await e.get("/a", init);
  const bytes = await response.arrayBuffer();
  const { status, headers } = response;
  const copy = new Response(bytes.byteLength === 0 ? null : bytes, { status, headers, encodeBody: "manual" });
  await e.idle();
  return copy;
}
