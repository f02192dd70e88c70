// Owns the input of a study: a sequence of requests for objects of known weight, and the weight of all of them together.
import { type CacheKey, resourceKey } from "../../src/http/select/key.ts";
import type { TargetHash } from "../../src/http/targets/target.ts";
import { weightOf } from "../../src/tiers/weight.ts";
import type { Entry } from "../../src/tiers/tier.ts";

export interface Stream {
  readonly name: string;
  /** Which object each request asks for. */
  readonly requests: readonly number[];
  readonly objects: readonly CachedObject[];
  /** The weight of all distinct objects in the memory tier, bytes. */
  readonly footprintBytes: number;
}

export interface CachedObject {
  readonly key: CacheKey;
  readonly entry: Entry;
  /** The weight that the tier counts for it. */
  readonly weight: number;
  readonly bodyBytes: number;
}

/** Every body is a view of the same bytes: only lengths count here. */
const BYTES = new Uint8Array(2 ** 20);

/** @param bodyBytes at most 1 MiB, the tier's limit */
export function cachedObject(path: string, bodyBytes: number, contentType: string): CachedObject {
  const key = resourceKey({ host: "shop.test", scheme: "https", path, query: "", origin: "zone", policyVersion: "v1" });
  const entry: Entry = {
    kind: "response",
    stored: {
      status: 200,
      headers: [
        ["Content-Type", contentType],
        ["Cache-Control", "public, max-age=3600, stale-while-revalidate=60"],
        ["Date", "Sun, 22 Nov 2026 11:00:00 GMT"],
        ["ETag", '"0123456789abcdef"'],
        ["Last-Modified", "Sun, 22 Nov 2026 10:00:00 GMT"],
      ],
      edgeHeaders: [["Cache-Tag", "shop, product"]],
      bodyLength: bodyBytes,
      receivedAtMs: 0,
      initialAgeSeconds: 0,
      lifetimeSeconds: 3600,
      staleWhileRevalidateSeconds: 60,
      staleIfErrorSeconds: 0,
      staleAllowed: true,
      alwaysValidate: false,
      forAuthorization: false,
      forSession: false,
      etag: '"0123456789abcdef"',
      lastModified: "Sun, 22 Nov 2026 10:00:00 GMT",
      variant: {},
      targets: ["0123456789abcdef", "fedcba9876543210"] as TargetHash[],
      fence: { incarnation: "log", seq: 0 },
    },
    body: { kind: "bytes", bytes: BYTES.subarray(0, bodyBytes) },
  };
  return { key, entry, weight: weightOf(key, entry), bodyBytes };
}

export function streamOf(name: string, requests: readonly number[], objects: readonly CachedObject[]): Stream {
  const asked = new Set(requests);
  let footprintBytes = 0;
  for (const id of asked) footprintBytes += objects[id]?.weight ?? 0;
  return { name, requests, objects, footprintBytes };
}
