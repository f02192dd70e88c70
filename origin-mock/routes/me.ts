// Owns what a signed-in person sees about themselves: a profile their browser may keep, and what nobody may.
import { Hono } from "hono";
import { parseProfile, parseProfileChanges } from "../catalogue/profile.ts";
import type { CacheAside } from "../cache/cache-aside.ts";
import { listOrders } from "../db/order-history.ts";
import type { Database } from "../db/port.ts";
import { findProfile, listPaymentMethods, updateProfile } from "../db/users.ts";
import type { Profile } from "../db/users.ts";
import { judge } from "../http/conditional.ts";
import { readJsonObject } from "../http/json-body.ts";
import { POLICY } from "../http/policy.ts";
import { invalid, methodNotAllowed, problem } from "../http/problem.ts";
import { conditionsOf, JSON_TYPE, respond, validatorFields } from "../http/respond.ts";
import { noteReading } from "../http/trace.ts";
import { profileAddress, userTag } from "../invalidation/product-change.ts";
import type { Announce } from "./announce.ts";
import { signedIn, signInFirst } from "./guard.ts";
import type { SignedInEnv } from "./guard.ts";

type Parts = {
  readonly db: Database;
  readonly cache: CacheAside;
  readonly announce: Announce;
};

const PROFILE_TTL_MS = 60_000;

/** One URL is another profile for each person, so the version alone would not tell two of them apart. */
const profileETag = ({ username, version }: Profile): string => `"${encodeURIComponent(username)}-${version}"`;

export const meRoutes = ({ db, cache, announce }: Parts): Hono<SignedInEnv> => {
  const routes = new Hono<SignedInEnv>();

  routes.get("/profile", signedIn, async (c) => {
    const { username } = c.var;
    const reading = await cache.read({
      address: profileAddress(username),
      variant: "",
      ttlMs: PROFILE_TTL_MS,
      parse: parseProfile,
      load: () => findProfile(db, username),
    });
    noteReading(c.var.trace, reading);
    if (reading.value === undefined) return signInFirst(c);
    return respond(c, {
      body: JSON.stringify(reading.value),
      contentType: JSON_TYPE,
      validators: { etag: profileETag(reading.value) },
      headers: { ...POLICY.profile, "Cache-Tag": userTag(username) },
    });
  });

  routes.patch("/profile", signedIn, async (c) => {
    const { username, trace } = c.var;
    const body = await readJsonObject(c);
    if (body.kind === "refused") return body.response;
    if (body.kind === "faulty") return invalid(c, [body.fault]);
    const { changes, faults } = parseProfileChanges(body.value);
    if (faults.length > 0) return invalid(c, faults);
    const conditions = conditionsOf(c);
    if (conditions.ifMatch === undefined) return problem(c, 428, "say in If-Match which version is to be changed");
    const event = { type: "user.updated", username } as const;
    const change = await db.transaction(async (tx) => {
      const before = await findProfile(tx, username);
      if (before === undefined) return { kind: "missing" } as const;
      const verdict = judge("PATCH", conditions, { etag: profileETag(before) });
      if (verdict !== "proceed") return { kind: "conflict" } as const;
      const updated = await updateProfile(tx, username, before.version, changes);
      if (updated.kind !== "updated") return updated;
      return { ...updated, recorded: await announce.record(tx, [event], trace) };
    });
    switch (change.kind) {
      case "missing":
        return signInFirst(c);
      case "conflict":
        return problem(c, 412, "the profile is not the version the condition names", { headers: POLICY.confidential });
      case "updated":
        await announce.committed(change.recorded);
        return c.json(change.profile, 200, {
          ...POLICY.confidential,
          ...validatorFields({ etag: profileETag(change.profile) }),
        });
    }
  });
  routes.all("/profile", methodNotAllowed("GET, HEAD, PATCH"));

  routes.get("/payment-methods", signedIn, async (c) =>
    c.json({ payment_methods: await listPaymentMethods(db, c.var.username) }, 200, POLICY.confidential),
  );
  routes.all("/payment-methods", methodNotAllowed("GET, HEAD"));

  routes.get("/orders", signedIn, async (c) =>
    c.json({ orders: await listOrders(db, c.var.username) }, 200, POLICY.confidential),
  );
  routes.all("/orders", methodNotAllowed("GET, HEAD"));
  return routes;
};
