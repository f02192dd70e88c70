// Owns the table of what each final status, and each reason not to store an answer, does to what is stored (RFC 9111 4.3.3, 4.3.5).
import { describe, expect, it } from "vitest";
import { endedScope, endsStored } from "../../../src/http/law/finality.ts";
import { mayDependOnRequest } from "../../../src/http/message/status-table.ts";
import type { ReasonCode } from "../../../src/http/law/reasons.ts";
import { requestOf } from "../support.ts";

/** Whether it ends what is stored; whether one client can provoke it; why so. */
type Row = readonly [status: number, ends: boolean, dependsOnRequest: boolean, why: string];

const STATUSES: readonly Row[] = [
  [200, true, false, "a full response takes the place of the stored one (4.3.3)"],
  [201, true, false, "as 200"],
  [203, true, false, "as 200"],
  [204, true, false, "as 200"],
  [206, true, false, "as the whole it is a part of"],
  [300, true, false, "the resource is elsewhere, or several"],
  [301, true, false, "the resource is elsewhere"],
  [302, true, false, "the resource is elsewhere for now"],
  [303, true, false, "the resource is elsewhere"],
  [304, true, false, "with a header section that may not be kept"],
  [307, true, false, "the resource is elsewhere for now"],
  [308, true, false, "the resource is elsewhere"],
  [400, false, true, "malformed, or larger than the server takes: of the request"],
  [401, true, true, "it needs credentials now: nobody else may see it without"],
  [402, true, false, "it costs something now"],
  [403, true, true, "it is forbidden now"],
  [404, true, false, "it is not there any more"],
  [405, true, true, "it does not answer GET any more"],
  [406, false, true, "of the request's Accept fields"],
  [407, false, false, "a proxy's on the way, not the origin's"],
  [408, false, true, "of the moment"],
  [409, true, false, "of the state of the resource"],
  [410, true, false, "it is gone"],
  [411, false, true, "of the request's content"],
  [412, false, true, "of the request's conditions"],
  [413, false, true, "of the request's content"],
  [414, true, true, "of the URL, which is in the key"],
  [415, false, true, "of the request's content"],
  [416, false, true, "of the request's range"],
  [417, false, true, "of the request's expectations"],
  [418, true, false, "unknown: as 400 by class, but nothing says that it is of the request"],
  [421, false, true, "of the connection"],
  [422, false, true, "of the request's content"],
  [423, true, false, "of the state of the resource"],
  [424, true, false, "of the state of the resource"],
  [425, false, true, "of the moment: early data"],
  [426, false, true, "of the connection's protocol"],
  [428, false, true, "of the request's fields"],
  [429, false, true, "of the moment: backpressure"],
  [431, false, true, "of the request's fields"],
  [451, true, false, "it may not be shown any more"],
  [500, false, true, "a failure: may be disregarded (4.3.3)"],
  [501, false, true, "a failure"],
  [502, false, true, "a failure"],
  [503, false, true, "a failure, or backpressure"],
  [504, false, true, "a failure"],
  [511, false, true, "of the client's network"],
  [599, false, true, "a failure"],
];

const PERSONAL = [{ cookie: "a=1" }, { cookie: "sid=1" }, { authorization: "Bearer a" }];

describe("an answer that is not stored", () => {
  it.each(STATUSES)(
    "RFC 9111 4.3.3: of status %d ends what is stored: %s, may be one client's own: %s (%s)",
    (status, ends, own) => {
      expect([endsStored(status), mayDependOnRequest(status)]).toEqual([ends, own]);
      expect(endedScope(requestOf(), status, "no-lifetime")).toBe(ends ? "variant" : undefined);
      for (const reason of ["private", "no-store", "set-cookie", "vary-star"] as const)
        expect(endedScope(requestOf(), status, reason), reason).toBe(ends ? "resource" : undefined);
    },
  );

  it("RFC 9110 15: of every other status says what its class says", () => {
    const known = new Set(STATUSES.map(([status]) => status));
    for (let status = 100; status < 600; status++) {
      if (known.has(status)) continue;
      expect(endsStored(status), String(status)).toBe(status >= 200 && status < 500);
      expect(mayDependOnRequest(status), String(status)).toBe(status >= 500);
    }
  });

  it.each(PERSONAL)("ends nothing where the question was one client's own: %j", (fields) => {
    for (const [status] of STATUSES)
      for (const reason of ["no-lifetime", "private", "status", "head-mismatch"] as const)
        for (const method of ["GET", "HEAD"])
          expect(endedScope(requestOf(fields, { method }), status, reason)).toBeUndefined();
  });

  it.each(["request-no-store", "vary-twin", "client-304", "purge-unknown", "session-response"] satisfies ReasonCode[])(
    "ends nothing where the reason is the request's: %s",
    (reason) => {
      for (const [status] of STATUSES) expect(endedScope(requestOf(), status, reason)).toBeUndefined();
    },
  );

  it.each([
    ["no-cache", { "cache-control": "no-cache" }],
    ["max-age=0", { "cache-control": "max-age=0" }],
    ["Pragma", { pragma: "no-cache" }],
  ])("ends it also where a client reloads, which asks for what the origin has now: %s", (_, fields) => {
    expect(endedScope(requestOf(fields), 404, "no-lifetime")).toBe("variant");
  });
});

describe("an answer to HEAD", () => {
  it.each<[number, ReasonCode, string | undefined]>([
    [200, "head-mismatch", "freshness"],
    [200, "head-response", undefined],
    [200, "head-freshened", undefined],
    [200, "private", "resource"],
    [204, "head-response", undefined],
    [301, "head-response", "freshness"],
    [401, "head-response", "freshness"],
    [404, "head-response", "freshness"],
    [410, "head-response", "freshness"],
    [405, "head-response", undefined],
    [429, "head-response", undefined],
    [500, "head-response", undefined],
    [501, "head-response", undefined],
  ])("RFC 9111 4.3.5: of status %d, %s, is a reason to validate at most: %s", (status, reason, ending) => {
    expect(endedScope(requestOf({}, { method: "HEAD" }), status, reason)).toBe(ending);
  });
});
