// Owns the bodies of the benchmark: bytes that follow from the URL, so that both ends know each of them without keeping any.

/** A prime, so that no chunk size falls in step with it. */
const PERIOD_BYTES = 65_521;

const PATTERN = pattern();

/** Printable and in no order a compressor or a swapped chunk could hide in. */
function pattern(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(2 * PERIOD_BYTES);
  let state = 1;
  for (let i = 0; i < PERIOD_BYTES; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = 48 + ((state >>> 16) % 75);
  }
  bytes.copyWithin(PERIOD_BYTES, 0, PERIOD_BYTES);
  return bytes;
}

/** The parts of a benchmark's URL: `/TYPE/BYTES/DELAY_MS/POLICY/NAME`. */
export interface Resource {
  readonly path: string;
  readonly type: "json" | "html" | "bin";
  readonly bytes: number;
  readonly delayMs: number;
  readonly policy: "day" | "minute" | "never";
}

const TYPES = ["json", "html", "bin"] as const;
const POLICIES = ["day", "minute", "never"] as const;

/** The origin's directives about the lifetime of its answer. */
export const CACHE_CONTROL = {
  day: "public, max-age=86400",
  minute: "public, max-age=60",
  never: "no-store",
} as const satisfies Record<Resource["policy"], string>;

export function resourcePath({ type, bytes, delayMs, policy }: Omit<Resource, "path">, name: string): string {
  return `/${type}/${String(bytes)}/${String(delayMs)}/${policy}/${name}`;
}

/** `undefined`: not a URL of the benchmark. */
export function resourceAt(path: string): Resource | undefined {
  const [, typeName, bytes, delayMs, policyName, name] = path.split("/");
  const type = TYPES.find((each) => each === typeName);
  const policy = POLICIES.find((each) => each === policyName);
  if (!type || !policy || name === undefined) return undefined;
  return { path, type, bytes: Number(bytes), delayMs: Number(delayMs), policy };
}

/** Where in the pattern the body of a URL begins (FNV-1a). */
export function startOf(path: string): number {
  let hash = 2_166_136_261;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 16_777_619);
  // spreads what neighbours differ in
  hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_519);
  return ((hash ^ (hash >>> 13)) >>> 0) % PERIOD_BYTES;
}

/** At most `bytes` of a body from `offset` on, without a copy; fewer where the pattern begins again. */
export function slice(start: number, offset: number, bytes: number): Uint8Array<ArrayBuffer> {
  const from = (start + offset) % PERIOD_BYTES;
  return PATTERN.subarray(from, from + Math.min(bytes, PERIOD_BYTES));
}

/** A whole body. */
export function bodyOf({ path, bytes }: Pick<Resource, "path" | "bytes">): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(bytes);
  const start = startOf(path);
  for (let offset = 0; offset < bytes;) {
    const piece = slice(start, offset, bytes - offset);
    body.set(piece, offset);
    offset += piece.length;
  }
  return body;
}
