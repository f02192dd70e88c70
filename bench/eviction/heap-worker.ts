// Owns the worker whose heap is measured: it fills a memory tier with entries of one shape, each made of strings of its own.
import { CONTENT_CODINGS } from "../../src/http/select/coding.ts";
import { type CacheKey, resourceKey } from "../../src/http/select/key.ts";
import type { TargetHash } from "../../src/http/targets/target.ts";
import { memoryTier } from "../../src/tiers/memory.ts";
import type { Entry } from "../../src/tiers/tier.ts";

/** How many of each an entry has. */
export interface Shape {
  readonly headers: number;
  readonly edgeHeaders: number;
  readonly variant: number;
  readonly targets: number;
  readonly bodyBytes: number;
  readonly validators: boolean;
  /** Encoded forms beside the body, of 100 bytes. */
  readonly forms: number;
  /** An index of that many variants in place of a response. */
  readonly indexed: number;
}

const decoder = new TextDecoder();

/** A string nobody else holds, as those are that come from the network. */
function own(text: string): string {
  return decoder.decode(new TextEncoder().encode(text));
}

function pairs(count: number, i: number): (readonly [string, string])[] {
  return Array.from({ length: count }, (_, j) => [own(`x-field-${j}`), own(`value ${i} of field ${j}`)] as const);
}

function entryOf(i: number, shape: Shape): Entry {
  if (shape.indexed > 0) {
    const variants = Array.from({ length: shape.indexed }, (_, j) => own(`variant ${i} ${j} `.repeat(8)) as CacheKey);
    return { kind: "vary", index: { generation: own(`g${i}`), fields: ["accept"], variants, languages: [] } };
  }
  return {
    kind: "response",
    stored: {
      status: 200,
      headers: pairs(shape.headers, i),
      edgeHeaders: pairs(shape.edgeHeaders, i),
      part: undefined,
      bodyLength: shape.bodyBytes,
      receivedAtMs: 1_790_000_000_000 + i,
      initialAgeSeconds: 0.5 + i,
      lifetimeSeconds: 3600,
      staleWhileRevalidateSeconds: 60,
      staleIfErrorSeconds: 0,
      staleAllowed: true,
      alwaysValidate: false,
      forAuthorization: false,
      forSession: false,
      etag: shape.validators ? own(`"${i}-0123456789"`) : undefined,
      lastModified: shape.validators ? own(`Sun, 22 Nov 2026 11:00:00 GMT`) : undefined,
      dateMs: 1_790_000_000_000 + i,
      shownEtag: undefined,
      variant: Object.fromEntries(pairs(shape.variant, i)),
      targets: Array.from({ length: shape.targets }, (_, j) => own(`${i * 100 + j}`.padStart(16, "0")) as TargetHash),
      fence: { incarnation: "log", seq: i },
    },
    body: { kind: "bytes", bytes: new Uint8Array(shape.bodyBytes) },
  };
}

interface Fill {
  readonly entries: number;
  readonly budget: number;
  readonly shape: Shape;
}

/** Present with `--expose-gc`. */
function collect(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
}

const FORM_BYTES = 100;

let tier: ReturnType<typeof memoryTier> | undefined;

export default {
  async fetch(request: Request): Promise<Response> {
    const { entries, budget, shape } = (await request.json()) as Fill;
    tier = undefined;
    collect();
    if (entries === 0) return Response.json({ usedBytes: 0 });
    tier = memoryTier({ bytes: budget, bodyBytes: 2 ** 20, now: () => 0 });
    for (let i = 0; i < entries; i++) {
      const path = `/a/path/of/usual/length/${i}`;
      const key = resourceKey({
        host: "shop.test",
        scheme: "https",
        path,
        query: "",
        origin: "zone",
        policyVersion: "v",
      });
      const entry = entryOf(i, shape);
      tier.put(key, entry, 3600);
      if (entry.kind !== "response" || entry.body.kind !== "bytes") continue;
      for (const coding of CONTENT_CODINGS.slice(0, shape.forms))
        tier.keepEncoded(entry.body.bytes, coding, new Uint8Array(FORM_BYTES));
    }
    collect();
    return Response.json({ usedBytes: tier.usedBytes });
  },
};
