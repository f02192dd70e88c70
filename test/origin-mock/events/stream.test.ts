// Proves the event stream on a real Redis: nothing twice, nothing lost with a consumer, and what another memory means.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { eventStream, leaseIn, STREAM_KEY } from "../../../origin-mock/events/redis.ts";
import { TIDY } from "../../../origin-mock/events/scripts.ts";
import type { Announcement, Delivery, EventStream } from "../../../origin-mock/events/port.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import type { RedisConnection } from "../../../origin-mock/redis/connection.ts";
import { createTestRedis } from "../support/redis.ts";
import type { TestRedis } from "../support/redis.ts";

const quiet = (): void => undefined;
const announcement = (number: number): Announcement => ({ eventId: `event-${number}`, entity: `product:${number}` });
const ids = (deliveries: readonly Delivery[]): readonly (string | undefined)[] =>
  deliveries.map((delivery) => delivery.announcement?.eventId);

let redis: TestRedis;
let connection: RedisConnection;
let blocking: RedisConnection;
let stream: EventStream;
let made = 0;
beforeAll(async () => {
  redis = await createTestRedis();
  [connection, blocking] = [
    await openRedis(redis.url, { ready: quiet, error: quiet }),
    await openRedis(redis.url, { ready: quiet, error: quiet }),
  ];
  stream = eventStream({ connection, blocking, newId: () => `incarnation-${(made += 1)}` });
});
afterAll(async () => {
  await Promise.all([connection.close(), blocking.close()]);
  await redis.remove();
});
let incarnation = "";
beforeEach(async () => {
  incarnation = await stream.open();
});
afterEach(() => connection.run((client) => client.flushAll()));

const length = (): Promise<number> => connection.run((client) => client.xLen(STREAM_KEY));

test("opened again it is the same; emptied it is another, and takes nothing for the old one", async () => {
  expect(await stream.open()).toBe(incarnation);
  await connection.run((client) => client.flushAll());
  expect(await stream.publish(incarnation, [announcement(1)])).toBe(false);
  const next = await stream.open();
  expect(next).not.toBe(incarnation);
  expect([await stream.publish(incarnation, [announcement(1)]), await length()]).toEqual([false, 0]);
  expect([await stream.publish(next, [announcement(1)]), await length()]).toEqual([true, 1]);
});

test.each([
  ["the stream alone is gone", (key: string) => !key.endsWith("stream")],
  ["the index alone is gone", (key: string) => !key.endsWith("index")],
])("when %s it is another one, with a group", async (_, stays) => {
  await stream.publish(incarnation, [announcement(1)]);
  for (const key of (await connection.run((client) => client.keys("*"))).filter((each) => !stays(each))) {
    await connection.run((client) => client.del(key));
  }
  const next = await stream.open();
  expect(next).not.toBe(incarnation);
  await stream.publish(next, [announcement(1)]);
  expect(ids(await stream.read("a", 10, 0))).toEqual(["event-1"]);
});

test("keys of other kinds under its names do not stop it", async () => {
  await connection.run((client) => client.flushAll());
  await connection.run((client) => client.set(STREAM_KEY, "something"));
  const next = await stream.open();
  expect(await stream.publish(next, [announcement(1)])).toBe(true);
  expect(ids(await stream.read("a", 10, 0))).toEqual(["event-1"]);
});

test("what is in the stream is not added again, until it is acknowledged or lost from it", async () => {
  await stream.publish(incarnation, [announcement(1), announcement(2)]);
  await stream.publish(incarnation, [announcement(2), announcement(1), announcement(3)]);
  const deliveries = await stream.read("a", 10, 0);
  expect(ids(deliveries)).toEqual(["event-1", "event-2", "event-3"]);
  // Delivered and not acknowledged: still there.
  await stream.publish(incarnation, [announcement(1)]);
  expect(await length()).toBe(3);
  await stream.acknowledge(deliveries.slice(0, 1));
  await connection.run((client) => client.xDel(STREAM_KEY, deliveries[1]?.entryId ?? ""));
  await stream.publish(incarnation, [announcement(1), announcement(2), announcement(3)]);
  expect(ids(await stream.read("a", 10, 0))).toEqual(["event-1", "event-2"]);
});

