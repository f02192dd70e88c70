// Owns the profile routes: browsers may store a profile briefly, and a change must name its version.
import { type Context, Hono } from "hono";
import { parseProfile, parseProfileChanges, type Profile, type ProfileChanges } from "../catalogue/profile.ts";
import type { MultiTierCache } from "../cache/multi-tier-cache.ts";
import type { Database } from "../db/port.ts";
import { findProfile, updateProfile } from "../db/users.ts";
import { readBody } from "../http/json-body.ts";
import { POLICY, TIER_POLICY } from "../http/policy.ts";
import { problem } from "../http/problem.ts";
import { JSON_TYPE, judgeRequest, respond, validatorFields } from "../http/respond.ts";
import { noteReading } from "../http/trace.ts";
import { profileAddress, userTag } from "../invalidation/names.ts";
import type { Announce } from "./announce.ts";
import { signedIn, type SignedInEnv, signInFirst } from "./guard.ts";

interface Parts {
  readonly db: Database;
  readonly cache: MultiTierCache;
  readonly announce: Announce;
}

/** Every person has another profile at the same URL, so the version alone would not distinguish two of them. */
function profileETag({ username, version }: Profile): string {
  return `"${encodeURIComponent(username)}-${version}"`;
}

function change({ db, announce }: Parts, c: Context<SignedInEnv>, changes: ProfileChanges) {
  const { username, trace } = c.var;
  return db.transaction(async (tx) => {
    const before = await findProfile(tx, username);
    if (before === undefined) return { kind: "missing" } as const;
    if (judgeRequest(c, { etag: profileETag(before) }) !== "proceed") return { kind: "conflict" } as const;
    const updated = await updateProfile(tx, username, before.version, changes);
    if (updated.kind !== "updated") return updated;
    return { ...updated, recorded: await announce.record(tx, [{ type: "user.updated", username }], trace) };
  });
}

export function profileRoutes(parts: Parts): Hono<SignedInEnv> {
  const { db, cache, announce } = parts;
  const routes = new Hono<SignedInEnv>();

  routes.get("/", signedIn, async (c) => {
    const { username } = c.var;
    const reading = await cache.get({
      address: profileAddress(username),
      variant: "",
      policy: TIER_POLICY.profile,
      parse: parseProfile,
      load: () => findProfile(db, username),
    });
    noteReading(c.var.trace, reading);
    if (reading.value === undefined) return signInFirst(c);
    return respond(c, {
      body: JSON.stringify(reading.value),
      contentType: JSON_TYPE,
      validators: { etag: profileETag(reading.value) },
      headers: cache.headers(TIER_POLICY.profile, [userTag(username)]),
    });
  });

  routes.patch("/", signedIn, async (c) => {
    const read = await readBody(c, parseProfileChanges);
    if (read instanceof Response) return read;
    // Without a condition the last writer would undo the others (RFC 6585 3).
    if (c.req.header("If-Match") === undefined) {
      return problem(c, 428, "say in If-Match which version is to be changed", { headers: POLICY.confidential });
    }
    const outcome = await change(parts, c, read.body);
    switch (outcome.kind) {
      case "missing":
        return signInFirst(c);
      case "conflict":
        return problem(c, 412, "the profile is not the version the condition names", { headers: POLICY.confidential });
      case "updated": {
        await announce.committed(outcome.recorded);
        const validators = validatorFields({ etag: profileETag(outcome.profile) });
        return c.json(outcome.profile, 200, { ...POLICY.confidential, ...validators });
      }
    }
  });
  return routes;
}
