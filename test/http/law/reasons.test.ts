// Owns the proof that every reason code is fit for Cache-Status, logs and metrics.
import { describe, expect, it } from "vitest";
import {
  fwdOf,
  isOfRequest,
  newerMayExist,
  type ReasonCode,
  REASONS,
  withdraws,
} from "../../../src/http/law/reasons.ts";

const CODES = Object.keys(REASONS) as ReasonCode[];

describe("reasons", () => {
  it.each(CODES)("%s is a token and is explained", (code) => {
    expect(code).toMatch(/^[a-z0-9-]+$/);
    expect(REASONS[code]).toMatch(/\w/);
  });

  it("RFC 9211 2.2: use its words for why a request went forward", () => {
    const words = ["bypass", "method", "uri-miss", "vary-miss", "miss", "request", "stale", "partial", undefined];
    for (const code of CODES) expect(words).toContain(fwdOf(code));
  });

  it("RFC 9211 2.2: what was answered from what is held did not go forward", () => {
    for (const code of ["fresh", "max-stale", "stale-while-revalidate"] as const) expect(fwdOf(code)).toBeUndefined();
  });

  it("a farther tier is asked only where it may hold a better response", () => {
    expect(CODES.filter(newerMayExist).sort()).toEqual([
      "partial",
      "purge-floor",
      "purge-log-changed",
      "purged",
      "soft-purged",
      "stale",
      "stale-while-revalidate",
    ]);
  });
});

/** Whose fault it is where an answer is not stored: the resource's, or one request's, which says nothing of what others would get. */
type Fault = "resource" | "request" | "none";

/** A new code must be put in here: could one client provoke it for a resource that is otherwise storable? */
const FAULTS: Readonly<Record<ReasonCode, Fault>> = {
  // why a request was answered from what is held, or went forward: no reason not to store
  fresh: "none",
  "max-stale": "none",
  "stale-while-revalidate": "none",
  "stale-if-error": "none",
  "stale-if-slow": "none",
  "stale-if-busy": "none",
  "uri-miss": "none",
  "vary-miss": "none",
  purged: "none",
  "purge-floor": "none",
  "purge-log-changed": "none",
  "soft-purged": "none",
  stale: "none",
  "no-cache": "none",
  partial: "none",
  "request-no-cache": "none",
  "request-max-age": "none",
  authorization: "none",
  "session-cookie": "none",
  "only-if-cached": "none",
  "bad-request": "none",
  method: "none",
  upgrade: "none",
  precondition: "none",
  rule: "none",
  preview: "none",
  loop: "none",
  stored: "none",
  validated: "none",
  completed: "none",
  "validator-mismatch": "none",
  "part-mismatch": "none",
  "nonce-changed": "none",
  "head-freshened": "none",
  // no answer came
  "origin-unreachable": "none",
  "origin-invalid": "none",
  "origin-timeout": "none",
  "origin-resting": "none",
  // the origin says it of the resource; with a client's cookie in the question it counts for such questions alone (flow/fetch/unstorable.ts)
  "no-store": "resource",
  private: "resource",
  "set-cookie": "resource",
  status: "resource",
  "must-understand": "resource",
  "no-lifetime": "resource",
  expired: "resource",
  "vary-star": "resource",
  "vary-unreadable": "resource",
  "vary-cookie": "resource",
  "vary-authorization": "resource",
  "content-encoding": "resource",
  endless: "resource",
  "too-large": "resource",
  "too-many-tags": "resource",
  "tag-too-long": "resource",
  "tag-unnameable": "resource",
  "transfer-coding": "resource",
  "part-length": "resource",
  "personal-field": "resource",
  // the path is in the key
  "ambiguous-path": "resource",
  "type-mismatch": "resource",
  // said of HEAD, which leaves no mark
  "head-response": "resource",
  "head-mismatch": "resource",
  // one client asks so
  "request-no-store": "request",
  "vary-twin": "request",
  "client-304": "request",
  "authorization-response": "request",
  "session-response": "request",
  "unknown-cookie": "request",
  "always-validated": "request",
  "unkeyed-field": "request",
  // the edge's own moment
  "purge-unknown": "request",
};

describe("whose fault it is that an answer is not stored", () => {
  it("is decided for every code", () => {
    expect(Object.keys(FAULTS).sort()).toEqual([...CODES].sort());
  });

  it.each(CODES)("%s", (code) => {
    expect(isOfRequest(code)).toBe(FAULTS[code] === "request");
    // one request's fault withdraws nothing from the others
    if (FAULTS[code] !== "resource") expect(withdraws(code)).toBeUndefined();
  });
});
