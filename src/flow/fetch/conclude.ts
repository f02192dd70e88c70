// Owns the conclusion of a fetch: it stores the answer, refreshes or completes a stored one, passes the answer on, or serves something stale.
import { unread } from "../../base/streams.ts";
import { deliverHeld } from "../answer/deliver.ts";
import { deliverFailure } from "../answer/error-answer.ts";
import { type CacheRequest, discard, present } from "../cache-request.ts";
import type { Arrival } from "./arrival.ts";
import type { FinalVerdict } from "./ask-again.ts";
import { endStored } from "./end-stored.ts";
import { endedWith, type Fetched } from "./fetched.ts";
import type { FetchPlan } from "./fetch-plan.ts";
import { passedAnswer } from "./pass-answer.ts";
import { freshened, refreshed } from "./refresh-stored.ts";
import { completedAnswer, storedAnswer } from "./store-answer.ts";
import { noteUnstorable } from "./unstorable.ts";

/** Carries out a verdict on the origin's answer. */
export async function conclude(
  request: CacheRequest,
  plan: FetchPlan,
  verdict: FinalVerdict,
  arrival: Arrival,
): Promise<Fetched> {
  const { held, standIn = held } = plan;
  const { response, content, delivery, outcome } = arrival;
  switch (verdict.verdict) {
    case "store":
      // a purge meanwhile does not stop the store: by the response's fence, the next lookup rejects it (purge/reader/match.ts)
      discard(standIn);
      return storedAnswer(request, plan, verdict, arrival);
    case "complete":
      return completedAnswer(request, plan, verdict.stored, arrival);
    case "pass-through":
      endStored(request, plan, response.status, verdict.reason);
      noteUnstorable(request, plan, response, verdict.reason);
      if (held && verdict.freshened) freshened(request, held, verdict.freshened);
      else discard(standIn);
      return endedWith(passedAnswer(request, plan, verdict, arrival), { kind: "unshared" });
    case "refresh": {
      await unread(content);
      const merged = { ...present(held), stored: verdict.stored };
      if (verdict.refusal === undefined) return refreshed(request, plan, merged, arrival);
      endStored(request, plan, response.status, verdict.refusal);
      return endedWith(deliverHeld(delivery, merged, outcome), { kind: "unshared" });
    }
    case "serve-stale":
      await unread(content);
      return endedWith(deliverHeld(delivery, present(standIn), outcome), { kind: "stood-in" });
    case "fail":
      await unread(content);
      discard(standIn);
      return endedWith(deliverFailure(delivery, verdict, outcome), { kind: "failed", failure: verdict.reason });
  }
}
