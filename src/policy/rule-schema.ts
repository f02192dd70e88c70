// Owns the shape of one rule, and the messages about mistakes in it.
import * as v from "valibot";
import { whyUnnameable } from "../http/targets/tag-name.ts";
import { breaker } from "./breaker.ts";
import { hasStrayBrace, namesIn, whyUnusable } from "./segments.ts";
import { fieldPattern, flag, lifetime, seconds, someOf } from "./scalars.ts";
import { coding, vary } from "./vary-schema.ts";

const onUnknown = v.picklist(["revalidate", "serve"], 'must be "revalidate" or "serve"');
const maxLag = v.pipe(seconds, v.maxValue(60, "must be at most 60 seconds"));

const freshness = {
  /** Seconds within which every edge obeys a purge. */
  maxLag: v.optional(maxLag),
  /** The edge's behaviour while the log cannot be reached within `maxLag`. */
  onUnknown: v.optional(onUnknown),
};

/** For the whole site. */
export const purge = v.strictObject(freshness);

const rulePurge = v.strictObject({
  ...freshness,
  /** A successful unsafe request purges its URL on every edge, through the log, not only near where it passed. */
  unsafe: v.optional(v.literal("everywhere", 'must be "everywhere" or absent')),
});

const tag = v.pipe(
  v.string("must be a string"),
  v.nonEmpty("must not be empty"),
  v.maxLength(1024, "must be at most 1024 characters"),
  v.regex(/^[^\s,]+$/, "must not contain white space or commas"),
  v.check((written) => whyUnnameable(written) === undefined, "must not contain control characters or half a character"),
);

