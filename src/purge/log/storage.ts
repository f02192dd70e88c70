// Owns the purge log's storage when it is opened, and when it fails: usable, or dropped as a whole and made anew, as another log. It is never in the way of a purge.
import { checkStorage } from "./storage-check.ts";
import { messageOf, reportLog } from "./report.ts";
import { createTables, dropEverything, isEmpty, updateTables, VERSION } from "./schema.ts";

/** True where what was there could not be used: it is another log now. */
export function openStorage(storage: DurableObjectStorage, nowMs: number): boolean {
  const { sql } = storage;
  if (isEmpty(sql)) {
    storage.transactionSync(() => {
      createTables(sql);
    });
    return false;
  }
  return renewedWhereUnusable(storage, nowMs, () => {
    storage.transactionSync(() => {
      updateTables(sql);
    });
  });
}

/**
 * True where a purge cannot be carried out on the storage, which was then made anew.
 * @param prepare comes before the rehearsal; it throws where the storage cannot be used.
 */
export function renewedWhereUnusable(
  storage: DurableObjectStorage,
  nowMs: number,
  prepare: () => void = () => undefined,
): boolean {
  try {
    prepare();
    checkStorage(storage, nowMs);
    return false;
  } catch (cause) {
    // these say nothing of what the storage holds
    if (PASSING.test(messageOf(cause))) throw cause;
    renew(storage);
    reportLog("purge-log-renewed", { message: messageOf(cause), version: VERSION });
    return true;
  }
}

/** Whether a failure is an order's own, and no other one's. */
export function isOfOrder(cause: unknown): boolean {
  return messageOf(cause).includes("SQLITE_CONSTRAINT");
}

const PASSING = /SQLITE_(?:BUSY|FULL|INTERRUPT|IOERR|LOCKED|NOMEM)\b/;

/** All of it or nothing. */
function renew(storage: DurableObjectStorage): void {
  storage.transactionSync(() => {
    dropEverything(storage.sql);
    createTables(storage.sql);
  });
}
