// Owns the purge log: one Durable Object that numbers purges and tells readers which targets changed since they last asked.
import { DurableObject } from "cloudflare:workers";
import type { PurgedBy, PurgeEntry, PurgeOrder, PurgeOutcome } from "../../http/targets/purge-order.ts";
import { entriesBefore, pruneEntries, recordEntry } from "./audit.ts";
import { browsersAfter, recordBrowsers } from "./browser-rows.ts";
import { compact, readFloor } from "./compaction.ts";
import { earlierOutcome, identityOf, type OrderIdentity, pruneOrders, rememberOrder } from "./idempotency.ts";
import { rateLimit } from "./rate.ts";
import type { Cursor } from "../wire/records.ts";
import { messageOf, reportLog } from "./report.ts";
import { readPosition } from "./storage-check.ts";
import { dueAtMs, isWritten, type SnapshotStore, writeSnapshot } from "./snapshot.ts";
import { isOfOrder, openStorage, renewedWhereUnusable } from "./storage.ts";
import { changedAfter, countTargets, recordTargets } from "./target-rows.ts";
import { encodeDelta } from "../wire/delta-codec.ts";

export interface PurgeCommand {
  readonly order: PurgeOrder;
  /** The caller's position: the answer carries everything it lacks. */
  readonly since: Cursor | undefined;
}

export interface PurgeAnswer {
  readonly outcome: PurgeOutcome;
  /** As delta-codec.ts writes it. */
  readonly delta: Uint8Array;
}

interface PurgeLogEnv {
  readonly STRATA_KV?: SnapshotStore;
  /** Targets remembered; 100,000 by default and at most. */
  readonly STRATA_PURGE_TARGETS?: string;
}

const MAX_TARGETS = 100_000;
/** An alarm this late is lost, milliseconds. */
const LOST_MS = 5000;
/** Purges between two prunings of history and idempotency keys. */
const PRUNE_EVERY = 500;

/** Its bounds: docs/decisions/017. */
export class PurgeLog extends DurableObject<PurgeLogEnv> {
  readonly #sql: SqlStorage;
  readonly #rates = rateLimit();
  readonly #maxTargets: number;
  #targets: number;
  /** Time of the alarm that is set, as far as this instance knows. */
  #armedForMs: number | undefined;
  /** The whole log as bytes at this number, for all cold readers. */
  #whole: (Cursor & { readonly bytes: Uint8Array }) | undefined;

  constructor(state: DurableObjectState, env: PurgeLogEnv) {
    super(state, env);
    this.#sql = state.storage.sql;
    const isRenewed = openStorage(state.storage, Date.now());
    this.#targets = countTargets(this.#sql);
    const chosen = Math.floor(Number(env.STRATA_PURGE_TARGETS));
    this.#maxTargets = chosen >= 1 && chosen <= MAX_TARGETS ? chosen : MAX_TARGETS;
    // KV still has the snapshot of the log that is gone
    if (isRenewed) this.#arm(Date.now());
  }

  /** Adds one row for each target, all under the next sequence number, or nothing. */
  async purge({ order, since }: PurgeCommand): Promise<PurgeAnswer> {
    const identity = await identityOf(order);
    const nowMs = Date.now();
    const { outcome, targets, forRoom } = this.#renewing(() =>
      this.ctx.storage.transactionSync(() => this.#carryOut(order, identity, nowMs)),
    );
    this.#targets = targets;
    if (forRoom > 0) this.#reportFloor(forRoom);
    if (outcome.kind === "purged" && !outcome.replayed) this.#arm(nowMs);
    return { outcome, delta: this.since(since) };
  }

  /** The changes a reader at `cursor` lacks, as delta-codec.ts writes them. */
  since(cursor: Cursor | undefined): Uint8Array {
    return this.#renewing(() => this.#since(cursor));
  }

