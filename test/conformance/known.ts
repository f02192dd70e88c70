// Owns the documented list: the required and optimal cases that fail because they cannot pass here, or must not.

/** By case, one sentence that names the section or the platform's limit. */
export type KnownFailures = ReadonlyMap<string, string>;

interface Group {
  readonly reason: string;
  readonly cases: readonly string[];
}

const GROUPS: readonly Group[] = [
  {
    reason:
      "RFC 9111 5.1: of an Age list the first member counts, and `0` or `3600` is within this response's lifetime; `age-parse-prefix`, which passes, says the same of one line.",
    cases: ["age-parse-prefix-twoline", "age-parse-dup-0", "age-parse-dup-0-twoline", "age-parse-dup-old"],
  },
  {
    reason: "RFC 9111 5.1: an Age that is not a non-negative integer is ignored, so the response is fresh.",
    cases: [
      "age-parse-nonnumeric",
      "age-parse-negative",
      "age-parse-float",
      "age-parse-parameter",
      "age-parse-numeric-parameter",
    ],
  },
  {
    reason:
      "RFC 9110 15.6.3: the origin closes the connection, so a gateway answers 502 in its own name; the case wants a 200 of the origin, which never sent one, and no cache whose results come with the package passes it.",
    cases: [
      "stale-close-must-revalidate",
      "stale-close-proxy-revalidate",
      "stale-close-no-cache",
      "stale-close-s-maxage=2",
    ],
  },
  {
    reason: "The runtime answers M-SEARCH with 501 itself; the request never reaches the worker.",
    cases: ["invalidate-M-SEARCH", "invalidate-M-SEARCH-failed", "invalidate-M-SEARCH-cl"],
  },
  {
    reason:
      "Refused on purpose, although RFC 9111 7.3 permits it: a response with Set-Cookie is not stored unless the site says so, since one client's cookie would go to all.",
    cases: ["headers-store-Set-Cookie", "304-etag-update-response-Set-Cookie", "other-set-cookie"],
  },
  {
    reason:
      "RFC 9110 9.3.3 permits it, and a rule may ask for it (`storePost`); by default it is refused, because the body of the POST is in no key.",
    cases: ["method-POST"],
  },
  {
    reason:
      "RFC 9111 4.3.4: a 304 with a strong validator that no stored response has must not be used to update any; the case wants it used.",
    cases: ["304-etag-update-response-ETag"],
  },
  {
    reason:
      "Of no RFC but the W3C Edge Architecture note: no Surrogate-Capability is sent to the origin, so a Surrogate-Control directive with a target is another device's and fails closed.",
    cases: ["surrogate-fresh-cc-nostore", "surrogate-max-age-me-target"],
  },
  {
    reason:
      "RFC 9110 13.1.3: the stored response has no Last-Modified to compare with the If-Modified-Since sent, so the answer is 200; the Date that RFC 9111 4.3.2 would compare instead is later than that, too.",
    cases: ["conditional-lm-fresh-no-lm"],
  },
  {
    reason:
      "RFC 9111 3.3: the 206's Content-Range `4-9` names six bytes and its body has five, so bytes 4-8 are what is stored; the case wants the sixth, or counts from the end.",
    cases: [
      "partial-store-partial-reuse-partial",
      "partial-store-partial-reuse-partial-absent",
      "partial-store-partial-reuse-partial-suffix",
    ],
  },
];

export const KNOWN_FAILURES: KnownFailures = new Map(
  GROUPS.flatMap(({ reason, cases }) => cases.map((id): [string, string] => [id, reason])),
);
