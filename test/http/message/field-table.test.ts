// Owns the proof of what happens to each header field: upstream, into the store, on a 304, out to clients.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addressedToEdge,
  deliverable,
  endToEndFields,
  forwardedToOrigin,
  kept,
  mergedBy304,
  passedToOrigin,
  sentOn304,
} from "../../../src/http/message/field-table.ts";
import { type HeaderPairs, readerOf } from "../../../src/http/message/fields.ts";

const names = (pairs: HeaderPairs): readonly string[] => pairs.map(([name]) => name);

/** `passed`: the request goes on as it came. */
function forwarded(pairs: HeaderPairs, passed = false): readonly string[] {
  return names((passed ? passedToOrigin : forwardedToOrigin)(pairs, readerOf(pairs)));
}

const HOP = [
  "Connection",
  "Keep-Alive",
  "Proxy-Authenticate",
  "Proxy-Authentication-Info",
  "Proxy-Authorization",
  "Proxy-Connection",
  "TE",
  "Trailer",
  "Transfer-Encoding",
  "Upgrade",
];

const FOR_US = [
  "Surrogate-Control",
  "Cloudflare-CDN-Cache-Control",
  "Cache-Tag",
  "Surrogate-Key",
  "Edge-Cache-Tag",
  "CDN-Tag",
  "Netlify-Cache-Tag",
];

describe("towards the origin", () => {
  it.each(HOP)("RFC 9110 7.6.1: %s belongs to one connection", (name) => {
    expect(forwarded([[name, "x"]], true)).toEqual([]);
    expect(forwarded([[name.toUpperCase(), "x"]], true)).toEqual([]);
  });

  it("RFC 9110 7.6.1: nor does what Connection lists go on", () => {
    const pairs: HeaderPairs = [
      ["connection", "close, X-Mine"],
      ["Connection", "x-other"],
      ["x-mine", "1"],
      ["X-Other", "1"],
      ["x-third", "1"],
    ];
    expect(forwarded(pairs)).toEqual(["x-third"]);
  });

  it.each(["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range"])(
    "RFC 9111 4.3.1, 3.3: %s goes on only where the request is not decided here",
    (name) => {
      expect(forwarded([[name, "x"]])).toEqual([]);
      expect(forwarded([[name, "x"]], true)).toEqual([name]);
    },
  );

  it.each(["Accept", "Accept-Language", "Authorization", "Cookie", "Cache-Control", "User-Agent", "Origin"])(
    "RFC 9110 3.7: %s goes on",
    (name) => {
      expect(forwarded([[name, "x"]])).toEqual([name]);
    },
  );

  it.each(["Referer", "Prefer", "From", "Expect", "CF-Connecting-IP"])(
    "%s goes on with what passes by alone",
    (name) => {
      expect(forwarded([[name, "x"]])).toEqual([]);
      expect(forwarded([[name, "x"]], true)).toEqual([name]);
    },
  );
});

describe("towards clients and into the store", () => {
  it.each(HOP)("RFC 9111 3.1: %s is neither delivered nor kept", (name) => {
    const pairs: HeaderPairs = [[name, "x"]];
    expect(endToEndFields(pairs, readerOf(pairs))).toEqual([]);
    expect(kept(endToEndFields(pairs, readerOf(pairs)))).toEqual([]);
  });

  it("RFC 9111 3.1: nor is what the response's Connection lists", () => {
    const pairs: HeaderPairs = [
      ["Connection", "X-A"],
      ["x-a", "1"],
      ["x-b", "2"],
    ];
    expect(kept(endToEndFields(pairs, readerOf(pairs)))).toEqual([["x-b", "2"]]);
  });

  it.each(FOR_US)("RFC 9213 2: %s is for this cache: kept aside, not delivered", (name) => {
    const pairs: HeaderPairs = [[name, "x"]];
    expect(deliverable(endToEndFields(pairs, readerOf(pairs)))).toEqual([]);
    expect(kept(endToEndFields(pairs, readerOf(pairs)))).toEqual([]);
    expect(addressedToEdge(pairs)).toEqual(pairs);
  });

  it("RFC 9213 2: CDN-Cache-Control is delivered and kept: the next CDN needs it", () => {
    const pairs: HeaderPairs = [["CDN-Cache-Control", "max-age=60"]];
    expect(kept(endToEndFields(pairs, readerOf(pairs)))).toEqual(pairs);
    expect(addressedToEdge(pairs)).toEqual([]);
  });

  const OF_ONE_EXCHANGE = ["X-Request-Id", "Traceparent", "Tracestate", "Traceresponse", "Server-Timing"];

  it.each(["Set-Cookie", "SET-COOKIE", "Age", "X-Cache", ...OF_ONE_EXCHANGE])(
    "%s is delivered once and never kept",
    (name) => {
      const pairs: HeaderPairs = [[name, "x"]];
      expect(deliverable(endToEndFields(pairs, readerOf(pairs)))).toEqual(pairs);
      expect(kept(endToEndFields(pairs, readerOf(pairs)))).toEqual([]);
    },
  );

  it.each(["ETag", "Vary", "Cache-Status", "Content-Type", "Content-Security-Policy", "WWW-Authenticate", "__proto__"])(
    "RFC 9111 3.1: %s is kept, unknown fields included",
    (name) => {
      const pairs: HeaderPairs = [[name, "x"]];
      expect(kept(endToEndFields(pairs, readerOf(pairs)))).toEqual(pairs);
    },
  );

  it("RFC 9110 5.3: keeps lines, their order and their spelling", () => {
    const pairs: HeaderPairs = [
      ["Link", "</a>"],
      ["X-B", "1"],
      ["link", "</c>"],
    ];
    expect(kept(endToEndFields(pairs, readerOf(pairs)))).toEqual(pairs);
  });
});

