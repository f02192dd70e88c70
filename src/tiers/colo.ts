// Owns the colo tier: the Cache API under a synthetic URL, with our own lifetime and our metadata in one header field.
import { type CacheKey, hostOf } from "../http/key.ts";
import { addressOf } from "./address.ts";
import { decodeHead, encodeHead } from "./codec.ts";
import type { Entry, Tier } from "./tier.ts";

const HEAD_FIELD = "strata-entry";
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
    admits: () => true,
    async get(key) {
      const response = await (await cache()).match(await syntheticRequest(key));
      if (!response) return undefined;
      const head = decodeHead(response.headers.get(HEAD_FIELD) ?? "");
      if (!head || head.kind === "vary") {
        await response.body?.cancel();
        return head;
      }
      const { stored } = head;
      const length = stored.bodyLength ?? Number(response.headers.get("content-length") ?? Number.POSITIVE_INFINITY);
      if (length > maxBufferedBytes && response.body)
        return { ...head, body: { kind: "stream", stream: response.body } };
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (stored.bodyLength !== undefined && stored.bodyLength !== bytes.length) return undefined;
      return { ...head, body: { kind: "bytes", bytes } };
    },
    async put(key, entry, seconds) {
      const head = encodeHead(entry);
      if (head.length > MAX_HEAD_BYTES || seconds <= 0) {
        if (entry.kind === "response" && entry.body.kind === "stream") await entry.body.stream.cancel();
        return;
      }
      const headers = { [HEAD_FIELD]: head, "cache-control": `max-age=${String(seconds)}` };
      const request = await syntheticRequest(key);
      const opened = await cache();
      try {
        await opened.put(request, new Response(contentOf(entry), { headers }));
      } catch (cause) {
        // what a broken stream left behind, or its predecessor, must not answer
        await opened.delete(request);
        throw cause;
      }
    },
    async delete(key) {
      await (await cache()).delete(await syntheticRequest(key));
    },
  };
}

function contentOf(entry: Entry): BodyInit {
  if (entry.kind === "vary") return "";
  return entry.body.kind === "bytes" ? entry.body.bytes : entry.body.stream;
}

/** A clean GET: the Cache API would evaluate conditionals, ranges and Vary by rules of its own. */
async function syntheticRequest(key: CacheKey): Promise<Request> {
  return new Request(`https://${hostOf(key)}/.strata/stored/${await addressOf(key)}`);
}
