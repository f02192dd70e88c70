// Owns the proof that a stream nobody reads is given back, and that nothing of that is ever a failure.
import { expect, it } from "vitest";
import { discard, unread } from "../../src/base/streams.ts";

function streamThat(cancel: () => void | Promise<void>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({ cancel });
}

it("gives the stream back", async () => {
  let given = 0;
  await unread(streamThat(() => void (given += 1)));
  discard(streamThat(() => void (given += 1)));
  expect(given).toBe(2);
});

it.each([
  ["none", null],
  ["none at all", undefined],
  ["one that breaks off", streamThat(() => Promise.reject(new Error("broken")))],
  ["one that has broken off", new ReadableStream({ start: (controller) => controller.error(new Error("broken")) })],
])("%s is no failure", async (_, stream) => {
  await expect(unread(stream)).resolves.toBeUndefined();
});

it("one that somebody reads stays with its reader", async () => {
  const stream = new Response("body").body;
  const reader = stream?.getReader();
  await unread(stream);
  expect((await reader?.read())?.done).toBe(false);
});
