// Proves the tiers together, in histories that a model judges: whatever is read, filled, changed, lost or late in whichever order, once
// an event is handled nobody who asks afterwards is answered from before its change, and the edge holds nothing from before it. Who
// asks the process that made the change is answered with it from then on, handled or not.
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cacheCommands } from "../../../origin-mock/cache/redis.ts";
import { gatewayName } from "../../../origin-mock/gateway/names.ts";
import { gatewayCommands } from "../../../origin-mock/gateway/redis.ts";
import { createGatewayCache } from "../../../origin-mock/gateway/response-cache.ts";
import { createMultiTierInvalidation } from "../../../origin-mock/invalidation/multi-tier.ts";
import { reachOf } from "../../../origin-mock/invalidation/reach.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import type { RedisConnection } from "../../../origin-mock/redis/connection.ts";
import { ADDRESS, cacheOver, parseText } from "../support/cache-scene.ts";
import { TRACE, updated } from "../support/events.ts";
import { createTestRedis } from "../support/redis.ts";
import type { TestRedis } from "../support/redis.ts";

const quiet = (): void => undefined;
const NAME = gatewayName("answer", "one");
const TARGETS = reachOf(updated(7));
const PATIENCE_MS = 10_000;

let server: TestRedis;
let connection: RedisConnection;
beforeAll(async () => {
  server = await createTestRedis();
  connection = await openRedis(server.url, { ready: quiet, error: quiet });
});
afterAll(async () => {
  await connection.close();
  await server.remove();
});

/** How a process's commands fare: answered; refused; done and their answers lost; done only when it is answered again. */
type Way = "open" | "cut" | "lost" | "late";

const createLine = (): { readonly run: RedisConnection["run"]; go(way: Way): Promise<void> } => {
  let way: Way = "open";
  const late: (() => Promise<unknown>)[] = [];
  const failed = (): Promise<never> => Promise.reject(new Error(way));
  return {
    run(work) {
      const send = () => connection.run(work, PATIENCE_MS);
      switch (way) {
        case "open":
          return send();
        case "cut":
          return failed();
        case "lost":
          return send().then(failed);
        case "late":
          late.push(send);
          return failed();
      }
    },
    async go(next) {
      for (const send of late.splice(0)) await send();
      way = next;
    },
  };
};

