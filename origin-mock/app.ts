// Owns the shop's composition: routes over ports, and the answer when a dependency is dead.
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Assets } from "./assets.ts";
import { createIdentify } from "./auth/identify.ts";
import { createSessions } from "./auth/sessions.ts";
import type { CacheAside } from "./cache/cache-aside.ts";
import { createMultiTierCache } from "./cache/multi-tier-cache.ts";
import type { RedisPort } from "./cache/port.ts";
import { createCarts } from "./cart/carts.ts";
import { CATEGORIES } from "./db/catalogue-words.ts";
import type { Database } from "./db/port.ts";
import { isShopError } from "./error.ts";
import { createFlags, SHOP_FLAGS } from "./flags/flags.ts";
import { createGateway, type Gateway } from "./gateway/gateway.ts";
import { idempotent } from "./gateway/idempotency.ts";
import type { EventRecorder } from "./events/port.ts";
import { inert, ownPagesOnly } from "./http/browsers.ts";
import { knownMethodsOnly, problem } from "./http/problem.ts";
import { tagged } from "./http/tags.ts";
import { type ShopEnv, traced, type TraceParts } from "./http/trace.ts";
import { createLibrary } from "./media/library.ts";
import { adminEventRoutes } from "./routes/admin-events.ts";
import { adminTierRoutes } from "./routes/admin-tiers.ts";
import { adminTokenRoutes } from "./routes/admin-tokens.ts";
import { createAnnounce } from "./routes/announce.ts";
import { cartRoutes } from "./routes/cart.ts";
import { categoryRoutes } from "./routes/categories.ts";
import { checkoutRoutes } from "./routes/checkout.ts";
import { dealRoutes } from "./routes/deals.ts";
import { flagRoutes } from "./routes/flags.ts";
import { homeRoutes } from "./routes/home.ts";
import { mediaRoutes } from "./routes/media.ts";
import { meRoutes } from "./routes/me.ts";
import { productAdminRoutes } from "./routes/product-admin.ts";
import { productListRoutes } from "./routes/product-list.ts";
import { productRoutes } from "./routes/products.ts";
import { profileRoutes } from "./routes/profile.ts";
import { searchRoutes } from "./routes/search.ts";
import { signInRoutes } from "./routes/sign-in.ts";
import { staticRoutes } from "./routes/static.ts";
import type { Tiers } from "./tiers.ts";

export type ShopParts = TraceParts & {
  readonly db: Database;
  readonly redis: RedisPort;
  readonly cache: CacheAside;
  readonly gateway: Gateway;
  readonly tiers: Pick<Tiers, "invalidation" | "invalidateFor">;
  readonly events: EventRecorder;
  readonly assets: Assets;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly report: (what: string, error: unknown) => void;
};

const LARGEST_BODY_BYTES = 64 * 1024;
const SOON = { "Retry-After": "5" } as const;

export function createShop(parts: ShopParts): Hono<ShopEnv> {
  const { db, redis, gateway, assets, events, nowMs } = parts;
  const cache = createMultiTierCache(parts);
  const sessions = createSessions(redis);
  const identify = createIdentify(sessions);
  const carts = createCarts(redis);
  const flags = createFlags({ redis, defaults: SHOP_FLAGS, monotonicMs: parts.monotonicMs, report: parts.report });
  const announce = createAnnounce(events, parts.tiers.invalidation);

  const app = new Hono<ShopEnv>();
  app.use(traced(parts), tagged, inert);
  app.use(...createGateway({ gateway, identify, monotonicMs: parts.monotonicMs, nowMs }), ownPagesOnly);
  app.use(
    bodyLimit({
      maxSize: LARGEST_BODY_BYTES,
      onError: (c) => problem(c, 413, `the body may have at most ${LARGEST_BODY_BYTES} bytes`),
    }),
  );
  app.use(knownMethodsOnly(app));
  app.route("/", homeRoutes(assets));
  app.route("/static", staticRoutes(assets));
  app.route("/media", mediaRoutes(createLibrary(CATEGORIES.map(({ slug }) => slug))));
  app.route("/api/products", productListRoutes({ db, cache }));
  app.route("/api/products", productRoutes({ db, cache }));
  app.route("/api/products", productAdminRoutes({ db, events, nowMs, ...parts.tiers }));
  app.route("/api/categories", categoryRoutes({ db, cache, announce }));
  app.route("/api/search", searchRoutes({ db, cache }));
  app.route("/api/deals", dealRoutes({ db, cache, flags }));
  app.route("/api/cart", cartRoutes({ db, cache, carts }));
  app.use("/api/checkout", idempotent({ redis: gateway.redis, newId: parts.newId, nowMs, report: parts.report }));
  app.route("/api/checkout", checkoutRoutes({ db, cache: parts.cache, carts, announce, nowMs, report: parts.report }));
  app.route("/api/me/profile", profileRoutes({ db, cache, announce }));
  app.route("/api/me", meRoutes({ db }));
  app.route("/api/admin/tokens", adminTokenRoutes({ tokens: gateway.tokens, sessions }));
  app.route("/api/admin/flags", flagRoutes(flags));
  app.route("/api/admin/tiers", adminTierRoutes({ db, cache: parts.cache, gateway: gateway.cache }));
  app.route("/api/admin", adminEventRoutes({ db, events }));
  app.route("/api", signInRoutes({ db, sessions, carts, limiter: gateway.limiter }));

  app.notFound((c) => problem(c, 404, `there is nothing at ${c.req.path}`));
  app.onError((error, c) => {
    if (isShopError(error, "UniqueViolation")) {
      return problem(c, 409, "another product of this brand already has this name");
    }
    parts.report(`${c.req.method} ${c.req.path}`, error);
    if (isShopError(error, "DatabaseUnavailable")) {
      return problem(c, 503, "the database does not answer", { headers: SOON });
    }
    // Only sessions and carts let this error through. A 401 would make clients drop a sign-in that is still good.
    if (isShopError(error, "RedisUnavailable")) {
      return problem(c, 503, "sessions and carts cannot be read at the moment", { headers: SOON });
    }
    return problem(c, 500, "something went wrong");
  });
  return app;
}
