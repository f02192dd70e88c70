// Owns an origin that counts the bytes it sends.
import { deadline, timeout } from "../../src/base/deadline.ts";
import { guarded } from "../../src/tiers/guard.ts";
import type { Tier } from "../../src/tiers/tier.ts";
import { answer, type Origin, type TestEdge, testEdge } from "./edge.ts";
import { mapTier } from "./shelf-tier.ts";

const MB = 2 ** 20;

export const SIZE = 60 * MB;
const PIECE = 64 * 1024;

const CACHED = { "cache-control": "max-age=60", "content-type": "text/css", etag: '"film"' };

/** An origin that makes its body while the edge reads, and counts the bytes it sends. */
interface Counted {
  readonly origin: Origin;
  readonly sent: { bytes: number; wholes: number; broken: number };
  /** While it is shut, a body stops behind its first piece. */
  gate: Promise<void> | undefined;
}

interface Manner {
  readonly size?: number;
  readonly headers?: Record<string, string>;
  readonly ranges?: boolean;
  readonly declares?: boolean;
}

export function counted({ size = SIZE, headers = CACHED, ranges = true, declares = true }: Manner = {}): Counted {
  const sent = { bytes: 0, wholes: 0, broken: 0 };
  const self: Counted = { origin, sent, gate: undefined };
  function body(length: number): ReadableStream<Uint8Array> {
    let position = 0;
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          if (position > 0) await self.gate;
          const piece = new Uint8Array(Math.min(PIECE, length - position));
          position += piece.length;
          sent.bytes += piece.length;
          if (piece.length > 0) controller.enqueue(piece);
          if (position >= length) controller.close();
        },
        cancel() {
          sent.broken += 1;
        },
      },
      { highWaterMark: 0 },
    );
  }
  function origin(request: Request): Response {
    const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get("range") ?? "") ?? [];
    if (!ranges || (first === "" && last === "")) {
      sent.wholes += 1;
      return answer(body(size), { ...headers, ...(declares ? { "content-length": String(size) } : {}) });
    }
    const from = first === "" ? size - Number(last) : Number(first);
    const to = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
    if (from > to) return answer(null, { "content-range": `bytes */${String(size)}` }, 416);
    const own = { "content-range": `bytes ${String(from)}-${String(to)}/${String(size)}` };
    return answer(body(to - from + 1), { ...headers, ...own, "content-length": String(to - from + 1) }, 206);
  }
  return self;
}

export const colo = (): Tier => guarded(mapTier("colo"), deadline(timeout, 1000), () => undefined);

export function edgeTo({ origin }: Counted): TestEdge {
  return testEdge({ lower: [colo()], origin });
}

export async function size(response: Response): Promise<number> {
  return (await response.arrayBuffer()).byteLength;
}
