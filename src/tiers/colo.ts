// Owns the colo tier: the Cache API under a synthetic URL, with our own lifetime and our metadata in one header field.
import { unread } from "../base/streams.ts";
import { declaredLength } from "../http/message/fields.ts";
import { type CacheKey, hostOf } from "../http/select/key.ts";
import { MAX_BODY_BYTES } from "../http/law/storable.ts";
import type { Stored } from "../http/law/stored.ts";
import { addressOf } from "./address.ts";
import { decodeHead, encodeHead } from "./codec.ts";
import type { Body, Entry, RangeReader, Tier } from "./tier.ts";

const HEAD_FIELD = "strata-entry";
/** Id of a streamed body, which is stored apart from its head. */
const BODY_FIELD = "strata-body";
/** All header fields of a message share 128 KB on the platform. */
const MAX_HEAD_BYTES = 100_000;

/** The Cache API methods this tier calls. */
export interface CacheLike {
  match(request: Request): Promise<Response | undefined>;
  put(request: Request, response: Response): Promise<void>;
  delete(request: Request): Promise<boolean>;
}

/**
 * @param cache opened lazily: an isolate may start before it may do I/O.
 * @param maxBufferedBytes a body up to this size arrives as bytes, so that it can be promoted; a larger one as a stream.
 */
export function coloTier(cache: () => Promise<CacheLike>, maxBufferedBytes: number): Tier {
  return {
    name: "colo",
    maxStreamedBytes: MAX_BODY_BYTES,
    admits: () => true,
    async get(key) {
      const opened = await cache();
      const address = await addressOf(key);
      const request = syntheticRequest(key, address);
      const response = await opened.match(request);
      if (!response) return undefined;
      const head = decodeHead(response.headers.get(HEAD_FIELD) ?? "", address);
      const bodyId = response.headers.get(BODY_FIELD);
      if (!head || head.kind === "vary" || bodyId !== null) await unread(response.body);
      if (!head) return undefined;
      if (head.kind === "vary") return { kind: head.kind, index: head.index };
      const apart = bodyId === null ? undefined : syntheticRequest(key, address, bodyId);
      const content = apart ? await opened.match(apart) : response;
      if (!content) return undefined;
      const entry = await withBody(head.stored, content, maxBufferedBytes, apart && slicer(opened, apart));
      if (entry) return entry;
      await opened.delete(request);
      throw new Error("a stored body is not as long as its record says");
    },
    async put(key, entry, seconds) {
      // in this tier an index carries no response: variants lie apart, where they may be streams
      const address = await addressOf(key);
      const request = syntheticRequest(key, address);
      const head = encodeHead(entry.kind === "vary" ? { kind: entry.kind, index: entry.index } : entry, address);
      const stream = entry.kind === "response" && entry.body.kind === "stream" ? entry.body : undefined;
      if (head.length > MAX_HEAD_BYTES || seconds <= 0) {
        await unread(stream?.stream);
        // the entry it would have replaced must not go on answering
        await (await cache()).delete(request);
        return;
      }
      const opened = await cache();
      const lifetime = { "cache-control": `max-age=${String(seconds)}` };
      const headers: Record<string, string> = { [HEAD_FIELD]: head, ...lifetime };
      // store the streamed body first, and the head that points to it only once the body is whole
      const streamed =
        stream && (await putStream(opened, (id) => syntheticRequest(key, address, id), stream, lifetime));
      if (stream && !streamed) return;
      if (streamed && entry.kind === "response") {
        headers[BODY_FIELD] = streamed.id;
        const bodyLength = streamed.length ?? entry.stored.bodyLength;
        headers[HEAD_FIELD] = encodeHead({ ...entry, stored: { ...entry.stored, bodyLength } }, address);
      }
      const content = entry.kind === "response" && entry.body.kind === "bytes" ? entry.body.bytes : "";
      await opened.put(request, new Response(content, { headers }));
    },
    async delete(key) {
      await (await cache()).delete(syntheticRequest(key, await addressOf(key)));
    },
  };
}

/** The Cache API answers a range of a body stored with Content-Length by a 206; any other answer is not used. */
function slicer(opened: CacheLike, request: Request): RangeReader {
  return async (first, last) => {
    const rangeRequest = new Request(request, { headers: { range: `bytes=${String(first)}-${String(last)}` } });
    const answer = await opened.match(rangeRequest).catch(() => undefined);
    const field = answer?.headers.get("content-range") ?? "";
    if (answer?.status === 206 && answer.body && field.startsWith(`bytes ${String(first)}-${String(last)}/`)) {
      return answer.body;
    }
    await unread(answer?.body);
    return undefined;
  };
}

async function withBody(
  stored: Stored,
  response: Response,
  maxBufferedBytes: number,
  slice?: RangeReader,
): Promise<Entry | undefined> {
  const declared = declaredLength((name) => response.headers.get(name) ?? undefined);
  const expected = stored.bodyLength ?? declared ?? Number.POSITIVE_INFINITY;
  if (expected > maxBufferedBytes && response.body) {
    if ((declared ?? expected) === expected)
      return { kind: "response", stored, body: { kind: "stream", stream: response.body, slice } };
    await unread(response.body);
    return undefined;
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (stored.bodyLength !== undefined && stored.bodyLength !== bytes.length) return undefined;
  return { kind: "response", stored, body: { kind: "bytes", bytes } };
}

/** Stores a body under its own id; `undefined`, with nothing stored, where the body broke off. */
async function putStream(
  opened: CacheLike,
  requestFor: (id: string) => Request,
  { stream, whole }: Body & { kind: "stream" },
  headers: Record<string, string>,
): Promise<{ readonly id: string; readonly length: number | undefined } | undefined> {
  const id = crypto.randomUUID();
  const request = requestFor(id);
  const ended = Promise.resolve(whole).then(
    (length) => ({ id, length }),
    () => undefined,
  );
  const [put] = await Promise.allSettled([opened.put(request, new Response(stream, { headers }))]);
  const streamed = await ended;
  if (put.status === "fulfilled" && streamed) return streamed;
  await opened.delete(request);
  if (put.status === "rejected" && streamed) throw put.reason;
  return undefined;
}

/** A bare GET, because the Cache API evaluates conditionals, ranges and Vary by its own rules. */
function syntheticRequest(key: CacheKey, address: string, bodyId?: string): Request {
  const suffix = bodyId === undefined ? "" : `/${bodyId}`;
  return new Request(`https://${hostOf(key)}/.strata/stored/${address}${suffix}`);
}
