// Owns reading a JSON body: bounded in length and members, and without a member twice.

/** 1,000 targets of 1,024 characters, escaped, with room to spare. */
const MAX_BODY_BYTES = 8 * 2 ** 20;
/** 1,000 files, each with the headers of its variant. */
const MAX_MEMBERS = 20_000;

export type JsonBody =
  /** `undefined` for an empty body. */
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "refused"; readonly status: 400 | 413; readonly detail: string };

/** Stops reading a body that is larger than any valid one. */
export async function boundedJson(request: Request): Promise<JsonBody> {
  const tooLarge = { kind: "refused", status: 413, detail: "the body is too large" } as const;
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY_BYTES) return tooLarge;
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stream: ReadableStream<Uint8Array> | null = request.body;
  for await (const chunk of stream ?? []) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return tooLarge;
    chunks.push(chunk);
  }
  if (size === 0) return { kind: "json", value: undefined };
  try {
    return parsed(
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(await new Blob(chunks).arrayBuffer()),
    );
  } catch {
    // no UTF-8, no JSON, or nested too deeply
    return { kind: "refused", status: 400, detail: "must be a JSON object" };
  }
}

/** @throws where the text is no JSON. */
function parsed(text: string): JsonBody {
  const value: unknown = JSON.parse(text);
  const members = membersIn(text);
  if (members > MAX_MEMBERS) return { kind: "refused", status: 400, detail: "has too many members" };
  // the parser would keep only the last of two members with one name, and the sender would believe that both were obeyed (RFC 8259 4)
  if (members > membersIn(JSON.stringify(value)))
    return { kind: "refused", status: 400, detail: "has a member twice: write it once" };
  return { kind: "json", value };
}

/** In JSON a string before a colon is always a member's name. */
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g;

function membersIn(json: string): number {
  let members = 0;
  for (const [, colon] of json.matchAll(STRING)) if (colon !== undefined) members += 1;
  return members;
}
