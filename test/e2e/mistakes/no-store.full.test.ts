// Owns the proof that payment methods stay nowhere, neither in a real browser after its person has left nor in a shared tier, and of where they stay without no-store.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../support/asking.ts";
import { chromiumPath, describeInChromium } from "../support/chromium.ts";
import { type Fields, type Mistake, withFields } from "../support/shop-mistakes.ts";
import { bearer, sessionOf } from "../support/shop-people.ts";
import { type ShopWorld, startShopWorld } from "../support/shop-world.ts";
import { fetched } from "../support/visit.ts";

const CARDS = "/api/me/payment-methods";
const CARD = "Visa ending 4242";
/** A page whose scripts may ask the shop, and do not ask for this. */
const ELSEWHERE = "/";
let world: ShopWorld;
let edge = "";
let sharing = "";

beforeAll(async () => {
  world = await startShopWorld({}, { rules: [{ match: "/api/me/*", auth: "shared" }] });
  [edge = "", sharing = ""] = world.edges;
});
afterAll(() => world.close());

const saying = (fields: Fields): Mistake => ({ policy: { confidential: fields } });
const PERSON = { Vary: "Authorization, Cookie" };
const PRIVATE = saying({ ...PERSON, "Cache-Control": "private" });
const NOTHING_OF_WHOSE = saying({ "Cache-Control": "max-age=60" });
const PUBLIC = saying({ "Cache-Control": "public, max-age=60" });

const isShown = (text: string): boolean => text.includes(CARD);

/** Somebody signs in, looks at their cards, and signs out. */
async function comeAndGo(page: Page): Promise<void> {
  const post = (path: string, body: object): Promise<number> =>
    page.evaluate(
      async ([path, content]) => {
        const headers = { "content-type": "application/json" };
        return (await fetch(path, { method: "POST", headers, body: content })).status;
      },
      [path, JSON.stringify(body)] as const,
    );
  await page.goto(ELSEWHERE);
  expect(await post("/api/login", { username: "alice", password: "alice-password" })).toBe(200);
  await page.goto(CARDS);
  expect(isShown(await page.locator("body").innerText())).toBe(true);
  await page.goto(ELSEWHERE);
  expect(await post("/api/logout", {})).toBe(204);
}

interface Left {
  /** Somewhere in the browser's files. */
  readonly onDisk: boolean;
  /** Whether the next person at this computer is shown it: by a script, and by the Back button. */
  readonly fetched: boolean;
  readonly back: boolean;
}

async function isInFiles(directory: string): Promise<boolean> {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && (await readFile(join(entry.parentPath, entry.name))).includes(CARD)) return true;
  }
  return false;
}

async function inBrowserOf<T>(directory: string, work: (page: Page) => Promise<T>): Promise<T> {
  const options = { baseURL: edge, executablePath: chromiumPath(), args: ["--disable-gpu"] };
  const context = await chromium.launchPersistentContext(directory, options);
  try {
    return await work(context.pages()[0] ?? (await context.newPage()));
  } finally {
    await context.close();
  }
}

/** The files are looked at before anybody asks again: an answer to that would take their place. */
async function leftIn(directory: string): Promise<Left> {
  await inBrowserOf(directory, comeAndGo);
  const onDisk = await isInFiles(directory);
  return inBrowserOf(directory, async (page) => {
    await page.goto(ELSEWHERE);
    const found = await fetched(page, CARDS, "force-cache");
    await comeAndGo(page);
    await page.goBack();
    expect(new URL(page.url()).pathname).toBe(CARDS);
    return { onDisk, fetched: isShown(found), back: isShown(await page.locator("body").innerText()) };
  });
}

const NOTHING_LEFT: Left = { onDisk: false, fetched: false, back: false };
const ALL_LEFT: Left = { onDisk: true, fetched: true, back: true };

