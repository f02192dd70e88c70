// Owns the options of the shop, and the environment variables they are read from.
import * as v from "valibot";
import { check } from "./schema.ts";

export interface ShopOptions {
  /** 0 takes a free port. */
  readonly port: number;
  readonly host?: string | undefined;
  readonly redisUrl: string;
  /** A Postgres server, or `file:///FOLDER` for an embedded database on disk. By default the database is in memory. */
  readonly databaseUrl?: string | undefined;
  /** Without it, changes skip the purge of the edge. */
  readonly edgeUrl?: string | undefined;
  readonly token?: string | undefined;
  /** Addresses whose X-Forwarded-For is trusted when requests are counted, such as the edge's. */
  readonly trustedHops?: readonly string[] | undefined;
  /** Keys the digests of bearer tokens in Redis, so that they are useless elsewhere. */
  readonly tokenSecret?: string | undefined;
}

const PORT = "must be a number from 0 to 65535";
const url = v.exactOptional(v.pipe(v.string(), v.url("must be a URL")));
const ENVIRONMENT = {
  REDIS_URL: v.pipe(v.string("is not set, for example redis://127.0.0.1:6379"), v.url("must be a URL")),
  DATABASE_URL: url,
  STRATA_EDGE_URL: url,
  STRATA_TOKEN: v.exactOptional(v.string()),
  HOST: v.exactOptional(v.string()),
  PORT: v.exactOptional(
    v.pipe(v.string(), v.regex(/^\d{1,5}$/, PORT), v.transform(Number), v.maxValue(65_535, PORT)),
    "8788",
  ),
  TRUSTED_HOPS: v.exactOptional(
    v.pipe(
      v.string(),
      v.transform((hops) => hops.split(",").map((hop) => hop.trim())),
    ),
  ),
  TOKEN_SECRET: v.exactOptional(v.string()),
};

/** An empty variable counts as one that is not set. @throws naming every variable that is wrong. */
export function optionsFromEnvironment(env: NodeJS.ProcessEnv): ShopOptions {
  const checked = check(ENVIRONMENT, Object.fromEntries(Object.entries(env).filter(([, text]) => text !== "")));
  if (!checked.ok) throw new Error(checked.faults.map(({ at, detail }) => `${at.slice(1)} ${detail}`).join("; "));
  const { REDIS_URL, DATABASE_URL, STRATA_EDGE_URL, STRATA_TOKEN, HOST, ...others } = checked.value;
  return {
    port: others.PORT,
    host: HOST,
    redisUrl: REDIS_URL,
    databaseUrl: DATABASE_URL,
    edgeUrl: STRATA_EDGE_URL,
    token: STRATA_TOKEN,
    trustedHops: others.TRUSTED_HOPS,
    tokenSecret: others.TOKEN_SECRET,
  };
}