describe("merging a 304", () => {
  it.each([
    ["a new value replaces the old", [["X-A", "1"]], [["x-a", "2"]], [["x-a", "2"]]],
    [
      "several lines replace several",
      [
        ["a", "1"],
        ["A", "2"],
      ],
      [
        ["a", "3"],
        ["a", "4"],
      ],
      [
        ["a", "3"],
        ["a", "4"],
      ],
    ],
    [
      "a new field is added",
      [["a", "1"]],
      [["b", "2"]],
      [
        ["a", "1"],
        ["b", "2"],
      ],
    ],
    ["a field it does not bring stays", [["a", "1"]], [], [["a", "1"]]],
    ["Content-Type stays", [["Content-Type", "a/b"]], [["content-type", "c/d"]], [["Content-Type", "a/b"]]],
    ["Content-Encoding stays", [], [["Content-Encoding", "br"]], []],
    ["Content-Length stays", [["content-length", "3"]], [["Content-Length", "0"]], [["content-length", "3"]]],
    ["Content-Range stays", [], [["Content-Range", "bytes 0-1/2"]], []],
    ["Age is the new one's", [], [["Age", "3"]], [["Age", "3"]]],
  ] as const)("RFC 9111 3.2: %s", (_, stored, fresh, merged) => {
    expect(mergedBy304(stored, fresh)).toEqual(merged);
  });

  it("is idempotent", () => {
    const pair = fc.tuple(fc.constantFrom("a", "A", "b", "content-type", "etag"), fc.string());
    fc.assert(
      fc.property(fc.array(pair), fc.array(pair), (stored, fresh) => {
        const once = mergedBy304(stored, fresh);
        expect(mergedBy304(once, fresh)).toEqual(once);
      }),
    );
  });
});

describe("the fields of a 304 to a client", () => {
  it.each(["Cache-Control", "CDN-Cache-Control", "Content-Location", "Date", "ETag", "Expires", "Vary"])(
    "RFC 9110 15.4.5: %s",
    (name) => {
      expect(names(sentOn304([[name, "x"]]))).toEqual([name]);
    },
  );

  it("RFC 9111 5.1: Age, since the answer comes from a cache", () => {
    expect(names(sentOn304([["Age", "5"]]))).toEqual(["Age"]);
  });

  it.each(["Content-Type", "Content-Length", "Content-Encoding", "Content-Range", "X-Other"])(
    "RFC 9110 15.4.5: not %s",
    (name) => {
      expect(sentOn304([[name, "x"]])).toEqual([]);
    },
  );

  it("RFC 9110 15.4.5: Last-Modified only where there is no ETag", () => {
    expect(names(sentOn304([["Last-Modified", "x"]]))).toEqual(["Last-Modified"]);
    expect(
      names(
        sentOn304([
          ["last-modified", "x"],
          ["ETAG", '"a"'],
        ]),
      ),
    ).toEqual(["ETAG"]);
  });
});
