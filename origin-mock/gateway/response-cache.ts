// Owns the gateway's store of answers: looked up and stored behind fences, purged by tag. It can slow a request, never fail it.
import { messageOf } from "../error.ts";
import { createOwed } from "../redis/owed.ts";
import { type Answer, decodeAnswer, encodeHead } from "./answer.ts";
import { gatewayName } from "./names.ts";
import { type GatewayRedis, textOf } from "./port.ts";
import { LOOK_UP, PURGE, STORE } from "./scripts.ts";
import { tagField } from "./tags.ts";

/** Where a fill begins: after which purges, and when by Redis's clock, in milliseconds since 1970. */
export interface Fence {
  readonly incarnation: string;
  readonly seq: string;
  readonly atMs: number;
}
export type Lookup =
  | { readonly kind: "hit"; readonly answer: Answer; readonly ageMs: number; readonly fence: Fence }
  | { readonly kind: "miss"; readonly fence: Fence }
  /** Redis does not answer, or does not know every purge yet. */
  | { readonly kind: "unknown" };

export interface Purge {
  readonly tags: readonly string[];
  readonly everything: boolean;
}
export type Invalidation =
  | { readonly status: "done"; readonly tags: number }
  /**
   * Until Redis knows of it, this process answers nothing from the store. Other processes may, for an answer's
   * lifetime.
   */
  | { readonly status: "failed"; readonly reason: string };

export interface GatewayCache {
  lookUp(name: string): Promise<Lookup>;
  store(name: string, entry: Entry): Promise<void>;
  invalidate(what: Purge): Promise<Invalidation>;
  /** Counts as a failed invalidation: until Redis knows of it, this process answers nothing from the store. */
  owe(what: Purge): void;
  /** Call it on every new connection, because the server may be a restored one that has lost purges. */
  settle(): Promise<void>;
}
export interface Entry {
  readonly answer: Answer;
  readonly tags: readonly string[];
  /** Taken before the handler ran. */
  readonly fence: Fence;
  /** From the fence on. */
  readonly lifetimeMs: number;
}

interface Parts {
  readonly redis: GatewayRedis;
  readonly randomHex: (bytes: number) => string;
  /** Cleans the application cache first, because the store would otherwise refill from it. */
  readonly payBehind: () => Promise<void>;
  readonly report: (what: string, error: unknown) => void;
}

const PURGES = gatewayName("purges", "");
/** About a megabyte of Redis. */
const MOST_PURGED_TAGS = 10_000;
const INCARNATION_BYTES = 12;
const MOST_OWED = 5_000;
// Cannot be mistaken for the field of a tag.
const EVERYTHING = "everything";
/** Every purge checks which server answers. This one does nothing else. */
const LOOK_AT_SERVER = "server";

function parseLookup(reply: unknown): Lookup {
  if (!Array.isArray(reply)) return { kind: "unknown" };
  const [first, second, atMs, ageMs, head, body]: readonly unknown[] = reply;
  const [incarnation, seq] = [textOf(first), textOf(second)];
  if (incarnation === undefined || seq === undefined || typeof atMs !== "number") return { kind: "unknown" };
  const fence = { incarnation, seq, atMs };
  const text = textOf(head);
  if (typeof ageMs !== "number" || text === undefined || !Buffer.isBuffer(body)) return { kind: "miss", fence };
  const answer = decodeAnswer(text, new Uint8Array(body));
  return answer === undefined ? { kind: "miss", fence } : { kind: "hit", answer, ageMs, fence };
}

export function createGatewayCache({ redis, randomHex, payBehind, report }: Parts): GatewayCache {
  const newIncarnation = (): string => randomHex(INCARNATION_BYTES);
  const purge = async (orders: readonly string[]): Promise<void> => {
    await payBehind();
    const fields = orders.filter((order) => order !== EVERYTHING && order !== LOOK_AT_SERVER);
    const what = orders.includes(EVERYTHING) ? "*" : "";
    await redis.run(PURGE, [PURGES], [newIncarnation(), String(MOST_PURGED_TAGS), what, ...fields]);
  };
  const owed = createOwed({ send: purge, nameOf: (order) => order, most: MOST_OWED, instead: EVERYTHING });
  const owe = ({ tags, everything }: Purge): void =>
    owed.add([...tags.map(tagField), ...(everything ? [EVERYTHING] : [])]);
  return {
    async lookUp(name) {
      try {
        await owed.pay();
        return parseLookup(await redis.run(LOOK_UP, [name, PURGES], [newIncarnation()]));
      } catch (error) {
        report("gateway read", error);
        return { kind: "unknown" };
      }
    },
    async store(name, { answer, tags, fence, lifetimeMs }) {
      const times = [fence.atMs, Math.floor(lifetimeMs)].map(String);
      const fields = JSON.stringify(tags.map(tagField));
      const args = [fence.incarnation, fence.seq, fields, ...times, encodeHead(answer), Buffer.from(answer.body)];
      try {
        await redis.run(STORE, [name, PURGES], args);
      } catch (error) {
        report("gateway store", error);
      }
    },
    async invalidate(what) {
      owe(what);
      try {
        await owed.pay();
        return { status: "done", tags: what.tags.length };
      } catch (error) {
        report("gateway purge", error);
        return { status: "failed", reason: messageOf(error) };
      }
    },
    owe,
    settle() {
      owed.add([LOOK_AT_SERVER]);
      return owed.pay().catch((error: unknown) => report("gateway purge", error));
    },
  };
}
