// Owns how the colo's copy lies in the Cache API: bytes with a time. What they are is for wire.ts to check.

/** What was put down, and when the question behind it was sent. */
export interface StoredBlob {
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

/** A place that all isolates of a colo reach. */
export interface BlobCache {
  get(name: string): Promise<StoredBlob | undefined>;
  put(name: string, blob: StoredBlob, seconds: number): Promise<void>;
}

/** The Cache API methods this shelf calls. */
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
      // foreign, or of a version to come: as if it were not there
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
