// Owns the proof of device classes, with user agents as they were seen.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DeviceClass, deviceClass } from "../../../src/http/select/device.ts";

const CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0";
const WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)";

describe("real user agents", () => {
  it.each<[DeviceClass, string, string]>([
    ["desktop", "Chrome, Windows", `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Safari/537.36`],
    ["desktop", "Edge, Windows", `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Safari/537.36 Edg/131.0.2903.86`],
    [
      "desktop",
      "Safari, Mac",
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/18.1 Safari/605.1.15`,
    ],
    ["desktop", "Firefox, Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"],
    ["desktop", "Chrome OS", `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${CHROME} Safari/537.36`],
    [
      "desktop",
      "Internet Explorer on a Tablet PC",
      "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; SLCC2; Tablet PC 2.0)",
    ],
    ["desktop", "curl", "curl/8.9.1"],
    [
      "mobile",
      "Safari, iPhone",
      `Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) ${WEBKIT} Version/18.1 Mobile/15E148 Safari/604.1`,
    ],
    ["mobile", "Chrome, Android", `Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36`],
    ["mobile", "Firefox, Android", "Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0"],
    [
      "mobile",
      "Samsung Internet",
      "Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
    ],
    ["mobile", "CUBOT, a telephone", `Mozilla/5.0 (Linux; Android 9; CUBOT_X19) ${CHROME} Mobile Safari/537.36`],
    [
      "mobile",
      "Opera Mini, Android",
      "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16",
    ],
    [
      "mobile",
      "Windows Phone",
      "Mozilla/5.0 (compatible; MSIE 10.0; Windows Phone 8.0; Trident/6.0; IEMobile/10.0; ARM; Touch; NOKIA; Lumia 920)",
    ],
    ["mobile", "KaiOS", "Mozilla/5.0 (Mobile; Nokia_2720_Flip; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5.2"],
    [
      "tablet",
      "Safari, iPad, mobile pages",
      "Mozilla/5.0 (iPad; CPU OS 12_5_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 Mobile/15E148 Safari/604.1",
    ],
    ["tablet", "Chrome, Galaxy Tab", `Mozilla/5.0 (Linux; Android 13; SM-X906C) ${CHROME} Safari/537.36`],
    ["tablet", "Firefox, Android tablet", "Mozilla/5.0 (Android 13; Tablet; rv:133.0) Gecko/133.0 Firefox/133.0"],
    [
      "tablet",
      "Silk, Fire HD",
      "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/108.9.6 like Chrome/108.0.5359.220 Safari/537.36",
    ],
    [
      "tablet",
      "PlayBook",
      "Mozilla/5.0 (PlayBook; U; RIM Tablet OS 2.1.0; en-US) AppleWebKit/536.2+ (KHTML, like Gecko) Version/7.2.1.0 Safari/536.2+",
    ],
    ["bot", "Googlebot", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"],
    [
      "bot",
      "Googlebot, as a telephone",
      `Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) ${CHROME} Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)`,
    ],
    ["bot", "Bingbot", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"],
    ["bot", "Yahoo", "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)"],
    ["bot", "Baidu", "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)"],
    ["bot", "Facebook", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"],
    ["bot", "Google AdSense", "Mediapartners-Google"],
    ["bot", "Google, inspection", "Mozilla/5.0 (compatible; Google-InspectionTool/1.0;)"],
    [
      "bot",
      "Applebot",
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) ${WEBKIT} (Applebot/0.1; +http://www.apple.com/go/applebot)`,
    ],
    [
      "bot",
      "GPTBot",
      "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    ],
    [
      "bot",
      "Internet Archive",
      "Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)",
    ],
    [
      "bot",
      "headless Chrome",
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36",
    ],
  ])("%s: %s", (expected, _, userAgent) => {
    expect(deviceClass(userAgent)).toBe(expected);
  });
});

// limits of the class; the first is by intention
it.each<[string, DeviceClass, string]>([
  [
    "an iPad in its default setting is a Mac",
    "desktop",
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/18.1 Safari/605.1.15`,
  ],
  ["an Android television is a tablet", "tablet", `Mozilla/5.0 (Linux; Android 9; BRAVIA 4K) ${CHROME} Safari/537.36`],
])("limits: %s", (_, expected, userAgent) => {
  expect(deviceClass(userAgent)).toBe(expected);
});

it("no field, an empty one and an unknown one are desktop", () => {
  expect([undefined, "", "x"].map(deviceClass)).toEqual(["desktop", "desktop", "desktop"]);
});

it.each<DeviceClass>(["mobile", "tablet", "desktop", "bot"])("%s stays what it is when it is reduced again", (word) => {
  expect(deviceClass(word)).toBe(word);
});

it("answers one of four words, whatever the case; never throws", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii" }), (userAgent) => {
      const word = deviceClass(userAgent);
      expect(["mobile", "tablet", "desktop", "bot"]).toContain(word);
      expect(deviceClass(userAgent.toUpperCase())).toBe(word);
    }),
  );
});
