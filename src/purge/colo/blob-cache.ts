// Owns the blobs of the colo's copy in the Cache API: bytes with a time. The delta codec checks the bytes.

/** `atMs`: when the request was sent whose answer the bytes hold. */
export interface StoredBlob {
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

/** Storage that all isolates of a colo share. */
export interface BlobCache {
  get(name: string): Promise<StoredBlob | undefined>;
  put(name: string, blob: StoredBlob, seconds: number): Promise<void>;
}

/** The Cache API methods this file calls. */
interface CacheLike {
  match(request: Request): Promise<Response | undefined>;
  put(request: Request, response: Response): Promise<void>;
}

const FIELD = "strata-purges";
const FORMAT = "1";

/**
 * @param cache opened lazily: an isolate may start before it may do I/O.
 * @param base an absolute URL that no other log's readers use.
 */
export function blobCache(cache: () => Promise<CacheLike>, base: string): BlobCache {
  const request = (name: string): Request => new Request(`${base}/${name}`);
  return {
    async get(name) {
      const response = await (await cache()).match(request(name));
      if (!response) return undefined;
      const [format, at] = response.headers.get(FIELD)?.split(" ") ?? [];
      const bytes = new Uint8Array(await response.arrayBuffer());
      // another program's, or a later version's: treat it as absent
      return format === FORMAT && /^\d{1,16}$/.test(at ?? "") ? { atMs: Number(at), bytes } : undefined;
    },
    async put(name, { atMs, bytes }, seconds) {
      const headers = {
        [FIELD]: `${FORMAT} ${String(atMs)}`,
        "cache-control": `max-age=${String(seconds)}`,
      };
      await (await cache()).put(request(name), new Response(new Uint8Array(bytes), { headers }));
    },
  };
}
