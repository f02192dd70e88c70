// Owns the proof, over real sockets, that broken bodies are delivered as they came and never stored, and that large ones cost no memory.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Edges, startEdges } from "../../cli/dev/edges.ts";

const MB = 2 ** 20;
const HEAD = "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nContent-Type: application/octet-stream\r\n";
const BIG = 500 * MB;

type Script = (socket: Socket) => void;
const scripts = new Map<string, Script>();
let asked: string[] = [];
let sent = 0;
let origin: Server;
let edges: Edges;
let edge = "";
let directory = "";

/** The edge gets exactly the bytes written; the script of a path also decides when the connection ends. */
function answered(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.on("data", (data) => {
    const path = /^GET (\S+) /.exec(data.toString("latin1"))?.[1];
    if (path === undefined) return;
    asked.push(path);
    scripts.get(path)?.(socket);
  });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "strata-streams-"));
  const config = join(directory, "site.ts");
  await writeFile(config, `import { defineSite } from "strata"; export default defineSite({});`);
  origin = createServer(answered);
  await new Promise<void>((resolve) => {
    origin.listen(0, "127.0.0.1", resolve);
  });
  const { port } = origin.address() as AddressInfo;
  const log = (): void => undefined;
  edges = await startEdges({ count: 1, port: 0, origin: `http://127.0.0.1:${String(port)}`, config, token: "t", log });
  [edge = ""] = edges.urls;
}, 120_000);

afterAll(async () => {
  await edges.close();
  origin.close();
  await rm(directory, { recursive: true, force: true });
});

interface Got {
  readonly bytes: number;
  readonly text: string;
  readonly cache: string;
  readonly isWhole: boolean;
}

function get(path: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sending = request(edge + path, { agent: false }, (response) => {
      let bytes = 0;
      let text = "";
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (text.length < 100) text += chunk.toString("latin1").slice(0, 100);
      });
      const done = (): void => {
        resolve({ bytes, text, cache: String(response.headers["x-cache"]), isWhole: response.complete });
      };
      response.on("error", done);
      response.on("end", done);
    });
    sending.on("error", reject);
    sending.end();
  });
}

describe("a body that is not what it says", () => {
  it.each<[name: string, script: Script, text: string, isWhole: boolean]>([
    ["is shorter than its Content-Length", (s) => s.end(`${HEAD}Content-Length: 10\r\n\r\nhello`), "hello", false],
    [
      "has chunks that are garbage",
      (s) => s.end(`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n`),
      "hello",
      false,
    ],
    [
      "has chunks that break off",
      (s) => s.end(`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`),
      "hello",
      false,
    ],
    ["breaks off within a chunk", (s) => s.end(`${HEAD}Transfer-Encoding: chunked\r\n\r\n9\r\nhello`), "hello", false],
    [
      "is reset",
      (s) => s.write(`${HEAD}Content-Length: 10\r\n\r\nhello`, () => setImmediate(() => s.resetAndDestroy())),
      "",
      false,
    ],
    [
      "is more than memory takes, and breaks off",
      (s) =>
        s.end(
          Buffer.concat([Buffer.from(`${HEAD}Content-Length: ${String(3 * MB)}\r\n\r\n`), Buffer.alloc(2 * MB, "x")]),
        ),
      "x",
      false,
    ],
  ])("is delivered as it came and not stored: it %s", async (name, script, text, isWhole) => {
    const path = `/${encodeURIComponent(name)}`;
    scripts.set(path, script);
    asked = [];
    const first = await get(path).catch(() => ({ bytes: 0, text: "", cache: "MISS", isWhole: false }));
    expect(first.isWhole).toBe(isWhole);
    expect(first.text.startsWith(text)).toBe(true);
    scripts.set(path, (s) => s.end(`${HEAD}Content-Length: 5\r\n\r\nwhole`));
    const second = await get(path);
    expect([second.text, second.cache, second.isWhole]).toEqual(["whole", "MISS", true]);
    expect(asked).toEqual([path, path]);
  });

  it("ends where its Content-Length says, whatever comes behind; that is nobody's answer", async () => {
    scripts.set("/long", (s) =>
      s.end(`${HEAD}Content-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`),
    );
    scripts.set("/next", (s) => s.end(`${HEAD}Content-Length: 4\r\n\r\ngood`));
    expect((await get("/long")).text).toBe("hello");
    expect((await get("/next")).text).toBe("good");
    expect((await get("/long")).text).toBe("hello");
  });
});

