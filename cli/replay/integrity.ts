// Owns the check of one delivered answer against what the origin has: status, length and every byte. Does no I/O.
import type { Body } from "./body.ts";
import type { PlannedRequest } from "./log-plan.ts";
import { type Catalogue, pathOf } from "./resources.ts";
import { canonicalTarget } from "./request-line.ts";

export interface AnswerHead {
  readonly status: number;
  /** The origin's mark of the resource the answer was made from, if it came through. */
  readonly resourceId: string | undefined;
}

export interface AnswerCheck {
  chunk(bytes: Buffer): void;
  /** The problem of the answer, or undefined. */
  end(): string | undefined;
}

export function checkAnswer(catalogue: Catalogue, planned: PlannedRequest, head: AnswerHead): AnswerCheck {
  const served =
    (head.resourceId === undefined ? undefined : catalogue.byId(Number(head.resourceId))) ?? planned.resource;
  const unchanged = planned.ifNoneMatch !== undefined && planned.ifNoneMatch === served.etag;
  const status = unchanged ? 304 : served.status;
  const body: Body | undefined = unchanged || planned.method === "HEAD" ? undefined : served.body();
  const expectedBytes = body?.bytes ?? 0;
  let received = 0;
  let intact = true;
  return {
    chunk(bytes) {
      intact &&= body?.matches(bytes, received) ?? false;
      received += bytes.length;
    },
    end() {
      if (pathOf(canonicalTarget(planned.target)) !== pathOf(served.target))
        return `got the answer of ${served.target}`;
      if (head.status !== status) return `status ${head.status} where the origin has ${status}`;
      if (received !== expectedBytes) return `${received} bytes where the origin has ${expectedBytes}`;
      return intact ? undefined : `${received} bytes that are not the origin's`;
    },
  };
}
