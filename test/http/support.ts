// Owns the builders of requests, responses and stored records that tests of the core share.
import {
  type Naming,
  type RequestFacts,
  requestFacts,
  type ResponseFacts,
  responseFacts,
} from "../../src/http/message/facts.ts";
import type { FieldReader, HeaderPairs } from "../../src/http/message/fields.ts";
import { DEFAULT_GROUPS } from "../../src/http/message/request-fields.ts";
import { nameTest, PERSONAL_FIELDS } from "../../src/http/message/personal-fields.ts";
import type { SettlePolicy } from "../../src/http/law/record.ts";
import { type OriginFetch, type Settle, settle } from "../../src/http/law/settle.ts";
import type { Fence, Stored } from "../../src/http/law/stored.ts";
import type { ReusePolicy } from "../../src/http/law/reuse.ts";

export const NOW = Date.UTC(2026, 0, 15, 12, 0, 0);
const SECOND = 1000;

export type Fields = Readonly<Record<string, string>> | HeaderPairs;

/** An HTTP-date some seconds from NOW. */
export function at(seconds: number): string {
  return new Date(NOW + seconds * SECOND).toUTCString();
}

function pairsOf(fields: Fields): HeaderPairs {
  return Array.isArray(fields) ? (fields as HeaderPairs) : Object.entries(fields);
}

/** As the door reads them: from a `Headers`, which refuses names that are no tokens. */
function sentFields(fields: Fields): ReadonlyMap<string, string> {
  return new Map(new Headers(pairsOf(fields).map(([name, value]): [string, string] => [name, value])));
}

export function readerOfHeaders(fields: Fields): FieldReader {
  const sent = sentFields(fields);
  return (name) => sent.get(name);
}

/** Only the cookie `sid` marks a session here, and only `odd` is unknown. */
const NAMING: Naming = {
  groupOf: DEFAULT_GROUPS,
  cookieGroupOf: (name) => (name === "sid" ? "session" : name === "odd" ? "unknown" : "harmless"),
  refusesUnknown: false,
};

export interface RequestShape {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
}

/** See NAMING for what cookies mean here. */
export function requestOf(fields: Fields = {}, shape: RequestShape = {}): RequestFacts {
  const { method = "GET", path = "/page", query = "" } = shape;
  const location = { scheme: "https", host: "shop.example", path, query } as const;
  return requestFacts(method, location, sentFields(fields), NAMING);
}

export interface ResponseShape {
  readonly status?: number;
  readonly requestedAtMs?: number;
  readonly receivedAtMs?: number;
}

export function responseOf(fields: Fields, shape: ResponseShape = {}): ResponseFacts {
  const { status = 200, receivedAtMs = NOW } = shape;
  return responseFacts(status, pairsOf(fields), shape.requestedAtMs ?? receivedAtMs, receivedAtMs);
}

const FENCE: Fence = { incarnation: "log-1", seq: 5 };

export const POLICY: SettlePolicy = {
  ttl: undefined,
  defaultTtl: undefined,
  minTtl: undefined,
  maxTtl: undefined,
  byStatus: new Map(),
  staleWhileRevalidate: undefined,
  staleIfError: undefined,
  sharedRoute: false,
  tagsOf: () => [],
  honourClient: true,
  deceptionGuard: true,
  staticExtension: undefined,
  isPersonalField: nameTest(PERSONAL_FIELDS),
  keepCodings: false,
};

export const HONOUR: ReusePolicy = { honourClient: true };
export const IGNORE: ReusePolicy = { honourClient: false };

/** A request to the origin by its parts; stored responses without their bodies. */
export interface AskedShape extends Partial<Omit<OriginFetch, "held" | "standIn" | "prefix">> {
  readonly stored?: Stored | undefined;
  readonly standIn?: Stored | undefined;
  readonly prefix?: Stored | undefined;
}

export function askedOf({ stored, standIn, prefix, ...asked }: AskedShape = {}): OriginFetch {
  return {
    request: requestOf(),
    held: stored && { stored },
    standIn: standIn && { stored: standIn },
    prefix: prefix && { stored: prefix },
    clientConditionals: false,
    purge: { state: "clear" },
    fence: FENCE,
    ...asked,
  };
}

/** The verdict on an origin's answer to a plain GET. */
export function settled(
  fields: Fields,
  shape: ResponseShape = {},
  asked: AskedShape = {},
  policy: Partial<SettlePolicy> = {},
): Settle {
  return settle(responseOf(fields, shape), askedOf(asked), { ...POLICY, ...policy }, shape.receivedAtMs ?? NOW);
}

/** The record an answer becomes; the test fails where it is not stored. */
export function storedFrom(
  fields: Fields,
  shape: ResponseShape = {},
  asked: AskedShape = {},
  policy: Partial<SettlePolicy> = {},
): Stored {
  const verdict = settled(fields, shape, asked, policy);
  if (verdict.verdict !== "store") throw new Error(`expected a stored response, got ${JSON.stringify(verdict)}`);
  return verdict.stored;
}

/** A record stored at NOW, fresh for 60 seconds, open to nobody in particular. */
export function storedOf(parts: Partial<Stored> = {}): Stored {
  return {
    status: 200,
    headers: [["content-type", "text/html"]],
    edgeHeaders: [],
    bodyLength: 3,
    receivedAtMs: NOW,
    initialAgeSeconds: 0,
    lifetimeSeconds: 60,
    staleWhileRevalidateSeconds: 0,
    staleIfErrorSeconds: 0,
    staleAllowed: true,
    alwaysValidate: false,
    forAuthorization: false,
    forSession: false,
    etag: undefined,
    lastModified: undefined,
    variant: {},
    targets: [],
    fence: FENCE,
    ...parts,
  };
}

/** The values of one field, in order, whatever the case of its name. */
export function valuesOf(pairs: HeaderPairs, name: string): readonly string[] {
  return pairs.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
}
