// Owns the admin tokens: their configuration, and which of them a request presents. It compares digests, all of them each time, in constant time.
import * as v from "valibot";
import { canonicalHost } from "../http/message/host.ts";

/** `npm start` uses it when STRATA_TOKEN is not set. A deployment refuses it. */
export const DEVELOPMENT_TOKEN = "dev-token";

/** `purge`: whatever the token's patterns allow. `everything`: also purge everything. `read`: the history of purges. */
const ACTIONS = ["purge", "everything", "read"] as const;
export type Action = (typeof ACTIONS)[number];

/** Default rate of purges for one token. */
const RATE = { perSecond: 2000, burst: 4000 } as const;

/** The name of STRATA_TOKEN's token. Purges are recorded, limited and remembered by name, so no other token may have it. */
const OWN_NAME = "token";

/** A token's name, and what it may do. */
export interface Grant {
  readonly name: string;
  readonly actions: readonly Action[];
  /** `*` stands for any characters. Where any of the three is given, a target that none of them allows is refused. */
  readonly tags?: readonly string[] | undefined;
  readonly hosts?: readonly string[] | undefined;
  /** Beginnings of host and path. */
  readonly prefixes?: readonly string[] | undefined;
  readonly rate: { readonly perSecond: number; readonly burst: number };
}

interface Token {
  readonly digest: ArrayBuffer;
  readonly grant: Grant;
  /** Milliseconds since 1970. */
  readonly notBeforeMs: number;
  readonly expiresMs: number;
}

export type Judgement = Grant | "denied" | "closed";

/** Judges a presented token. "closed" where no usable token is configured: then the endpoint must not even show that it exists. */
export type Tokens = (presented: string | undefined, nowMs: number) => Promise<Judgement>;

export interface TokensConfiguration {
  /** STRATA_TOKEN: one token that may do everything. */
  readonly token: string | undefined;
  /** STRATA_TOKENS: JSON, a list of named tokens. */
  readonly named: string | undefined;
  readonly isDevelopment: boolean;
}

