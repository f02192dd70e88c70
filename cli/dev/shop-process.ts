// Owns the demonstration shop's own process: starts it from the environment, tells its parent, ends with its parent.
import { startShop } from "../../origin-mock/server.ts";

const { PORT, REDIS_URL, DATABASE_URL, STRATA_EDGE_URL, STRATA_TOKEN } = process.env;

// The channel closes when the parent ends, however it ended.
process.once("disconnect", () => process.exit(0));

const shop = await startShop({
  port: Number(PORT),
  redisUrl: REDIS_URL ?? "",
  ...(DATABASE_URL === undefined ? {} : { databaseUrl: DATABASE_URL }),
  edgeUrl: STRATA_EDGE_URL ?? "",
  token: STRATA_TOKEN ?? "",
  // the edges, which say in X-Forwarded-For for whom they ask
  trustedHops: ["127.0.0.1"],
});

process.once("SIGTERM", () => {
  void shop.close().finally(() => process.exit(0));
});
process.send?.({ ready: true });