const createWorld = () => {
  let row = 1;
  /** Of everything up to it the event was handled. */
  let handled = 0;
  /** Of each process, what it changed last. */
  const own = [0, 0];
  const edge: { held: number | undefined; purges: number } = { held: undefined, purges: 0 };
  const gates: (() => void)[] = [];
  const reads: Promise<void>[] = [];

  const createProcess = () => {
    const line = createLine();
    const application = cacheOver(cacheCommands(line), { leaseMs: 20, patienceMs: 40 });
    const randomHex = (bytes: number): string => randomBytes(bytes).toString("hex");
    const gateway = createGatewayCache({
      redis: gatewayCommands(line),
      randomHex,
      payBehind: application.pay,
      report: quiet,
    });
    const invalidation = createMultiTierInvalidation({
      application,
      gateway,
      async cdn(tags) {
        edge.held = undefined;
        edge.purges += 1;
        return { status: "done", tags, seq: edge.purges };
      },
    });
    /** The row as it was when the database was asked; told when the gate opens. */
    const load = (): Promise<string> => {
      const { promise, resolve } = Promise.withResolvers<string>();
      const text = String(row);
      gates.push(() => resolve(text));
      return promise;
    };
    const answer = async (): Promise<number> => {
      const lookup = await gateway.lookUp(NAME);
      if (lookup.kind === "hit") return Number(Buffer.from(lookup.answer.body).toString());
      const reading = await application.read({ address: ADDRESS, variant: "", ttlMs: 60_000, parse: parseText, load });
      const body = new Uint8Array(Buffer.from(reading.value ?? ""));
      const entry = { answer: { status: 200, headers: [], body }, tags: ["product:7"], lifetimeMs: 60_000 };
      if (lookup.kind === "miss") await gateway.store(NAME, { ...entry, fence: lookup.fence });
      return Number(reading.value);
    };
    return { line, application, invalidation, answer };
  };
  const processes = [createProcess(), createProcess()] as const;

  /** By way of the edge, which keeps nothing that it asked for before a purge. */
  const read = async (by: 0 | 1): Promise<void> => {
    const [floor, purges] = [Math.max(handled, own[by] ?? 0), edge.purges];
    const value = await processes[by].answer();
    expect(value).toBeGreaterThanOrEqual(floor);
    if (edge.purges === purges) edge.held = value;
  };

  return {
    read: (by: 0 | 1): void => void reads.push(read(by)),
    /** One load of those that go on ends. */
    end: (which: number): void => gates.splice(which % Math.max(1, gates.length), 1)[0]?.(),
    async change(by: 0 | 1): Promise<void> {
      row += 1;
      const changed = row;
      await processes[by].invalidation.queued(TARGETS, "e");
      own[by] = changed;
    },
    async handle(by: 0 | 1): Promise<void> {
      const seen = row;
      const { cdn } = await processes[by].invalidation.now(TARGETS, { ...TRACE, events: [] });
      if (cdn.status === "done") handled = Math.max(handled, seen);
    },
    go: (by: 0 | 1, way: Way): Promise<void> => processes[by].line.go(way),
    check: (): void => expect(edge.held ?? row).toBeGreaterThanOrEqual(handled),
    async finish(): Promise<void> {
      for (const { line } of processes) await line.go("open");
      for (let open = true; open;) {
        for (const gate of gates.splice(0)) gate();
        open = await Promise.race([
          Promise.all(reads).then(() => false),
          connection.run((client) => client.ping(), PATIENCE_MS).then(() => true),
        ]);
      }
      await this.handle(0);
      this.check();
      for (const by of [0, 1] as const) {
        const last = processes[by].answer();
        while ((await Promise.race([last, connection.run((client) => client.ping(), PATIENCE_MS)])) === "PONG")
          this.end(0);
        expect(await last).toBe(row);
      }
    },
  };
};

/** Until whatever was begun has asked Redis what it asks first. */
const turn = async (): Promise<void> => {
  for (let trips = 0; trips < 4; trips += 1) await connection.run((client) => client.ping(), PATIENCE_MS);
};

const by = fc.constantFrom(0 as const, 1 as const);
const move = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("read" as const), by }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("end" as const), which: fc.nat({ max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("change" as const), by }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("handle" as const), by }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("go" as const),
      by,
      way: fc.constantFrom<Way>("open", "open", "open", "cut", "lost", "late"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const) }) },
);

type Move = typeof move extends fc.Arbitrary<infer T> ? T : never;
/** Both caches filled, the change's removal done and its answer lost: the gateway is left as it was. */
const UNANSWERED: readonly Move[] = [
  { do: "read", by: 0 },
  { do: "end", which: 0 },
  { do: "go", by: 0, way: "lost" },
  { do: "change", by: 0 },
  { do: "go", by: 0, way: "open" },
  { do: "read", by: 0 },
];

test(
  "nothing of before is answered, or held by the edge, once the event is handled",
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 10, maxLength: 40 }), async (moves) => {
        await connection.run((client) => client.flushAll());
        const world = createWorld();
        for (const each of moves) {
          switch (each.do) {
            case "read":
              world.read(each.by);
              break;
            case "end":
              world.end(each.which);
              break;
            case "change":
              await world.change(each.by);
              break;
            case "handle":
              await world.handle(each.by);
              break;
            case "go":
              await world.go(each.by, each.way);
              break;
            case "forget":
              await connection.run((client) => client.flushAll());
              break;
          }
          await turn();
          world.check();
        }
        await world.finish();
      }),
      { numRuns: 200, examples: [[[...UNANSWERED]]] },
    );
  },
);
