// Owns the shape of a site's configuration: what may be written, and what is said when it is not.
import * as v from "valibot";

const seconds = v.pipe(
  v.number("must be a number of seconds"),
  v.finite("must be a finite number of seconds"),
  v.minValue(0, "must not be negative"),
  v.maxValue(2 ** 31 - 1, "must be at most 2147483647 seconds"),
);

const bytes = v.pipe(
  v.number("must be a number of bytes"),
  v.integer("must be a whole number of bytes"),
  v.minValue(0, "must not be negative"),
);

const ttlRange = v.pipe(
  v.strictObject({ min: v.optional(seconds), default: v.optional(seconds), max: v.optional(seconds) }),
  v.check(({ min = 0, max = Number.POSITIVE_INFINITY }) => min <= max, "min must not be greater than max"),
);

const onUnknown = v.picklist(["revalidate", "serve"], 'must be "revalidate" or "serve"');
const maxLag = v.pipe(seconds, v.maxValue(60, "must be at most 60 seconds"));

const purge = v.strictObject({
  /** Seconds within which every edge obeys a purge. */
  maxLag: v.optional(maxLag),
  /** What a reader does when the log cannot be reached within `maxLag`. */
  onUnknown: v.optional(onUnknown),
});

const tag = v.pipe(
  v.string("must be a string"),
  v.nonEmpty("must not be empty"),
  v.maxLength(1024, "must be at most 1024 characters"),
  v.regex(/^[^\s,]+$/, "must not contain white space or commas"),
);

const pattern = v.pipe(
  v.string("must be a path pattern"),
  v.regex(/^\//, 'must start with "/"'),
  v.regex(/^[^?#]*$/, "must not contain a query or fragment: rules match paths"),
);

const rule = v.strictObject({
  /** Path pattern; `*` stands for any characters. The first rule that matches a path decides. */
  match: pattern,
  /** Pass every request through, untouched and unstored. */
  bypass: v.optional(v.boolean("must be true or false")),
  /** Whether a client's Cache-Control may force the edge to go to the origin. */
  client: v.optional(v.picklist(["honour", "ignore"], 'must be "honour" or "ignore"')),
  edge: v.optional(
    v.strictObject({
      /** A number replaces the origin's lifetime; an object fills it in and bounds it. Seconds. */
      ttl: v.optional(v.union([seconds, ttlRange], "must be a number of seconds or { min, default, max }")),
      /** stale-while-revalidate and stale-if-error windows, seconds. */
      swr: v.optional(seconds),
      sie: v.optional(seconds),
    }),
  ),
  /** Authenticated requests get the same answer as anybody. */
  auth: v.optional(v.literal("shared", 'must be "shared" or absent')),
  /** Tags added to every response of this rule. */
  tags: v.optional(v.pipe(v.array(tag), v.maxLength(100, "must hold at most 100 tags"))),
  purge: v.optional(purge),
  /** Whether responses of this rule may be kept in KV. */
  global: v.optional(v.boolean("must be true or false")),
});

/** http or https, a host, nothing after it. */
export const originUrl = v.pipe(
  v.string("must be a URL"),
  v.check(isOriginUrl, "must be http:// or https:// with a host, and nothing after it"),
);

const cookiePattern = v.pipe(
  v.string("must be a cookie name"),
  v.regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, 'must be a cookie name, "*" for any characters'),
);

const hostPattern = v.pipe(
  v.string(),
  v.regex(/^(?:\*|[a-z0-9.-]+(?::\d+)?)$/, 'its key must be a host in lower case, or "*"'),
);

export const siteSchema = v.strictObject({
  /** Public host (or "*" for any other) -> the origin behind it. Without one, the zone's own origin is fetched. */
  origins: v.optional(v.record(hostPattern, originUrl)),
  session: v.optional(
    v.strictObject({
      /** Cookies that make a request authenticated; replaces the default list. */
      cookies: v.array(cookiePattern),
    }),
  ),
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
  /** In order: the first that matches decides. */
  rules: v.optional(v.array(rule)),
});

export type SiteInput = v.InferInput<typeof siteSchema>;
export type RuleInput = v.InferInput<typeof rule>;

function isOriginUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const bare =
    url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  return (url.protocol === "https:" || url.protocol === "http:") && bare;
}
