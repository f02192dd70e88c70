// Owns the gateway's store of answers: looked up and stored behind fences, purged by tag. It can slow a request, never fail it.
import { messageOf } from "../error.ts";
import { decodeAnswer, encodeHead } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { gatewayName } from "./names.ts";
import { createOwed } from "./owed.ts";
import type { Purge } from "./owed.ts";
import { textOf } from "./port.ts";
import type { GatewayRedis } from "./port.ts";
import { LOOK_UP, PURGE, STORE } from "./scripts.ts";
import { tagField } from "./tags.ts";

export type Fence = { readonly incarnation: string; readonly seq: string };
export type Lookup =
  | { readonly kind: "hit"; readonly answer: Answer; readonly ageMs: number; readonly fence: Fence }
  | { readonly kind: "miss"; readonly fence: Fence }
  /** Redis does not answer, or does not know of every purge yet. */
  | { readonly kind: "unknown" };

export type Invalidation =
  | { readonly status: "done"; readonly tags: number }
  /** This process answers nothing from the store until Redis knows; others may, for an answer's lifetime. */
  | { readonly status: "failed"; readonly reason: string };

export type GatewayCache = {
  lookUp(name: string): Promise<Lookup>;
  store(name: string, entry: Entry): Promise<void>;
  invalidate(what: Purge): Promise<Invalidation>;
  /** As an invalidation that failed: this process answers nothing from the store until Redis knows. */
  owe(what: Purge): void;
  /**
   * To be called with every new connection: makes the purges that Redis has not confirmed yet, and ends everything if the server
   * is not the one that confirmed the others.
   */
  settle(): Promise<void>;
  /** How many invalidations this process has begun: what was read before one must not be shared after it. */
  epoch(): number;
};
export type Entry = {
  readonly answer: Answer;
  readonly tags: readonly string[];
  /** Read before the handler ran. */
  readonly fence: Fence;
  /** Since then. */
  readonly elapsedMs: number;
  readonly lifetimeMs: number;
};

type Parts = {
  readonly redis: GatewayRedis;
  readonly randomHex: (bytes: number) => string;
  readonly report: (what: string, error: unknown) => void;
};

const PURGES = gatewayName("purges", "");
/** About a megabyte of Redis. */
const MOST_PURGED_TAGS = 10_000;
const INCARNATION_BYTES = 12;

const parseLookup = (reply: unknown): Lookup => {
  if (!Array.isArray(reply)) return { kind: "unknown" };
  const [first, second, ageMs, head, body]: readonly unknown[] = reply;
  const [incarnation, seq] = [textOf(first), textOf(second)];
  if (incarnation === undefined || seq === undefined) return { kind: "unknown" };
  const fence = { incarnation, seq };
  const text = textOf(head);
  if (typeof ageMs !== "number" || text === undefined || !Buffer.isBuffer(body)) return { kind: "miss", fence };
  const answer = decodeAnswer(text, new Uint8Array(body));
  return answer === undefined ? { kind: "miss", fence } : { kind: "hit", answer, ageMs, fence };
};

export const createGatewayCache = ({ redis, randomHex, report }: Parts): GatewayCache => {
  const newIncarnation = (): string => randomHex(INCARNATION_BYTES);
  let epoch = 0;
  const owed = createOwed(async ({ tags, everything, ifOtherServer }) => {
    const sweep = everything ? "everything" : ifOtherServer ? "other-server" : "none";
    const args = [newIncarnation(), String(MOST_PURGED_TAGS), sweep, ...tags.map(tagField)];
    await redis.run(PURGE, [PURGES], args);
  });
  const owe = (what: Purge): void => {
    epoch += 1;
    owed.add(what);
  };
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
    async store(name, { answer, tags, fence, elapsedMs, lifetimeMs }) {
      const times = [Math.ceil(elapsedMs), Math.floor(lifetimeMs)].map(String);
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
      owe({ tags: [], everything: false, ifOtherServer: true });
      return owed.pay().catch((error: unknown) => report("gateway purge", error));
    },
    epoch: () => epoch,
  };
};
