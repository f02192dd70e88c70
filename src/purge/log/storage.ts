// Owns opening the purge log's storage. Storage that cannot take a purge is dropped and made anew, as another log, so it never stands in the way of one.
import { checkStorage } from "./storage-check.ts";
import { messageOf, reportLog } from "./report.ts";
import { createTables, dropEverything, isEmpty, updateTables, VERSION } from "./schema.ts";

/** True where the storage was renewed: it is another log now. */
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
 * Renews the storage if a purge cannot be carried out on it; true if it did.
 * @param prepare runs before the rehearsal and throws where the storage cannot be used.
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
    // failures of the machine say nothing about the storage
    if (PASSING.test(messageOf(cause))) throw cause;
    renew(storage);
    reportLog("purge-log-renewed", { message: messageOf(cause), version: VERSION });
    return true;
  }
}

/** Whether the order itself caused the failure: other orders would succeed. */
export function isOfOrder(cause: unknown): boolean {
  return messageOf(cause).includes("SQLITE_CONSTRAINT");
}

const PASSING = /SQLITE_(?:BUSY|FULL|INTERRUPT|IOERR|LOCKED|NOMEM)\b/;

function renew(storage: DurableObjectStorage): void {
  storage.transactionSync(() => {
    dropEverything(storage.sql);
    createTables(storage.sql);
  });
}
