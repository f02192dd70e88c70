// Owns the shape of a site's configuration, and the messages about mistakes in it.
import * as v from "valibot";
import { canonicalHost } from "../http/message/host.ts";
import { anyOrigin } from "./origins.ts";
import { nameList } from "./name-list.ts";
import { fieldLists, origin, purge, rule } from "./rule-schema.ts";
import { bytes, cookiePattern, fieldPattern, flag, seconds } from "./scalars.ts";

const hostPattern = v.pipe(
  v.string(),
  v.regex(/^(?:\*|[a-z0-9.-]+(?::\d+)?)$/, 'its key must be a host in lower case, or "*"'),
  v.check((host) => canonicalHost(host) === host, "its key must be a host without a dot at its end"),
);

export const siteSchema = v.strictObject({
  /** Public host (or "*" for any other) -> the origin behind it. Without one, the zone's own origin answers, or the application's routes. */
  origins: v.optional(v.record(hostPattern, anyOrigin)),
  /** The meaning of cookies by name. A list adds to the known names; `{ only: [...] }` replaces them. */
  session: v.optional(
    v.strictObject({
      /** Cookies that make a request authenticated. */
      cookies: v.optional(nameList(cookiePattern)),
      /** Cookies that do not change the origin's answer: a fetch that may be stored does not forward them. */
      harmless: v.optional(nameList(cookiePattern)),
      /** Cookies that show drafts: their requests pass by the cache. */
      preview: v.optional(nameList(cookiePattern)),
    }),
  ),
  /** The meaning of request and response fields by name, beside the known ones. */
  fields: v.optional(
    v.strictObject({
      ...fieldLists,
      /** Request fields keyed as if `Vary` named them. */
      fragments: v.optional(v.array(fieldPattern, "must be a list")),
      /** Request fields that count as Authorization does. */
      credentials: v.optional(v.array(fieldPattern, "must be a list")),
      /** Response fields that belong to one person. */
      personal: v.optional(nameList(fieldPattern)),
      /** Whether an answer to a request with any unknown field is stored, where its `Vary` does not name the field. */
      unknown: v.optional(v.picklist(["shared", "unshared"], 'must be "shared" or "unshared"')),
    }),
  ),
  /** How long the edge waits for origins, and when it gives them a rest. */
  origin: v.optional(origin),
  purge: v.optional(purge),
  tiers: v.optional(
    v.strictObject({
      memory: v.optional(
        v.strictObject({
          /** Budget of an isolate: keys, headers and bodies. */
          bytes: v.optional(
            v.pipe(bytes, v.maxValue(96 * 2 ** 20, "must leave room in a 128 MB isolate: at most 96 MB")),
          ),
          /** Largest body kept. */
          bodyBytes: v.optional(bytes),
        }),
      ),
      global: v.optional(
        v.strictObject({
          /** Least remaining freshness worth a KV write, seconds. */
          minTtl: v.optional(v.pipe(seconds, v.minValue(60, "must be at least 60: KV keeps nothing shorter"))),
        }),
      ),
    }),
  ),
  /** Whether responses say which tier answered and how long that took. */
  serverTiming: v.optional(flag),
  /** In order: the first that matches decides. */
  rules: v.optional(v.array(rule)),
});

/** A site as its owner writes it; lists and objects may be read-only. */
export type SiteInput = Unchanged<v.InferInput<typeof siteSchema>>;
export type RuleInput = Unchanged<v.InferInput<typeof rule>>;

type Unchanged<T> = T extends readonly (infer Item)[]
  ? readonly Unchanged<Item>[]
  : T extends object
    ? { readonly [Member in keyof T]: Unchanged<T[Member]> }
    : T;
