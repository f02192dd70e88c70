// Proves that what must not happen twice does not: replays, duplicates under way, other bodies, crashes, and no Redis.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestGateway } from "../support/gateway.ts";
import type { GatewayShop, TestGateway } from "../support/gateway.ts";
import { json } from "../support/shop.ts";

let bench: TestGateway;
let shop: GatewayShop;
let charges = 0;

beforeAll(async () => {
  bench = await openTestGateway();
});
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.connection.run((client) => client.flushAll());
  shop = bench.open();
  charges = 0;
  bench.script.answer = async ({ text }) => {
    charges += 1;
    const body: unknown = JSON.parse(await text());
    return Response.json(
      { charge: charges, body },
      { status: 201, headers: { "Cache-Control": "no-store", "X-Own": "é" } },
    );
  };
});

const checkout = (key: string | undefined, more: { user?: string; body?: unknown; of?: GatewayShop } = {}) =>
  (more.of ?? shop).request("/api/checkout", {
    method: "POST",
    headers: {
      Authorization: `Bearer ${more.user ?? "alice"}-token`,
      "Content-Type": "application/json",
      ...(key === undefined ? {} : { "Idempotency-Key": key }),
    },
    body: JSON.stringify(more.body ?? { cart: 1 }),
  });

test("the same request again is answered as before, by every process, and charges nothing", async () => {
  const first = await checkout('"one"');
  const second = await checkout('"one"', { of: bench.open() });
  expect(charges).toBe(1);
  expect([second.status, await second.text()]).toEqual([first.status, await first.text()]);
  for (const name of ["content-type", "cache-control", "x-own"]) {
    expect(second.headers.get(name)).toBe(first.headers.get(name));
  }
  expect(second.headers.get("x-request-id")).not.toBe(first.headers.get("x-request-id"));
});

test.each([
  ["another key", '"two"', {}, 201],
  ["another user", '"one"', { user: "bob" }, 201],
  ["the key without quotes is the same key", "one", {}, 201],
  ["another body", '"one"', { body: { cart: 2 } }, 422],
])("%s", async (_, key, more, status) => {
  await checkout('"one"');
  expect((await checkout(key, more)).status).toBe(status);
  expect(charges).toBe(key === '"two"' || "user" in more ? 2 : 1);
});

test("without a key everything is charged", async () => {
  await checkout(undefined);
  await checkout(undefined);
  expect(charges).toBe(2);
});

test.each([['""'], ['"'], ["a b"], ['"é"'], [`"${"x".repeat(256)}"`]])("the key %s is refused", async (key) => {
  const response = await checkout(key);
  expect(response.status).toBe(400);
  expect(await json(response)).toMatchObject({ errors: [{ in: "header", at: "Idempotency-Key" }] });
  expect(charges).toBe(0);
});

test("of many at once one is charged, the others are told to wait", async () => {
  const gate = Promise.withResolvers<void>();
  const charge = bench.script.answer;
  bench.script.answer = async (asked) => {
    await gate.promise;
    return charge(asked);
  };
  let waiting = 0;
  const all = Array.from({ length: 10 }, async () => {
    const response = await checkout('"one"');
    // The nine are answered while the first is still running.
    if (response.status === 409) waiting += 1;
    if (waiting === 9) gate.resolve();
    return response;
  });
  const statuses = (await Promise.all(all)).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
  expect(charges).toBe(1);
});

test("a refusal by the route is replayed too", async () => {
  bench.script.answer = () => {
    charges += 1;
    return new Response("the price has changed", { status: 409 });
  };
  expect(await (await checkout('"one"')).text()).toBe("the price has changed");
  expect(await (await checkout('"one"')).text()).toBe("the price has changed");
  expect(charges).toBe(1);
});

test("a stranger is the route's to refuse, and nothing is kept of it", async () => {
  bench.script.answer = () => new Response(null, { status: 401 });
  const request = { method: "POST", headers: { "Idempotency-Key": '"one"' }, body: "{}" };
  expect((await shop.request("/api/checkout", request)).status).toBe(401);
  expect(await bench.connection.run((client) => client.keys("*:idempotency:*"))).toEqual([]);
});

describe("in doubt nothing runs", () => {
  const refused = async (response: Response): Promise<void> => {
    expect(response.status).toBe(409);
    expect((await json(response))["detail"]).toContain("is not known");
  };
  const record = async (): Promise<string> =>
    (await bench.connection.run((client) => client.keys("*:idempotency:*")))[0] ?? "";

  test.each([
    ["throws", () => Promise.reject(new Error("the connection was lost at COMMIT"))],
    ["answers 503", () => Promise.resolve(new Response(null, { status: 503 }))],
  ])("after a route that %s", async (_, fail) => {
    bench.script.answer = () => {
      charges += 1;
      return fail();
    };
    expect((await checkout('"one"')).status).toBeGreaterThanOrEqual(500);
    await refused(await checkout('"one"'));
    expect(charges).toBe(1);
  });

  test("after a crash in the middle", async () => {
    await checkout('"one"');
    const name = await record();
    const died = { state: "running", begun: String(Date.now() - 61_000) };
    await bench.connection.run((client) => client.hSet(name, died));
    await refused(await checkout('"one"'));
    expect(charges).toBe(1);
  });

  test("what was damaged in Redis", async () => {
    await checkout('"one"');
    const name = await record();
    await bench.connection.run((client) => client.hSet(name, "head", "{"));
    await refused(await checkout('"one"'));
  });

  test("it is remembered for a day", async () => {
    await checkout('"one"');
    const name = await record();
    const left = await bench.connection.run((client) => client.pTTL(name));
    expect(left / 3_600_000).toBeCloseTo(24, 1);
    expect(name).not.toContain("one");
  });

  // Breaks Redis: stays last.
  test("when Redis went away in the middle the answer is given; without it nothing runs at all", async () => {
    const charge = bench.script.answer;
    bench.script.answer = async (asked) => {
      await bench.server.stop();
      return charge(asked);
    };
    expect((await checkout('"one"')).status).toBe(201);
    const response = await checkout('"two"');
    expect([response.status, response.headers.get("retry-after"), charges]).toEqual([503, "1", 1]);
  });
});