/** Writes `BIG` bytes as fast as they are taken. */
function flood(declared: boolean, cacheControl: string): Script {
  const chunk = Buffer.alloc(MB / 4, "abcdefgh");
  const framed = declared
    ? chunk
    : Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n")]);
  return (socket) => {
    sent = 0;
    const length = declared ? `Content-Length: ${String(BIG)}` : "Transfer-Encoding: chunked";
    socket.write(`HTTP/1.1 200 OK\r\nCache-Control: ${cacheControl}\r\n${length}\r\n\r\n`);
    const more = (): void => {
      while (sent < BIG && !socket.destroyed) {
        sent += chunk.length;
        if (!socket.write(framed)) return;
      }
      if (sent >= BIG) socket.end(declared ? "" : "0\r\n\r\n");
      socket.off("drain", more);
    };
    socket.on("drain", more);
    more();
  };
}

/** The runtime's process, and what it takes of the machine's memory, MB. */
function runtime(): { resident(): number; peak(): number; forgetPeak(): void } {
  const pid = readdirSync("/proc").find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const [program = "", rest = ""] = readFileSync(`/proc/${name}/stat`, "latin1").split(") ");
      return program.endsWith("(workerd") && rest.split(" ")[1] === String(process.pid);
    } catch {
      return false;
    }
  });
  const read = (field: string): number => {
    const status = readFileSync(`/proc/${pid ?? "none"}/status`, "latin1");
    return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  };
  return {
    resident: () => read("VmRSS"),
    peak: () => read("VmHWM"),
    forgetPeak: () => {
      writeFileSync(`/proc/${pid ?? "none"}/clear_refs`, "5");
    },
  };
}

/** Reads nothing until the origin cannot send any more, then everything as fast as it comes. */
function getSlowly(path: string): Promise<{ readonly bytes: number; readonly ahead: number }> {
  return new Promise((resolve, reject) => {
    const sending = request(edge + path, { agent: false }, (response) => {
      let bytes = 0;
      let ahead = -1;
      const look = setInterval(() => {
        if (sent !== ahead) {
          ahead = sent;
          return;
        }
        clearInterval(look);
        response.on("data", (chunk: Buffer) => (bytes += chunk.length));
      }, 200);
      response.on("end", () => {
        resolve({ bytes, ahead });
      });
      response.on("error", reject);
    });
    sending.on("error", reject);
    sending.end();
  });
}

describe.skipIf(process.platform !== "linux")("500 MB cost less than 64 MB of memory", () => {
  it.each([
    ["not storable, of unknown length", false, "no-store"],
    ["storable, of known length", true, "max-age=600"],
  ])("%s", async (name, declared, cacheControl) => {
    const path = `/big/${encodeURIComponent(name)}`;
    scripts.set(path, flood(declared, cacheControl));
    scripts.set("/warm", (s) => s.end(`${HEAD}Content-Length: 5\r\n\r\nhello`));
    await get("/warm");
    const { resident, peak, forgetPeak } = runtime();
    forgetPeak();
    const before = resident();
    const { bytes, ahead } = await getSlowly(path);
    expect(bytes).toBe(BIG);
    // a client that does not read holds the origin back
    expect(ahead).toBeLessThan(64 * MB);
    expect(peak() - before).toBeLessThan(64);
  });
});
