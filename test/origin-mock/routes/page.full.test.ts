// Proves the shop page in a real browser: three languages, a telephone, and buying by keyboard at a price that changes.
import { chromium } from "playwright-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium } from "../../../cli/dev/chromium-binary.ts";
import { startShop } from "../../../origin-mock/server.ts";
import type { RunningShop } from "../../../origin-mock/server.ts";
import { createTestRedis } from "../support/redis.ts";
import type { TestRedis } from "../support/redis.ts";
import { ADMIN } from "../support/shop.ts";

const EXECUTABLE = findChromium();
const TELEPHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  userAgent:
    "Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
};

describe.skipIf(EXECUTABLE === undefined && !process.env["CI"])("the page", { timeout: 60_000 }, () => {
  let redis: TestRedis;
  let shop: RunningShop;
  let browser: Browser;
  beforeAll(async () => {
    redis = await createTestRedis();
    shop = await startShop({ port: 0, redisUrl: redis.url });
    browser = await chromium.launch({ executablePath: EXECUTABLE ?? "chromium", args: ["--no-sandbox"] });
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await shop.close();
    await redis.remove();
  });

  const open = async (path: string, options: BrowserContextOptions): Promise<Page> => {
    const page = await (await browser.newContext(options)).newPage();
    page.on("pageerror", (error) => {
      throw error;
    });
    await page.goto(shop.url + path);
    await page.locator(".card").first().waitFor();
    return page;
  };
  const text = async (page: Page, selector: string): Promise<string> =>
    (await page.locator(selector).innerText()).trim();

  test.each([
    ["en-GB", "en", "Deals"],
    ["de-CH", "de", "Angebote"],
    ["fr-CA", "fr", "Promotions"],
  ])("a browser in %s is answered in %s, on a desk and on a telephone", async (locale, language, title) => {
    const desk = await open("/?deals", { locale });
    expect(await desk.evaluate(() => document.documentElement.lang)).toBe(language);
    expect(await text(desk, "h1")).toBe(title);
    const phone = await open("/", { ...TELEPHONE, locale });
    expect(await phone.locator(".card").count()).toBe(12);
    expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  });

  test("the search, by keyboard, finds and can be linked to", async () => {
    const page = await open("/", { locale: "de-DE" });
    await page.locator("#q").focus();
    await page.keyboard.type("decke");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\?q=decke$/);
    await page.locator(".card").first().waitFor();
    expect(await text(page, "h1")).toBe("Treffer für „decke“");
  });

  test("the keyboard begins at the way past it all, also where a department is scrolled to", async () => {
    const page = await open("/?category=tools", { ...TELEPHONE, locale: "en-GB" });
    await page.locator("#categories [aria-current]").waitFor();
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.className)).toBe("skip");
    expect(
      await page.locator("#categories [aria-current]").evaluate((here) => here.getBoundingClientRect().left),
    ).toBeGreaterThan(0);
  });

  test("text that is taken for markup runs nowhere, whoever forgot it", async () => {
    const page = await open("/", { locale: "en-GB" });
    const attempt = page.evaluate(() => {
      document.body.innerHTML = "<img src=x onerror=alert(1)>";
    });
    await expect(attempt).rejects.toThrow("TrustedHTML");
  });

  test("who presses twice at once gets two", async () => {
    const page = await open("/?product=9", { locale: "en-GB" });
    await page.locator("#open-cart:enabled").waitFor();
    await page.locator("[data-is=add]").evaluate((button: HTMLElement) => {
      button.click();
      button.click();
    });
    await page.locator("#open-cart", { hasText: "(2)" }).waitFor({ timeout: 5_000 });
  });

  test("a price that changes before the order is shown and asked about, and only then ordered", async () => {
    const page = await open("/?product=7", { locale: "en-GB" });
    const put = (changes: object): Promise<Response> =>
      fetch(`${shop.url}/api/products/7`, { method: "PUT", headers: ADMIN, body: JSON.stringify(changes) });
    await put({ price_cents: 1_000, stock: 5 });
    await page.locator("[data-is=add]").press("Enter");
    await page.locator("#status", { hasText: "is in your cart" }).waitFor();
    await page.locator("#open-cart").press("Enter");
    await page.locator("#checkout").press("Enter");
    await page.locator("#username").fill("alice");
    await page.locator("#password").fill("alice-password");
    await page.keyboard.press("Enter");
    await page.locator("#sign-in").waitFor({ state: "hidden" });
    // Back where it was asked for.
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("checkout");
    expect(await text(page, "#cart-status")).toBe("Signed in as alice.");
    await put({ price_cents: 1_250 });

    await page.locator("#checkout").press("Enter");
    await page.locator("#changes li").waitFor();
    expect(await text(page, "#changes")).toMatch(/: €10\.00 is now €12\.50$/);
    expect(await text(page, "#total")).toBe("€12.50");
    // The keyboard is where the question is.
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Order at these prices");
    await page.keyboard.press("Enter");
    await page.locator("#cart-status", { hasText: "Thank you!" }).waitFor();
    expect(await text(page, "#cart-status")).toMatch(/over €12\.50 is placed\.$/);
    expect(await page.locator("#open-cart").getAttribute("aria-label")).toBe("Cart, items: 0");
  });
});
