// Owns the proof that a guarded tier never fails a request, whatever the tier under it does.
import { describe, expect, it } from "vitest";
import { deadline, timeout } from "../../src/base/deadline.ts";
import type { DependencyError } from "../../src/error.ts";
import { guarded } from "../../src/tiers/guard.ts";
import type { Entry, Tier } from "../../src/tiers/tier.ts";
import { barrier } from "../support/barrier.ts";
import { keyOf, responseEntry } from "../support/stored.ts";

const KEY = keyOf("/a");
const TIMEOUT_MS = 5;

function guardOver(changes: Partial<Tier>, timeoutMs = TIMEOUT_MS) {
  const reports: DependencyError[] = [];
  const tier: Tier = {
    name: "colo",
    admits: () => true,
    get: () => undefined,
    put: () => undefined,
    delete: () => undefined,
    ...changes,
  };
  return { reports, tier: guarded(tier, deadline(timeout, timeoutMs), (error) => reports.push(error)) };
}

const down = new Error("down");
const throwing = (): never => {
  throw down;
};
const rejecting = (): Promise<never> => Promise.reject(down);
const hanging = (): Promise<never> => new Promise(() => undefined);

describe("guard", () => {
  it("passes through what works, and reports nothing", async () => {
    const entry = responseEntry("x");
    const { tier, reports } = guardOver({ get: () => Promise.resolve(entry), admits: () => false });
    expect(await tier.get(KEY)).toBe(entry);
    expect(tier.name).toBe("colo");
    expect(tier.admits(entry.stored, entry.body)).toBe(false);
    expect(reports).toEqual([]);
  });

  it.each([
    ["throws", throwing],
    ["rejects", rejecting],
  ])("makes a miss of a get that %s, and reports it with its cause", async (_, get) => {
    const { tier, reports } = guardOver({ get });
    expect(await tier.get(KEY)).toBeUndefined();
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ name: "StrataDependencyError", dependency: "colo tier", cause: down });
    expect(reports[0]?.message).toContain("get");
  });

  it("makes a miss of a get that never answers, and reports it", async () => {
    const { tier, reports } = guardOver({ get: hanging });
    expect(await tier.get(KEY)).toBeUndefined();
    expect(reports).toHaveLength(1);
    expect(String(reports[0]?.cause)).toContain("5 ms");
  });

  it.each([
    ["throws", throwing],
    ["rejects", rejecting],
  ])("survives a put or delete that %s, and reports it", async (_, fails) => {
    const { tier, reports } = guardOver({ put: fails, delete: fails });
    await tier.put(KEY, responseEntry("x"), 60);
    await tier.delete(KEY);
    expect(reports.map(({ message }) => message)).toEqual(["colo tier: put failed", "colo tier: delete failed"]);
  });

  it("does not wait for ever for a delete", async () => {
    const { tier, reports } = guardOver({ delete: hanging });
    await tier.delete(KEY);
    expect(reports.map(({ message }) => message)).toEqual(["colo tier: delete failed"]);
  });

  it("lets the stream of an answer that came too late go", async () => {
    const late = barrier<Entry>();
    const gone = barrier<unknown>();
    const { tier } = guardOver({ get: () => late.passed });
    expect(await tier.get(KEY)).toBeUndefined();
    const stream = new ReadableStream<Uint8Array>({ cancel: gone.open });
    late.open({ ...responseEntry("x"), body: { kind: "stream", stream } });
    await expect(Promise.race([gone.passed, atLast("the stream is still open")])).resolves.toBeUndefined();
  });

  it("is not disturbed by a rejection that came too late", async () => {
    const late = barrier<Entry>();
    const { tier, reports } = guardOver({ get: () => late.passed });
    expect(await tier.get(KEY)).toBeUndefined();
    late.fail(down);
    await atLast("");
    expect(reports).toHaveLength(1);
  });
});

/** After every turn that is already due: for what should have happened by then. */
function atLast(said: string): Promise<string> {
  return new Promise((resolve) => setTimeout(resolve, 0, said));
}
