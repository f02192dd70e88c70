// Owns the proof that a worker bound as a service is an origin like any other: stored, streamed, switched to another protocol.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleWorker, ROOT } from "../../cli/dev/bundle.ts";
import { readDeployment } from "../../cli/dev/wrangler-config.ts";
import { ask, begin } from "./support/asking.ts";

const SITE =
  'import { defineSite } from "strata"; export default defineSite({ origins: { "*": { service: "API" } } });';
const TEXT = "One line, again and again.\n".repeat(300);

/** The worker behind the edge. */
const SERVICE = `
let asked = 0;
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (request.headers.get("upgrade") === "websocket") {
      const { 0: client, 1: server } = new WebSocketPair();
      server.accept();
      server.addEventListener("message", ({ data }) => server.send("echo " + data));
      server.addEventListener("close", ({ code }) => server.close(code));
      return new Response(null, { status: 101, webSocket: client });
    }
    if (pathname === "/events") {
      const { readable, writable } = new TransformStream();
      const writer = writable.getWriter();
      void writer.write(new TextEncoder().encode("data: 1\\n\\n"));
      return new Response(readable, { headers: { "content-type": "text/event-stream", "cache-control": "max-age=60" } });
    }
    asked += 1;
    const [, coding] = pathname.split("/");
    const headers = { "content-type": "text/plain", "cache-control": "max-age=60", "x-asked": String(asked) };
    if (coding !== "identity") headers["content-encoding"] = coding;
    return new Response(${JSON.stringify(TEXT)}, { headers });
  },
};`;

let runtime: Miniflare;
let url = "";

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), "strata-service-"));
  const config = join(directory, "site.ts");
  await writeFile(config, SITE);
  const source = await bundleWorker(resolve(ROOT, "src/worker.ts"), config);
  await rm(directory, { recursive: true, force: true });
  const { compatibilityDate, compatibilityFlags, kvNamespaces, durableObjects } = await readDeployment();
  const common = { compatibilityDate, compatibilityFlags: [...compatibilityFlags] };
  runtime = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      telemetry: { enabled: false },
      handleStructuredLogs: () => undefined,
      workers: [
        {
          ...common,
          name: "edge",
          modules: [{ type: "ESModule", path: "edge.js", contents: source }],
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
          kvNamespaces: { ...kvNamespaces },
          durableObjects: Object.fromEntries(
            durableObjects.map(({ binding, className, sqlite }) => [binding, { className, useSQLite: sqlite }]),
          ),
          serviceBindings: { API: "api" },
        },
        { ...common, name: "api", modules: [{ type: "ESModule", path: "api.js", contents: SERVICE }] },
      ],
    }),
  );
  url = (await runtime.unsafeGetDirectURL("edge")).origin;
});
afterAll(() => runtime.dispose());

const DECODED: Readonly<Record<string, (bytes: Buffer) => Buffer>> = { gzip: gunzipSync, br: brotliDecompressSync };

describe("a worker bound as a service", () => {
  it("speaks WebSocket through the edge, both ways, until it is closed", async () => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/socket`);
    await once(socket, "open");
    for (const text of ["one", "two"]) {
      const message = once(socket, "message");
      socket.send(text);
      const [event] = (await message) as [MessageEvent<string>];
      expect(event.data).toBe(`echo ${text}`);
    }
    const closed = once(socket, "close");
    socket.close(1000, "done");
    const [event] = (await closed) as [CloseEvent];
    expect(event.code).toBe(1000);
  });

  it("sends events that reach their client at once", async () => {
    const coming = await begin(`${url}/events`);
    await coming.reached(1);
    expect(coming.soFar()).toBe("data: 1\n\n");
    expect(coming.answer.headers["cache-status"]).toBe("strata; fwd=uri-miss; fwd-status=200; detail=uri-miss/endless");
    coming.answer.destroy();
  });

  it.each(["identity", "gzip", "br"])(
    "is asked once for what it sends as %s, and every client can read it",
    async (coding) => {
      const asked = new Set<unknown>();
      for (const accepted of ["identity", "gzip", "br", "gzip", "identity"]) {
        const got = await ask(`${url}/${coding}/text`, { headers: { "accept-encoding": accepted } });
        const told = `${accepted}: ${String(got.fields["content-encoding"])} ${got.said}`;
        const bytes = Buffer.from(got.body, "latin1");
        expect((DECODED[got.fields["content-encoding"] ?? ""] ?? ((same) => same))(bytes).toString(), told).toBe(TEXT);
        asked.add(got.fields["x-asked"]);
        expect(["identity", accepted], told).toContain(got.fields["content-encoding"] ?? "identity");
      }
      expect([...asked]).toHaveLength(1);
    },
  );
});
