// Proves that the database's time is measured, and nothing else.
import { expect, test } from "vitest";
import type { Database, Queryable } from "../../../origin-mock/db/port.ts";
import { tracedDatabase } from "../../../origin-mock/db/traced.ts";

const setUp = () => {
  let nowMs = 0;
  const takes = (ms: number): void => {
    nowMs += ms;
  };
  const inner: Queryable = {
    async query(sql) {
      takes(3);
      if (sql === "fails") throw new Error("it failed");
      return [{ n: 1 }];
    },
    script: async () => takes(5),
  };
  const db: Database = {
    ...inner,
    async transaction(work) {
      takes(10);
      try {
        return await work(inner);
      } finally {
        takes(20);
      }
    },
    close: async () => undefined,
  };
  const noted: number[] = [];
  return {
    traced: tracedDatabase(
      db,
      (ms) => noted.push(ms),
      () => nowMs,
    ),
    noted,
    takes,
  };
};

test("every statement is noted, also one that fails", async () => {
  const { traced, noted } = setUp();
  expect(await traced.query("SELECT 1")).toEqual([{ n: 1 }]);
  await traced.script("x");
  await expect(traced.query("fails")).rejects.toThrow("it failed");
  expect(noted).toEqual([3, 5, 3]);
});

test("of a transaction the ends and the statements, not what the work does between them", async () => {
  const { traced, noted, takes } = setUp();
  const result = await traced.transaction(async (tx) => {
    takes(1_000);
    await tx.query("SELECT 1");
    takes(1_000);
    return "done";
  });
  expect([result, noted]).toEqual(["done", [10, 3, 20]]);
});

test("of a transaction that fails too", async () => {
  const { traced, noted, takes } = setUp();
  const doomed = traced.transaction(async () => {
    takes(1_000);
    throw new Error("changed my mind");
  });
  await expect(doomed).rejects.toThrow("changed my mind");
  expect(noted).toEqual([10, 20]);
});