const pattern = v.pipe(
  v.string("must be a path pattern"),
  v.regex(/^\//, 'must start with "/"'),
  v.regex(/^[^?#]*$/, "must not contain a query or fragment: rules match paths"),
  v.rawCheck(({ dataset, addIssue }) => {
    const why = dataset.typed ? whyUnusable(dataset.value) : undefined;
    if (why !== undefined) addIssue({ message: why });
  }),
);

const status = v.pipe(
  v.string(),
  v.regex(
    /^(?!206|304|416)[2-5](?:\d\d|xx)$/,
    'its key must be a status or a class such as "404" or "5xx"; 206 and 304 have the lifetime of the whole, 416 is never stored',
  ),
);

const parameter = v.pipe(
  v.string("must be the name of a parameter"),
  v.nonEmpty("must not be empty"),
  v.regex(/^[^&=#]*$/, 'must be the name of a parameter, decoded, "*" for any characters'),
);

const query = v.pipe(
  v.strictObject({
    /** Parameters that reach the origin; all others are dropped. */
    allow: v.optional(v.array(parameter, "must be a list")),
    /** Parameters that are dropped. */
    deny: v.optional(v.array(parameter, "must be a list")),
    /** Order them by name. */
    sort: v.optional(flag),
  }),
  v.forward(
    v.check(({ allow, deny }) => !allow || !deny, "must not stand beside allow"),
    ["deny"],
  ),
);

const browser = v.pipe(
  v.strictObject({
    /** The lifetime for browsers, counted from when they get the response. */
    ttl: v.optional(lifetime),
    /** Their stale-while-revalidate window, seconds. */
    swr: v.optional(seconds),
    /** The content at this URL never changes. */
    immutable: v.optional(flag),
    /** Keep it and ask each time. */
    validate: v.optional(flag),
    /** Whether a response without an ETag gets one from its bytes. */
    etag: v.optional(flag),
  }),
  v.forward(
    v.check(
      ({ validate, ttl, swr, immutable }) => !validate || (ttl === undefined && swr === undefined && !immutable),
      "asks each time, so ttl, swr and immutable must be absent",
    ),
    ["validate"],
  ),
  v.forward(
    v.check(
      ({ immutable, validate, ttl }) => !immutable || validate === true || givesLifetime(ttl),
      "needs a ttl: a number, or one with a default",
    ),
    ["immutable"],
  ),
);

function givesLifetime(ttl: number | { readonly default?: number | undefined } | undefined): boolean {
  return typeof ttl === "number" || ttl?.default !== undefined;
}

/** For the whole site, and for a rule, whose members go before the site's. */
export const origin = v.strictObject({
  /** How long the edge waits for the origin's header section, seconds; then the request has failed. */
  deadline: v.optional(
    v.pipe(seconds, v.minValue(0.1, "must be at least 0.1 seconds"), v.maxValue(300, "must be at most 300 seconds")),
  ),
  /** How long a client waits for the origin before a stale response stands in, seconds. */
  patience: v.optional(v.pipe(seconds, v.maxValue(300, "must be at most 300 seconds"))),
  /** When the origin is given a rest; `false`: never. */
  breaker: v.optional(breaker),
});

/** The meaning of request fields by name, for a site or for one rule. These lists count before the known ones. */
export const fieldLists = {
  /** Request fields that a fetch which may be stored does not take along. */
  drop: v.optional(v.array(fieldPattern, "must be a list")),
  /** Request fields that do not change the origin's answer: forwarded, and no reason against storing. */
  plain: v.optional(v.array(fieldPattern, "must be a list")),
};

const fields = v.strictObject({
  /** Path pattern; `*` stands for any characters, `{name}` for one segment. The first rule that matches a path decides. */
  match: pattern,
  /** Whether case counts. A rule with `bypass` matches in any case, and in every spelling, unless this says "exact". */
  matchCase: v.optional(v.picklist(["exact", "fold"], 'must be "exact" or "fold"')),
  /** Pass every request through, untouched and unstored. */
  bypass: v.optional(flag),
  /** Whether a client's Cache-Control may force the edge to go to the origin. */
  client: v.optional(v.picklist(["honour", "ignore"], 'must be "honour" or "ignore"')),
  edge: v.optional(
    v.strictObject({
      ttl: v.optional(lifetime),
      /** stale-while-revalidate and stale-if-error windows, seconds. */
      swr: v.optional(seconds),
      sie: v.optional(seconds),
      /** Status, or class of statuses -> its lifetime in the place of `ttl`. */
      status: v.optional(v.record(status, lifetime)),
    }),
  ),
  /** How long the edge waits for the origin, and when it gives it a rest. */
  origin: v.optional(origin),
  /** Freshness for browsers, in the place of the origin's. */
  browser: v.optional(browser),
  /** Which parameters of the query make a difference. */
  query: v.optional(query),
  /** Which request headers make a difference, and which values of theirs. */
  vary: v.optional(vary),
  /** Codings that text leaves in, in the site's order of preference; or false. */
  compress: v.optional(v.union([v.literal(false), someOf(coding)], 'must be false or a list of "br", "zstd", "gzip"')),
  /** The meaning of request fields by name here, beside the site's lists. */
  fields: v.optional(v.strictObject(fieldLists)),
  /** `"ignore"`: cookies make no difference here, so none reaches the origin with a fetch that may be stored. */
  cookies: v.optional(v.literal("ignore", 'must be "ignore" or absent')),
  /** Store an answer to POST that says it is what a GET would get (RFC 9110 9.3.3). The request's body is in no key. */
  storePost: v.optional(flag),
  /** Authenticated requests get the same answer as everybody else. */
  auth: v.optional(v.literal("shared", 'must be "shared" or absent')),
  /** Store and deliver responses without the cookies they set. */
  setCookie: v.optional(v.literal("strip", 'must be "strip" or absent')),
  /** Whether ambiguous paths, and static names that answer with a page, are kept out of the cache. */
  guard: v.optional(flag),
  /** Tags added to every response of this rule; `{name}` is what the path has there. */
  tags: v.optional(v.pipe(v.array(tag), v.maxLength(100, "must hold at most 100 tags"))),
  purge: v.optional(rulePurge),
  /** Whether responses of this rule may be kept in KV. */
  global: v.optional(flag),
  /** Isolates wait for each other's fetch, by a lease. */
  collapse: v.optional(v.literal("global", 'must be "global" or absent')),
});

/** A tag can only name what the pattern names. */
export const rule = v.pipe(
  fields,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { match, tags = [] } = dataset.value;
    const known = namesIn(match);
    for (const [key, value] of tags.entries()) {
      const unknown = namesIn(value).find((name) => !known.includes(name));
      const why =
        unknown === undefined
          ? hasStrayBrace(value) && "has a brace that belongs to no {name}"
          : `has {${unknown}}, which match does not name`;
      if (why === false) continue;
      addIssue({
        message: why,
        path: [
          { type: "object", origin: "value", input: dataset.value, key: "tags", value: tags },
          { type: "array", origin: "value", input: tags, key, value },
        ],
      });
    }
  }),
);