  /** Does the work; where it fails because the storage takes no purges any more, renews the storage and does the work again. */
  #renewing<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (isOfOrder(cause) || !renewedWhereUnusable(this.ctx.storage, Date.now())) throw cause;
      this.#targets = 0;
      this.#whole = undefined;
      const done = work();
      this.#arm(Date.now());
      return done;
    }
  }

  #since(cursor: Cursor | undefined): Uint8Array {
    const { incarnation, seq } = readPosition(this.#sql);
    // a reader's request also sets a lost alarm again
    if (this.#armedForMs !== undefined) this.#arm(Date.now());
    const from = cursor?.incarnation === incarnation ? cursor.seq : 0;
    if (from > seq) return this.#reincarnated();
    if (from === 0 && this.#whole?.incarnation === incarnation && this.#whole.seq === seq) return this.#whole.bytes;
    const [records, browsers] =
      from === seq ? [[], []] : [changedAfter(this.#sql, from), browsersAfter(this.#sql, from)];
    const bytes = encodeDelta({ incarnation, seq, from, floor: readFloor(this.#sql), records, browsers });
    if (from === 0) this.#whole = { incarnation, seq, bytes };
    return bytes;
  }

  /** The latest purges before a number, newest first; without a number, the latest of all. At most 500. */
  history(beforeSeq: number | undefined, limit: number, by: PurgedBy = "all"): readonly PurgeEntry[] {
    return this.#renewing(() => entriesBefore(this.#sql, { beforeSeq, limit, by }, Date.now()));
  }

  /** Writes the snapshot if one is due. Never throws: the platform gives up an alarm that fails several times. */
  override async alarm(): Promise<void> {
    this.#armedForMs = undefined;
    try {
      const nowMs = Date.now();
      const position = readPosition(this.#sql);
      if (this.env.STRATA_KV === undefined || isWritten(this.#sql, position)) return;
      if (dueAtMs(this.#sql, this.#targets, nowMs) <= nowMs) {
        await writeSnapshot(this.#sql, this.env.STRATA_KV, position, this.since(undefined), () => Date.now());
      }
      if (!isWritten(this.#sql, readPosition(this.#sql))) this.#arm(Date.now());
    } catch (cause) {
      reportLog("purge-snapshot-failed", { message: messageOf(cause) });
    }
  }

  #carryOut(order: PurgeOrder, identity: OrderIdentity | undefined, nowMs: number) {
    const unchanged = { targets: this.#targets, forRoom: 0 };
    const earlier = identity && earlierOutcome(this.#sql, identity, nowMs);
    if (earlier) return { outcome: earlier, ...unchanged };
    const retryAfterSeconds = order.rate && this.#rates.take(order.actor, order.rate, nowMs);
    if (retryAfterSeconds !== undefined)
      return { outcome: { kind: "limited", retryAfterSeconds } as const, ...unchanged };
    const { seq } = this.#sql.exec<{ seq: number }>("UPDATE log SET seq = seq + 1 RETURNING seq").one();
    const forgottenSoftSeq = readFloor(this.#sql).softSeq;
    const stamp = { mode: order.mode, seq, nowMs, forgottenSoftSeq };
    const targets = this.#targets + recordTargets(this.#sql, order.targets, stamp);
    recordBrowsers(this.#sql, order.targets, stamp);
    recordEntry(this.#sql, order, seq, nowMs);
    if (identity) rememberOrder(this.#sql, identity, seq, nowMs);
    if (seq % PRUNE_EVERY === 0) {
      pruneEntries(this.#sql, nowMs);
      pruneOrders(this.#sql, nowMs);
    }
    const outcome = { kind: "purged", seq, purgedAtMs: nowMs, replayed: false } as const;
    return { outcome, ...compact(this.#sql, { targets, maxTargets: this.#maxTargets }, seq, nowMs) };
  }

  /** A reader is ahead, so this storage was set back. The reader's fences would outrank every purge to come: become another log. */
  #reincarnated(): Uint8Array {
    this.#sql.exec("UPDATE log SET incarnation = ?", crypto.randomUUID());
    this.#arm(Date.now());
    return this.#since(undefined);
  }

  /** Sets the alarm unless one is pending. A lost alarm is set again, by this instance or the next. */
  #arm(nowMs: number): void {
    const isArmed = this.#armedForMs !== undefined && nowMs < this.#armedForMs + LOST_MS;
    if (isArmed || this.env.STRATA_KV === undefined) return;
    const dueMs = dueAtMs(this.#sql, this.#targets, nowMs);
    this.#armedForMs = dueMs;
    this.ctx.storage.setAlarm(dueMs).catch((cause: unknown) => {
      this.#armedForMs = undefined;
      reportLog("purge-snapshot-failed", { message: messageOf(cause) });
    });
  }

  #reportFloor(dropped: number): void {
    const { hardSeq, softSeq, seq } = readFloor(this.#sql);
    reportLog("purge-floor-rose", { dropped, floor: seq, hardSeq, softSeq, targets: this.#targets });
  }
}
