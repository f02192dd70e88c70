// Owns the proof of GET /.strata/purges: every purge once, the newest first, page by page, for those who may read.
import { beforeAll, describe, expect, it } from "vitest";
import { testApp } from "../support/admin.ts";
import { wired } from "../support/wired.ts";

interface Page {
  readonly purges: readonly { readonly seq: number; readonly [member: string]: unknown }[];
  readonly next?: string;
}

const TOKENS = [
  { name: "deploy", secret: "deploy-secret", actions: ["purge", "read"] },
  { name: "writer", secret: "writer-secret" },
];

describe("the record of purges", () => {
  let worker: Awaited<ReturnType<typeof wired>>;
  const page = async (path: string): Promise<Page> => (await worker(path, "deploy-secret")).json();

  beforeAll(async () => {
    worker = await wired(TOKENS);
    for (let i = 0; i < 7; i++) {
      const headers = { "x-request-id": `update-${String(i)}` };
      const body = JSON.stringify({
        tags: [`tag-${String(i)}`],
        urls: ["HTTPS://shop.test/%61"],
        mode: i === 6 ? "soft" : "hard",
      });
      // each under its own number
      await worker("/.strata/purge", "writer-secret", { method: "POST", headers, body });
    }
  });

  it("says who purged what and when: as it was written, and what it meant", async () => {
    const { purges } = await page("/.strata/purges?limit=1");
    expect(purges).toEqual([
      {
        seq: expect.any(Number),
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        by: "token writer",
        request: "update-6",
        mode: "soft",
        asked: ["tag-6", "HTTPS://shop.test/%61"],
        targets: ["tag:tag-6", "url:https://shop.test/a"],
      },
    ]);
  });

  it("shows each once, page by page, to the end", async () => {
    const { purges: all } = await page("/.strata/purges");
    expect(all.map(({ seq }) => seq)).toEqual(all.map(({ seq }) => seq).sort((a, b) => b - a));
    const found: unknown[] = [];
    for (let next: string | undefined = "/.strata/purges?limit=2"; next !== undefined;) {
      const response = await worker(next, "deploy-secret");
      const read: Page = await response.json();
      expect(read.purges.length).toBeLessThanOrEqual(2);
      expect(response.headers.get("link")).toBe(read.next === undefined ? null : `<${read.next}>; rel="next"`);
      expect(response.headers.get("cache-control")).toBe("no-store");
      found.push(...read.purges);
      next = read.next;
    }
    expect(found).toEqual(all);
  });

  it("is read by HEAD too, without a body", async () => {
    const head = await worker("/.strata/purges", "deploy-secret", { method: "HEAD" });
    expect([head.status, head.headers.get("cache-control"), await head.text()]).toEqual([200, "no-store", ""]);
  });

  it("is for those who may read it", async () => {
    const refused = await worker("/.strata/purges", "writer-secret");
    expect([refused.status, refused.headers.get("content-type")]).toEqual([403, "application/problem+json"]);
    expect(await refused.text()).not.toContain("tag-");
    expect((await worker("/.strata/purges")).status).toBe(401);
    expect((await worker("/.strata/purges", "deploy-secret", { method: "POST" })).status).toBe(405);
  });

  it.each<[string, readonly string[]]>([
    ["limit=0", ["limit"]],
    ["limit=501", ["limit"]],
    ["limit=1.5", ["limit"]],
    ["limit=", ["limit"]],
    ["before=0", ["before"]],
    ["before=-1", ["before"]],
    ["before=x&limit=1e2", ["before", "limit"]],
    ["before=99999999999999999999", ["before"]],
    ["by=everybody&limit=0", ["limit", "by"]],
  ])("refuses %s", async (query, pointers) => {
    const response = await worker(`/.strata/purges?${query}`, "deploy-secret");
    const { errors }: { readonly errors: readonly { readonly pointer: string }[] } = await response.json();
    expect([response.status, errors.map(({ pointer }) => pointer)]).toEqual([400, pointers]);
  });
});

it.each<[string, string, string]>([
  ["tokens, unless asked otherwise", "", ""],
  ["tokens", "by=tokens", ""],
  ["origins", "by=origins", "&by=origins"],
  ["all", "by=all", "&by=all"],
])("shows the purges of %s, and so does the next page", async (whose, query, next) => {
  const asked: unknown[] = [];
  const entry = { seq: 9, purgedAtMs: 0, actor: "a", mode: "hard", asked: [], targets: [] } as const;
  const app = testApp({
    history(...page) {
      asked.push(page);
      return Promise.resolve([entry, entry]);
    },
  });
  const response = await app.fetch(`/.strata/purges?limit=1&${query}`, { headers: { authorization: "Bearer secret" } });
  expect(asked).toEqual([[undefined, 2, whose.split(",", 1)[0]]]);
  const page: Page = await response.json();
  expect(page.next).toBe(`/.strata/purges?before=9&limit=1${next}`);
});

it("says 503 and when to come back where the log does not answer", async () => {
  const app = testApp({ history: () => Promise.reject(new Error("internal detail")) });
  const response = await app.fetch("/.strata/purges", { headers: { authorization: "Bearer secret" } });
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await response.text()).not.toContain("internal detail");
});
