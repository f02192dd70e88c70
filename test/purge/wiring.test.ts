// Owns the proof of what an isolate's purges ask of the log.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { DEFAULT_BOUNDS } from "../../src/flow/support/bounds.ts";
import { defineSite } from "../../src/policy/define.ts";
import type { PurgeCommand } from "../../src/purge/log/log.ts";
import type { Cursor } from "../../src/purge/wire/records.ts";
import { boundedStrata } from "../../src/strata.ts";
import { newLog, purge, since } from "../support/purge-log.ts";

/** On a slow machine a wait that is over asks the log once more, as it should. */
const PATIENT = {
  ...DEFAULT_BOUNDS,
  logMs: 60_000,
  logConfirmMs: 60_000,
  copy: { partMs: 60_000, snapshotMs: 60_000 },
};

it("purges by an isolate that knows nothing are not answered with the whole log each", async () => {
  const log = newLog();
  await purge(log, ["old"]);
  const { incarnation } = await since(log);
  const asked: { readonly by: "purge" | "since"; readonly cursor: Cursor | undefined }[] = [];
  const noted = {
    purge(command: PurgeCommand) {
      asked.push({ by: "purge", cursor: command.since });
      return log.purge(command);
    },
    since(cursor: Cursor | undefined) {
      asked.push({ by: "since", cursor });
      return log.since(cursor);
    },
  };
  const bindings = {
    ...env,
    STRATA_TOKEN: "secret",
    STRATA_COLO: crypto.randomUUID(),
    STRATA_PURGE_LOG: { getByName: () => noted, idFromName: () => log.id },
  };
  const isolate = () => {
    const app = boundedStrata(defineSite({}), PATIENT);
    return async (tag: string): Promise<unknown> => {
      const context = createExecutionContext();
      const request = new Request("https://shop.test/.strata/purge", {
        method: "POST",
        headers: { authorization: "Bearer secret" },
        body: JSON.stringify({ tags: [tag] }),
      });
      const response = await app.fetch(request, bindings, context);
      const receipt = await response.json();
      await waitOnExecutionContext(context);
      return receipt;
    };
  };
  const first = isolate();
  expect(await Promise.all(["a", "b", "c"].map(first))).toMatchObject([{ seq: 2 }, { seq: 3 }, { seq: 4 }]);
  expect(asked.filter(({ cursor }) => cursor === undefined)).toEqual([{ by: "since", cursor: undefined }]);
  expect(asked.filter(({ by }) => by === "purge")).toHaveLength(3);
  // another one of the colo has the copy
  expect(await isolate()("d")).toMatchObject({ seq: 5 });
  expect(asked.at(-1)).toEqual({ by: "purge", cursor: { incarnation, seq: 1 } });
  expect(asked.filter(({ by }) => by === "since")).toHaveLength(1);
});