/** The gateway adds no Vary to what leaves. */
const unconfined = (cacheControl: string): Mistake => ({
  leaving: (response, request) =>
    request.url.endsWith(CARDS) ? withFields(response, { "Cache-Control": cacheControl, Vary: "" }) : response,
});

describeInChromium("a browser whose person has signed out keeps", () => {
  it.each<readonly [what: string, mistake: Mistake, left: Left]>([
    ["nothing, as the shop is", {}, NOTHING_LEFT],
    ["nothing, by no-store alone", unconfined("no-store"), NOTHING_LEFT],
    ["it on its disk, of what is private: Vary keeps it from being shown", PRIVATE, { ...NOTHING_LEFT, onDisk: true }],
    ["everything, of what is private and does not say whose it is", unconfined("private"), ALL_LEFT],
    ["everything, of what must be asked about", unconfined("private, no-cache"), ALL_LEFT],
  ])("%s", async (_, mistake, left) => {
    await world.serve({ mistake });
    const directory = await mkdtemp(join(tmpdir(), "strata-profile-"));
    try {
      expect(await leftIn(directory)).toEqual(left);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

/** Whether anything in Redis has it: every value is asked for as what it is. */
async function isInRedis(): Promise<boolean> {
  const dump = `
    local found = 0
    for _, key in ipairs(redis.call('KEYS', '*')) do
      local kind = redis.call('TYPE', key).ok
      local values = kind == 'hash' and redis.call('HGETALL', key) or kind == 'string' and { redis.call('GET', key) } or {}
      for _, value in ipairs(values) do if string.find(value, ARGV[1], 1, true) then found = found + 1 end end
    end
    return found`;
  return (await world.redis.run((client) => client.eval(dump, { keys: [], arguments: [CARD] }))) !== 0;
}

describe("the shared tiers, once alice has looked at her cards", () => {
  /** The other visitors who see them at the edge, and whether Redis has them. */
  async function shown(at: string, alice: Fields): Promise<readonly string[]> {
    for (const _look of ["first", "second"]) {
      expect(isShown((await ask(at + CARDS, { headers: alice })).body)).toBe(true);
    }
    const others: Readonly<Record<string, Fields>> = { bob: bearer("bob"), stranger: {} };
    const found: string[] = [];
    for (const [name, headers] of Object.entries(others)) {
      if (isShown((await ask(at + CARDS, { headers })).body)) found.push(name);
    }
    return (await isInRedis()) ? [...found, "Redis"] : found;
  }

  const LASTING = unconfined("max-age=60");
  const EVERYBODY = ["bob", "stranger"];
  type Row = readonly [what: string, mistake: Mistake, edge: "edge" | "sharing edge", shownTo: readonly string[]];
  const ROWS: readonly Row[] = [
    ["as the shop is", {}, "edge", []],
    ["as the shop is, before an edge that shares", {}, "sharing edge", []],
    ["private: no shared tier keeps that", PRIVATE, "sharing edge", []],
    ["a lifetime and nothing of whose: the gateway says so", NOTHING_OF_WHOSE, "sharing edge", []],
    ["the same, and nothing adds it: the edge keeps no answer to credentials", LASTING, "edge", []],
    ["the same, before an edge that shares", LASTING, "sharing edge", EVERYBODY],
    ["public", PUBLIC, "edge", EVERYBODY],
  ];

  describe.each(["token", "session"])("by %s", (how) => {
    it.each(ROWS)("%s", async (_, mistake, place, shownTo) => {
      await world.serve({ mistake });
      const alice = how === "token" ? bearer("alice") : await sessionOf(world.originUrl, "alice");
      expect(await shown(place === "edge" ? edge : sharing, alice)).toEqual(shownTo);
    });
  });

  it("the look into Redis finds what is there", async () => {
    await world.redis.run((client) => client.set("planted", `{"label":"${CARD}"}`));
    expect(await isInRedis()).toBe(true);
    await world.redis.run((client) => client.del("planted"));
    expect(await isInRedis()).toBe(false);
  });
});
