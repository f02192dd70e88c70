// Owns the gateway's memory of bearer tokens: their identities, unknown tokens, and revocations.
import { createHmac } from "node:crypto";
import { type Identity, parseIdentity, type ValidateToken } from "../auth/identify.ts";
import { singleFlight } from "../cache/single-flight.ts";
import { digestOf, gatewayName } from "./names.ts";
import { type GatewayRedis, textOf } from "./port.ts";

const VALID_MS = 60_000;
/** Shorter, because a token may be issued at any moment. Keys have one size, so junk costs little, and not for long. */
const INVALID_MS = 10_000;
// Outlasts any validation and any stored identity, so that none from before the revocation is trusted. By then the
// authority knows too, and decides again. Tokens carry no time of issue, so a user's new tokens wait as well.
const REVOKED_MS = 60 * 60_000;

export type Recalled =
  | { readonly kind: "valid"; readonly identity: Identity }
  | { readonly kind: "invalid" }
  /** Only the authority can tell. */
  | { readonly kind: "unknown" };

export interface TokenCache {
  recall(token: string): Promise<Recalled>;
  /** Asks the authority, and passes its failures on. Concurrent callers with one token share one question. */
  validate(token: string): Promise<Identity | undefined>;
  /** Rejects with RedisUnavailable, and then nothing was revoked. */
  revoke(what: { readonly token: string } | { readonly username: string }): Promise<void>;
}

// KEYS: token, its revocation. ARGV: prefix of the users' revocations.
const RECALL = `
if redis.call('EXISTS', KEYS[2]) == 1 then return 'invalid' end
local known = redis.call('HMGET', KEYS[1], 'identity', 'user')
if known[2] and redis.call('EXISTS', ARGV[1] .. known[2]) == 1 then return 'invalid' end
return known[1]
`;

// Sees a revocation that came while the authority was asked. RECALL sees a later one. KEYS: token, its revocation, its
// user's revocation. ARGV: identity as JSON or 'invalid', digest of the user, lifetime.
const REMEMBER = `
if redis.call('EXISTS', KEYS[2], KEYS[3]) > 0 then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'identity', ARGV[1])
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'user', ARGV[2]) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`;

const REVOKE = "redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])";

function parseRecalled(text: string | undefined): Recalled {
  if (text === undefined) return { kind: "unknown" };
  if (text === "invalid") return { kind: "invalid" };
  const identity = parseIdentity(JSON.parse(text));
  return identity === undefined ? { kind: "unknown" } : { kind: "valid", identity };
}

export function createTokenCache(parts: {
  readonly redis: GatewayRedis;
  /** The authority on tokens. */
  readonly validate: ValidateToken;
  /** This deployment's secret, which makes digests of guessable tokens useless elsewhere. */
  readonly secret: string | undefined;
  readonly report: (what: string, error: unknown) => void;
}): TokenCache {
  const { redis, secret, report } = parts;
  const questions = singleFlight<Identity | undefined>();
  const tokenDigest = (token: string): string =>
    secret === undefined ? digestOf(token) : createHmac("sha256", secret).update(token).digest("base64url");

  /** Resolves to false if the token was revoked meanwhile. */
  const remember = async (digest: string, identity: Identity | undefined): Promise<boolean> => {
    const user = identity === undefined ? "" : digestOf(identity.username);
    const keys = [
      gatewayName("token", digest),
      gatewayName("revoked-token", digest),
      gatewayName("revoked-user", user),
    ];
    const [text, lifetimeMs] = identity === undefined ? ["invalid", INVALID_MS] : [JSON.stringify(identity), VALID_MS];
    try {
      return (await redis.run(REMEMBER, keys, [text, user, String(lifetimeMs)])) === 1;
    } catch (error) {
      report("token store", error);
      return true;
    }
  };

  return {
    async recall(token) {
      const digest = tokenDigest(token);
      const keys = [gatewayName("token", digest), gatewayName("revoked-token", digest)];
      try {
        return parseRecalled(textOf(await redis.run(RECALL, keys, [gatewayName("revoked-user", "")])));
      } catch (error) {
        report("token read", error);
        return { kind: "unknown" };
      }
    },
    validate(token) {
      const digest = tokenDigest(token);
      return questions.join(digest, async () => {
        const identity = await parts.validate(token);
        return (await remember(digest, identity)) ? identity : undefined;
      });
    },
    async revoke(what) {
      const key =
        "token" in what
          ? gatewayName("revoked-token", tokenDigest(what.token))
          : gatewayName("revoked-user", digestOf(what.username));
      await redis.run(REVOKE, [key], [String(REVOKED_MS)]);
    },
  };
}
