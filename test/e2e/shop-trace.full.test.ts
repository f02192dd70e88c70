// Owns the proof that one request id leads through every tier, and that each answer says which of them made it.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Dev, startDev } from "../../cli/dev/run.ts";
import { until } from "../cli/until.ts";

const TOKEN = "e2e-token";
const ADMIN = { authorization: "Bearer admin-token", "content-type": "application/json" };
let directory: string;
let dev: Dev;
let here = "";
let there = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "strata-shop-trace-"));
  const config = join(directory, "site.ts");
  await writeFile(config, `import { defineSite } from "strata";\nexport default defineSite({ serverTiming: true });`);
  const log = (): void => undefined;
  dev = await startDev({ port: 0, originPort: 0, edges: 2, token: TOKEN, config, log });
  [here = "", there = ""] = dev.edgeUrls;
}, 120_000);

afterAll(async () => {
  await dev.close();
  await rm(directory, { recursive: true, force: true });
});

const TOLD = ["x-request-id", "x-cache", "x-cache-gateway", "x-cache-app"] as const;

/** An answer's report on its own making; of timings, the parts in order, and their work. */
async function told(url: string, id: string) {
  const response = await fetch(url, { headers: { "x-request-id": id } });
  await response.arrayBuffer();
  const fields = Object.fromEntries(TOLD.map((name) => [name, response.headers.get(name)]));
  const timing = response.headers.get("server-timing") ?? "";
  const members = timing.split(", ").map((member) => member.replace(/;dur=[\d.]+/, ""));
  return { ...fields, members: members.filter((member) => !member.startsWith("strata-")), timing };
}

it("a miss everywhere: every tier says what it did and how long it took", async () => {
  const seen = await told(`${here}/api/products/51`, "first-look");
  expect(seen).toMatchObject({
    "x-request-id": "first-look",
    "x-cache": "MISS",
    "x-cache-gateway": "MISS",
    "x-cache-app": "MISS",
    members: ['strata;desc="uri-miss"', 'gateway;desc="miss"', 'app;desc="miss"', "db", "origin"],
  });
  expect(seen.timing.match(/;dur=[\d.]+/g)?.length).toBeGreaterThanOrEqual(5);
});

it("from the gateway: nobody behind it took part", async () => {
  await told(`${here}/api/products/52`, "fills");
  expect(await told(`${there}/api/products/52`, "second-look")).toMatchObject({
    "x-request-id": "second-look",
    "x-cache": "MISS",
    "x-cache-gateway": "HIT",
    "x-cache-app": null,
    members: ['strata;desc="uri-miss"', 'gateway;desc="hit"', "origin"],
  });
});

it("from the application cache: the database took no part", async () => {
  await told(`${here}/api/products/53`, "fills");
  // a request with a condition on its bytes goes past the gateway's store
  const response = await fetch(`${dev.originUrl}/api/products/53`, { headers: { range: "bytes=0-" } });
  await response.arrayBuffer();
  expect(response.headers.get("x-cache-app")).toBe("HIT");
  expect(response.headers.get("server-timing")).toMatch(
    /^gateway;dur=[\d.]+;desc="bypass", app;dur=[\d.]+;desc="hit", origin;dur=[\d.]+$/,
  );
});

it("from the edge: no tier behind it is named, though the kept answer came from them", async () => {
  await told(`${here}/api/products/54`, "fills");
  expect(await told(`${here}/api/products/54`, "third-look")).toMatchObject({
    "x-request-id": "third-look",
    "x-cache": "HIT",
    "x-cache-gateway": null,
    "x-cache-app": null,
    members: ['strata;desc="fresh/memory"'],
  });
});

it("an update's id is that of its event, and of the purge that the event led to", async () => {
  const response = await fetch(`${here}/api/products/55`, {
    method: "PUT",
    headers: { ...ADMIN, "x-request-id": "the-update" },
    body: JSON.stringify({ price_cents: 4242 }),
  });
  expect(await response.json()).toMatchObject({ invalidation: { cdn: { status: "queued" } } });
  const purge = await until("the purge of the update", async () => {
    const listed = await fetch(`${here}/.strata/purges`, { headers: { authorization: `Bearer ${TOKEN}` } });
    const { purges } = (await listed.json()) as { readonly purges: readonly { readonly request?: string }[] };
    return purges.find(({ request }) => request === "the-update");
  });
  expect(JSON.stringify(purge)).toContain("product:55");
});
