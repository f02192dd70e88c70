// Owns the acceptance suite of the Tier port, for every implementation.
import { describe, expect, it } from "vitest";
import type { CacheKey } from "../../src/http/select/key.ts";
import type { Entry, Tier } from "../../src/tiers/tier.ts";
import { contentOf, keyOf, noise, type ResponseEntry, responseEntry, textOf } from "../support/stored.ts";

/** `tier` is called once a test, so that one test's entries are not another's. */
export function tierContract(name: string, tier: () => Tier): void {
  describe(`${name} keeps the contract of a tier`, () => {
    it("has nothing under a key nobody put", async () => {
      expect(await tier().get(keyOf("/absent"))).toBeUndefined();
    });

    it("gives back what was put, whole", async () => {
      const t = tier();
      const entry = responseEntry("hello", {
        headers: [
          ["content-type", "text/html"],
          ["x-twice", "1"],
          ["x-twice", "2"],
        ],
        edgeHeaders: [["cache-tag", "a, b"]],
        initialAgeSeconds: 1.5,
        staleWhileRevalidateSeconds: 10,
        staleIfErrorSeconds: 20,
        staleAllowed: false,
        alwaysValidate: true,
        forAuthorization: true,
        forSession: true,
        etag: '"x"',
        lastModified: "Sun, 22 Nov 2026 11:00:00 GMT",
        fence: { incarnation: "log", seq: 42 },
      });
      await t.put(keyOf("/whole"), entry, 600);
      const got = await found(t, keyOf("/whole"));
      expect(got.stored).toEqual(entry.stored);
      expect(await textOf(got.body)).toBe("hello");
    });

    it("reads twice what was put once", async () => {
      const t = tier();
      await t.put(keyOf("/twice"), responseEntry("again"), 600);
      expect(await textOf((await found(t, keyOf("/twice"))).body)).toBe("again");
      expect(await textOf((await found(t, keyOf("/twice"))).body)).toBe("again");
    });

    it("replaces what was there", async () => {
      const t = tier();
      await t.put(keyOf("/over"), responseEntry("a much longer first body", { etag: '"1"' }), 600);
      await t.put(keyOf("/over"), responseEntry("second", { etag: '"2"' }), 600);
      const got = await found(t, keyOf("/over"));
      expect(got.stored.etag).toBe('"2"');
      expect(await textOf(got.body)).toBe("second");
    });

    it("forgets what is deleted, and only that", async () => {
      const t = tier();
      await t.put(keyOf("/gone"), responseEntry("gone"), 600);
      await t.put(keyOf("/stays"), responseEntry("stays"), 600);
      await t.delete(keyOf("/gone"));
      expect(await t.get(keyOf("/gone"))).toBeUndefined();
      expect(await textOf((await found(t, keyOf("/stays"))).body)).toBe("stays");
    });

    it("deletes what is not there without complaint", async () => {
      await tier().delete(keyOf("/never"));
    });

    it.each([0, 1, 1000, 2 ** 20])("keeps a body of %i bytes exactly", async (length) => {
      const t = tier();
      const bytes = noise(length);
      await t.put(keyOf(`/bytes-${String(length)}`), responseEntry(bytes), 600);
      const got = await found(t, keyOf(`/bytes-${String(length)}`));
      expect(got.stored.bodyLength).toBe(length);
      expect(equal(await contentOf(got.body), bytes)).toBe(true);
    });

    it("keeps every byte value, also what is no UTF-8", async () => {
      const t = tier();
      const bytes = Uint8Array.from({ length: 512 }, (_, i) => 255 - (i % 256));
      await t.put(keyOf("/binary"), responseEntry(bytes), 600);
      expect(equal(await contentOf((await found(t, keyOf("/binary"))).body), bytes)).toBe(true);
    });

    it("keeps header values, tags and variants that are not ASCII", async () => {
      const t = tier();
      const entry = responseEntry("x", {
        headers: [["x-name", "Größe \u{1f600} \u007f"]],
        edgeHeaders: [["cache-tag", "größe,日本"]],
        variant: { "x-town": "Köln" },
      });
      await t.put(keyOf("/utf"), entry, 600);
      expect((await found(t, keyOf("/utf"))).stored).toEqual(entry.stored);
    });

    it("keeps keys longer than any platform's limit apart", async () => {
      const t = tier();
      const long = "x".repeat(20_000);
      await t.put(keyOf(`/${long}1`), responseEntry("one"), 600);
      await t.put(keyOf(`/${long}2`), responseEntry("two"), 600);
      expect(await textOf((await found(t, keyOf(`/${long}1`))).body)).toBe("one");
      expect(await textOf((await found(t, keyOf(`/${long}2`))).body)).toBe("two");
    });

    it("keeps keys apart that differ in case, escapes or a single character", async () => {
      const t = tier();
      const paths = ["/a", "/A", "/%61", "/a/", "/a?", "/a#", "/ä", "/a\u0308"];
      for (const path of paths) await t.put(keyOf(path), responseEntry(path), 600);
      for (const path of paths) expect(await textOf((await found(t, keyOf(path))).body)).toBe(path);
    });

    it("keeps an index of variants", async () => {
      const t = tier();
      const index: Entry = {
        kind: "vary",
        index: {
          generation: "g1",
          fields: ["accept-language", "x-geo"],
          variants: [keyOf("/v1"), keyOf("/v2 é")],
          languages: [["de", "de-ch, de;q=0.5"]],
        },
      };
      await t.put(keyOf("/vary"), index, 600);
      expect(await t.get(keyOf("/vary"))).toMatchObject(index);
    });

    it("lets a response take an index's slot, and the other way round", async () => {
      const t = tier();
      const index: Entry = { kind: "vary", index: { generation: "g", fields: ["x"], variants: [], languages: [] } };
      await t.put(keyOf("/swap"), index, 600);
      await t.put(keyOf("/swap"), responseEntry("response"), 600);
      expect((await t.get(keyOf("/swap")))?.kind).toBe("response");
      await t.put(keyOf("/swap"), index, 600);
      expect(await t.get(keyOf("/swap"))).toMatchObject(index);
    });

    it.each([200, 203, 204, 301, 304, 404, 410, 500])("keeps a response of status %i", async (status) => {
      const t = tier();
      const body = status === 204 || status === 304 ? "" : "content";
      await t.put(keyOf(`/status-${String(status)}`), responseEntry(body, { status }), 600);
      const got = await found(t, keyOf(`/status-${String(status)}`));
      expect(got.stored.status).toBe(status);
      expect(await textOf(got.body)).toBe(body);
    });

    it("keeps what the platform would read as orders to itself", async () => {
      const t = tier();
      const entry = responseEntry("x", {
        headers: [
          ["cache-control", "no-store, private"],
          ["set-cookie", "a=b"],
          ["vary", "*"],
          ["expires", "0"],
        ],
      });
      await t.put(keyOf("/orders"), entry, 600);
      expect((await found(t, keyOf("/orders"))).stored).toEqual(entry.stored);
    });
  });
}

export async function found(tier: Tier, key: CacheKey): Promise<ResponseEntry> {
  const entry = await tier.get(key);
  if (entry?.kind !== "response") throw new Error(`${tier.name} has ${entry ? "an index" : "nothing"} there`);
  return entry;
}

/** `expect` prints a million bytes when they differ; this does not. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
