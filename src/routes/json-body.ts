// Owns reading a JSON body of bounded length.

/** 1,000 targets of 1,024 characters, escaped, with room to spare. */
const MAX_BODY_BYTES = 8 * 2 ** 20;

export type JsonBody =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "no-json" }
  | { readonly kind: "too-large" };

/** Larger than any valid one: it is not read to its end. */
export async function boundedJson(request: Request): Promise<JsonBody> {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY_BYTES) return { kind: "too-large" };
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stream: ReadableStream<Uint8Array> | null = request.body;
  for await (const chunk of stream ?? []) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return { kind: "too-large" };
    chunks.push(chunk);
  }
  try {
    return { kind: "json", value: JSON.parse(await new Blob(chunks).text()) };
  } catch {
    return { kind: "no-json" };
  }
}
