// Proves that a refresh is done once at a time, and after everything that asked for it.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createRefresher } from "../../../origin-mock/db/refresher.ts";

const setUp = () => {
  const begun: PromiseWithResolvers<void>[] = [];
  const reported: unknown[] = [];
  let atOnce = 0;
  let most = 0;
  const refresher = createRefresher({
    async refresh() {
      const run = Promise.withResolvers<void>();
      begun.push(run);
      most = Math.max(most, (atOnce += 1));
      try {
        await run.promise;
      } finally {
        atOnce -= 1;
      }
    },
    report: (what, error) => reported.push([what, error]),
  });
  return { refresher, begun, reported, most: () => most };
};

/** Longer than any chain of promises in the refresher. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

test("who asks during a run gets the next one, together", async () => {
  const { refresher, begun, most } = setUp();
  const first = refresher.ask();
  await settled();
  const late = [refresher.ask(), refresher.ask(), refresher.ask()];
  await settled();
  expect(begun).toHaveLength(1);
  let lateDone = false;
  void Promise.all(late).then(() => (lateDone = true));
  begun[0]?.resolve();
  expect(await first).toEqual({ kind: "refreshed" });
  await settled();
  expect([begun.length, lateDone]).toEqual([2, false]);
  begun[1]?.resolve();
  expect(await Promise.all(late)).toEqual(late.map(() => ({ kind: "refreshed" })));
  await settled();
  expect([begun.length, most()]).toEqual([2, 1]);
});

test("a failure is reported and told, and the next to ask tries again", async () => {
  const { refresher, begun, reported } = setUp();
  const first = refresher.ask();
  await settled();
  const second = refresher.ask();
  const failure = new Error("no room");
  begun[0]?.reject(failure);
  expect(await first).toEqual({ kind: "failed", reason: "no room" });
  await settled();
  begun[1]?.resolve();
  expect(await second).toEqual({ kind: "refreshed" });
  expect(reported).toEqual([["refresh", failure]]);
});

test("whatever the order: one run at a time, and each who asks is answered by a run that began after", async () => {
  const steps = fc.array(fc.constantFrom("ask", "end", "wait"), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(steps, async (order) => {
      const { refresher, begun, most } = setUp();
      let ended = 0;
      const end = (): void => {
        if (ended < begun.length) begun[ended++]?.resolve();
      };
      const late: string[] = [];
      const asked: Promise<void>[] = [];
      for (const step of order) {
        if (step === "wait") await Promise.resolve();
        else if (step === "end") end();
        else {
          const before = begun.length;
          asked.push(refresher.ask().then(() => void (begun.length > before || late.push("no new run"))));
        }
      }
      let open = true;
      void Promise.all(asked).then(() => (open = false));
      for (await settled(); open; await settled()) end();
      expect([most() <= 1, late]).toEqual([true, []]);
    }),
  );
});
