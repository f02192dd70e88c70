// Owns the proof that an application's own routes may hand over encoded bodies: whoever asks, and however, gets the text.
import {
  brotliCompressSync,
  brotliDecompressSync,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Edges, startEdges } from "../../cli/dev/edges.ts";
import { ask } from "./support/asking.ts";
import { type ScriptedOrigin, startScriptedOrigin } from "./support/scripted-origin.ts";

const TEXT = "One line, again and again.\n".repeat(300);
const ENCODERS: Readonly<Record<string, (text: string) => Buffer>> = {
  identity: (text) => Buffer.from(text),
  gzip: gzipSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
};
const DECODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  identity: (bytes) => bytes,
  gzip: gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

let origin: ScriptedOrigin;
let edges: Edges;

beforeAll(async () => {
  origin = await startScriptedOrigin();
  const entry = "test/routes/workers/own-routes.ts";
  edges = await startEdges({
    count: 1,
    port: 0,
    entry,
    token: "e2e",
    bindings: { BEHIND: origin.url },
    log: () => undefined,
  });
});
afterAll(async () => {
  await edges.close();
  await origin.close();
});

describe.each(["max-age=60", "no-store"])("a route's answer with %s", (control) => {
  const passedOn = Object.keys(ENCODERS).map((coding) => ["passed on", coding] as const);
  const own = ["gzip", "br", "manual"].map((kind) => ["made", kind] as const);

  it.each([...passedOn, ...own])("%s as %s", async (place, kind) => {
    for (const accepted of [undefined, "identity", "gzip", "br", "zstd", "gzip, br, zstd"]) {
      const path = `/${place === "made" ? "made" : "behind"}/${kind}/${control}/${accepted?.replaceAll(/\W+/g, "-") ?? "none"}`;
      const body = ENCODERS[kind]?.(TEXT) ?? TEXT;
      const label: Record<string, string> = kind === "identity" ? {} : { "content-encoding": kind };
      origin.answer(path, {
        fields: {
          "content-type": "text/plain",
          "cache-control": control,
          "content-length": String(body.length),
          ...label,
        },
        body,
      });
      const fields: Record<string, string> = accepted === undefined ? {} : { "accept-encoding": accepted };
      for (const method of ["GET", "GET", "POST", "GET"]) {
        const got = await ask(`${edges.urls[0] ?? ""}${path}`, { method, headers: fields });
        const coding = got.fields["content-encoding"] ?? "identity";
        const told = `${method} ${path}: ${coding}`;
        expect([got.status, got.isBroken], told).toEqual([200, false]);
        const bytes = Buffer.from(got.body, "latin1");
        expect(DECODERS[coding]?.(bytes).toString(), told).toBe(TEXT);
        const length = got.fields["content-length"];
        if (length !== undefined) expect(Number(length), told).toBe(got.body.length);
        // a client gets a coding that it did not ask for only where the route insists
        if (kind !== "manual" && kind !== "zstd" && coding !== "identity") expect(accepted, told).toContain(coding);
      }
    }
  });
});