const time = v.pipe(
  v.string("must be a time such as 2026-12-31T00:00:00Z"),
  v.check((text) => !Number.isNaN(Date.parse(text)), "must be a time such as 2026-12-31T00:00:00Z"),
);
const text = v.pipe(v.string("must be a string"), v.nonEmpty("must not be empty"));
const patterns = listOf(text);
/** No request names such a host, so the pattern would never match. */
const WITHOUT_DOT = "must be a host without a dot at its end";
const schema = v.array(
  v.strictObject({
    name: v.pipe(text, v.regex(/^[\w.-]{1,64}$/, "must be at most 64 letters, digits, dots, dashes")),
    /** SHA-256 of the token in 64 hexadecimal digits: the configuration holds no secret. */
    sha256: v.pipe(v.string("must be a string"), v.regex(/^[0-9a-f]{64}$/i, "must be 64 hexadecimal digits")),
    actions: v.optional(listOf(v.picklist(ACTIONS, `must be one of ${ACTIONS.join(", ")}`))),
    tags: v.optional(patterns),
    hosts: v.optional(
      listOf(
        v.pipe(
          text,
          v.regex(/^[a-z0-9._:*[\]-]+$/, "must be a host in lower case"),
          v.check((host) => canonicalHost(host) === host, WITHOUT_DOT),
        ),
      ),
    ),
    prefixes: v.optional(
      v.array(
        v.pipe(
          text,
          v.regex(/^[a-z0-9._:[\]-]+\//, "must be a host in lower case and a path: shop.example/"),
          v.check((prefix) => hasCanonicalHost(prefix), WITHOUT_DOT),
        ),
        "must be a list",
      ),
    ),
    /** Purges a second. */
    rate: v.optional(
      v.pipe(v.number("must be a number"), v.minValue(0.01, "must be at least 0.01"), v.maxValue(RATE.perSecond)),
    ),
    notBefore: v.optional(time),
    expires: v.optional(time),
  }),
  "must be a list of tokens",
);

function listOf<Item extends v.GenericSchema>(item: Item) {
  return v.pipe(v.array(item, "must be a list"), v.nonEmpty("must not be empty"));
}

function hasCanonicalHost(place: string): boolean {
  const [host = ""] = place.split("/", 1);
  return canonicalHost(host) === host;
}

/** Problems of STRATA_TOKENS, each with its place; empty where it can be used. */
export function tokenProblems(named: string | undefined): readonly string[] {
  return parse(named).problems;
}

/** Authenticates against these tokens. STRATA_TOKENS with any problem lets nobody in, rather than a half-read list: report `tokenProblems`. */
export function tokensOf({ token, named, isDevelopment }: TokensConfiguration): Tokens {
  // hashed at the first request: the platform forbids such work while the isolate starts
  let made: Promise<readonly Token[]> | undefined;
  return async (presented, nowMs) => {
    const all = await (made ??= tokens({ token, named, isDevelopment }));
    if (all.length === 0) return "closed";
    const digest = await digestOf(presented ?? "");
    let found: Token | undefined;
    // no early exit: the time it takes must not tell which token matched
    for (const one of all) if (crypto.subtle.timingSafeEqual(digest, one.digest)) found = one;
    const isCurrent = found !== undefined && found.notBeforeMs <= nowMs && nowMs < found.expiresMs;
    return isCurrent && found && isSecret(presented, isDevelopment) ? found.grant : "denied";
  };
}

/** An empty token and the development token are no secrets, even where somebody has configured their digest by mistake. */
function isSecret(token: string | undefined, isDevelopment: boolean): token is string {
  return token !== undefined && token !== "" && (isDevelopment || token !== DEVELOPMENT_TOKEN);
}

async function tokens({ token, named, isDevelopment }: TokensConfiguration): Promise<readonly Token[]> {
  const grant: Grant = { name: OWN_NAME, actions: ACTIONS, rate: RATE };
  const own = isSecret(token, isDevelopment)
    ? [{ digest: await digestOf(token), grant, notBeforeMs: 0, expiresMs: Number.POSITIVE_INFINITY }]
    : [];
  return [...own, ...parse(named).tokens];
}

interface Parsed {
  readonly tokens: readonly Token[];
  readonly problems: readonly string[];
}

function parse(named: string | undefined): Parsed {
  if (named === undefined || named === "") return { tokens: [], problems: [] };
  let value: unknown;
  try {
    value = JSON.parse(named);
  } catch {
    return { tokens: [], problems: ["STRATA_TOKENS: is no JSON"] };
  }
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) return { tokens: [], problems: parsed.issues.map(described) };
  const problems = repetitions(parsed.output);
  if (problems.length > 0) return { tokens: [], problems };
  return { tokens: parsed.output.map(tokenOf), problems: [] };
}

/** Two tokens with one digest could not be told apart. */
function repetitions(all: v.InferOutput<typeof schema>): readonly string[] {
  const names = new Set([OWN_NAME]);
  const digests = new Set<string>();
  return all.flatMap(({ name, sha256 }) => {
    const problems = [
      ...(names.has(name) ? [`STRATA_TOKENS: two tokens are named ${name}`] : []),
      ...(digests.has(sha256.toLowerCase()) ? [`STRATA_TOKENS: two tokens have the digest of ${name}`] : []),
    ];
    names.add(name);
    digests.add(sha256.toLowerCase());
    return problems;
  });
}

function described(issue: v.BaseIssue<unknown>): string {
  const place = (issue.path ?? []).map(({ key }) => `.${String(key)}`).join("");
  return `STRATA_TOKENS${place}: ${issue.message}`;
}

function tokenOf({
  name,
  sha256,
  actions = ["purge"],
  tags,
  hosts,
  prefixes,
  rate,
  notBefore,
  expires,
}: v.InferOutput<typeof schema>[number]): Token {
  const perSecond = rate ?? RATE.perSecond;
  return {
    digest: Uint8Array.from(sha256.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)).buffer,
    grant: { name, actions, tags, hosts, prefixes, rate: { perSecond, burst: Math.max(1, Math.ceil(perSecond * 2)) } },
    notBeforeMs: notBefore === undefined ? 0 : Date.parse(notBefore),
    expiresMs: expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires),
  };
}

/** All digests have one length, so comparing takes the same time whatever was presented. */
function digestOf(secret: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
}

/** The token of an Authorization field (RFC 6750 2.1). */
export function bearerToken(authorization: string | null): string | undefined {
  return /^bearer +([^\s]+)$/i.exec(authorization ?? "")?.[1];
}
