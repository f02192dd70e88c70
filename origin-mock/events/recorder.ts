// Owns the recording of events: a row of the outbox, in the transaction of the change.
import { recordEvent } from "../db/outbox.ts";
import { entityOf } from "./event.ts";
import type { EventRecorder } from "./port.ts";

export function createRecorder(wake: () => void): EventRecorder {
  return {
    record: (tx, event, { requestId, traceparent }) =>
      recordEvent(tx, { entity: entityOf(event), event, requestId, traceparent }),
    wake,
  };
}
