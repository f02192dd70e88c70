// Owns the proof that free ports are chosen below those the kernel hands out by itself.
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { assertPortFree, freePort } from "../../cli/dev/ports.ts";

test("a free port lies below those that kernels hand out, so that no other listener or connection is given it", async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort("127.0.0.1")));
  for (const port of ports) expect(port).toSatisfy((each: number) => each >= 10_000 && each < 32_000);
});

test("a port somebody listens on is named, with the option that chooses another", async () => {
  const port = await freePort("127.0.0.1");
  await assertPortFree("127.0.0.1", port, "--port");
  const server = createServer().listen(port, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  await expect(assertPortFree("127.0.0.1", port, "--port")).rejects.toThrow(
    `port ${String(port)} is already in use: another program listens on it; stop that one or choose another with --port N`,
  );
  server.close();
});