test("acknowledged is gone, from group, stream and index", async () => {
  await stream.publish(incarnation, [announcement(1), announcement(2)]);
  await stream.acknowledge(await stream.read("a", 10, 0));
  expect(await stream.claim("b")).toEqual([]);
  expect(await length()).toBe(0);
  expect(await connection.run((client) => client.hLen("{shop:events}:index"))).toBe(1);
});

test("a consumer's count is kept, and what it was given is claimed by the next, all of it and in order", async () => {
  const many = Array.from({ length: 1_200 }, (_, index) => announcement(index));
  await stream.publish(incarnation, many);
  expect(ids(await stream.read("dead", 700, 0))).toHaveLength(700);
  expect(ids(await stream.claim("next"))).toEqual(many.slice(0, 700).map(({ eventId }) => eventId));
  expect(ids(await stream.read("next", 1_000, 0))).toEqual(many.slice(700).map(({ eventId }) => eventId));
  expect(await stream.claim("next")).toHaveLength(1_200);
});

test("a group that was destroyed delivers what is left from the beginning", async () => {
  await stream.publish(incarnation, [announcement(1), announcement(2)]);
  const [first] = await stream.read("a", 1, 0);
  if (first !== undefined) await stream.acknowledge([first]);
  await stream.read("a", 1, 0);
  await connection.run((client) => client.xGroupDestroy(STREAM_KEY, "invalidation"));
  await expect(stream.read("a", 1, 0)).rejects.toThrow("NOGROUP");
  expect(await stream.open()).toBe(incarnation);
  expect(ids(await stream.read("a", 10, 0))).toEqual(["event-2"]);
});

test("consumers that ended are forgotten, those with something in their hands are not", async () => {
  await stream.publish(incarnation, [announcement(1)]);
  await stream.read("busy", 10, 0);
  await stream.read("ended", 10, 0);
  const silenceMs = "-1";
  await connection.run((client) => client.eval(TIDY, { keys: [STREAM_KEY], arguments: ["invalidation", silenceMs] }));
  const consumers = await connection.run((client) => client.xInfoConsumers(STREAM_KEY, "invalidation"));
  expect(consumers.map(({ name }) => name)).toEqual(["busy"]);
});

test("an entry that somebody else wrote is delivered as none of ours, and can be acknowledged", async () => {
  await connection.run((client) => client.xAdd(STREAM_KEY, "*", { hello: "world" }));
  const deliveries = await stream.read("a", 10, 0);
  expect(deliveries).toEqual([{ entryId: expect.any(String), announcement: undefined }]);
  await stream.acknowledge(deliveries);
  expect(await length()).toBe(0);
});

test("a wait for deliveries ends with the first, and makes nobody else wait", async () => {
  const waiting = stream.read("a", 10, 20_000);
  await stream.publish(incarnation, [announcement(1)]);
  expect(ids(await waiting)).toEqual(["event-1"]);
});

test("a lease has one holder, who may prolong it and give it up, and who loses it with time or with Redis", async () => {
  const lease = leaseIn(connection);
  expect([await lease.take("a", 60_000), await lease.take("b", 60_000), await lease.take("a", 60_000)]).toEqual([
    true,
    false,
    true,
  ]);
  await lease.release("b");
  expect(await lease.take("b", 60_000)).toBe(false);
  await lease.release("a");
  expect(await lease.take("b", 1)).toBe(true);
  // By the clock of Redis.
  while (!(await lease.take("a", 60_000)));
  await connection.run((client) => client.flushAll());
  expect(await lease.take("b", 60_000)).toBe(true);
});
