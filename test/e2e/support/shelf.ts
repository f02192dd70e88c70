// Owns content on one edge, of several hosts and with tags, and the look at what has become of it.
import { ask, type Seen } from "./asking.ts";
import { listening } from "./listening.ts";
import { createServer } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../cli/until.ts";
import { type Edges, startEdges } from "../../../cli/dev/edges.ts";

/** HOST/PATH of each page, and its tags. */
const PAGES = {
  "shop.test/": "home",
  "shop.test/blog": "blog",
  "shop.test/blog/1": "blog post:1",
  "shop.test/blog/1?page=2": "blog post:1",
  "shop.test/blogs": "",
  "shop.test/items/7": "product:7 a/b café",
  "img.test/7.svg": "product:7",
  "img.test/8.svg": "product:8 50%off",
} as const;

export type Page = keyof typeof PAGES;
export const ALL = Object.keys(PAGES) as Page[];

export interface Shelf {
  readonly edgeUrl: string;
  /** Every page is fetched until it is a hit. */
  fill(): Promise<void>;
  /** The pages that are no hit, each with its outcome, by one request for each. */
  changed(): Promise<Partial<Record<Page, string>>>;
  send(page: string, method: string, headers?: Readonly<Record<string, string>>): Promise<Seen>;
  /** Methods and paths of what reached the origin that was no GET. */
  readonly unsafe: readonly string[];
  /** As if none had. */
  forget(): void;
  close(): Promise<void>;
}

export interface ShelfOptions {
  /** STRATA_TOKEN. */
  readonly token: string;
  /** STRATA_TOKENS. */
  readonly named?: readonly object[];
}

/** Pages are fresh for an hour, and may be served stale for another. */
export async function startShelf({ token, named = [] }: ShelfOptions): Promise<Shelf> {
  const unsafe: string[] = [];
  let answers = 0;
  const server = createServer((request, response) => {
    const { host = "", "x-forwarded-host": publicHost = host } = request.headers;
    if (request.method !== "GET") unsafe.push(`${String(request.method)} ${String(request.url)}`);
    const tags: string = (PAGES as Record<string, string>)[`${String(publicHost)}${String(request.url)}`] ?? "";
    answers += 1;
    response
      .writeHead(200, {
        "cache-control": "max-age=3600, stale-while-revalidate=3600",
        "surrogate-key": Buffer.from(tags).toString("latin1"),
        // a path that looks like an image must be one, or it is not kept
        "content-type": String(request.url).endsWith(".svg") ? "image/svg+xml" : "text/plain",
      })
      .end(`answer ${String(answers)}`);
  });
  const origin = await listening(server);
  const edges = await startEdgesBefore(origin.url, token, named);
  const edgeUrl = edges.urls[0] ?? "";
  const bodies = new Map<Page, string>();

  const send: Shelf["send"] = (page, method, headers = {}) => {
    const at = page.indexOf("/");
    return ask(`${edgeUrl}${page.slice(at)}`, { method, headers: { host: page.slice(0, at), ...headers } });
  };
  const seen = async (page: Page): Promise<string> => {
    const { fields, body } = await send(page, "GET");
    const state = String(fields["x-cache"]);
    // the word is true: the old content, or another
    if ((bodies.get(page) === body) !== (state === "HIT" || state === "STALE")) return `${state}, but ${body}`;
    bodies.set(page, body);
    return state;
  };
  return {
    edgeUrl,
    unsafe,
    forget() {
      unsafe.length = 0;
    },
    send,
    async fill() {
      for (const page of ALL) {
        // a stale page is refreshed after its first answer
        await until(`${page} is a hit`, async () => {
          const { fields, body } = await send(page, "GET");
          bodies.set(page, body);
          return fields["x-cache"] === "HIT";
        });
      }
    },
    async changed() {
      const found: Partial<Record<Page, string>> = {};
      for (const page of ALL) {
        const state = await seen(page);
        if (state !== "HIT") found[page] = state;
      }
      return found;
    },
    async close() {
      await edges.close();
      await origin.close();
    },
  };
}

async function startEdgesBefore(origin: string, token: string, named: readonly object[]): Promise<Edges> {
  const directory = await mkdtemp(join(tmpdir(), "strata-shelf-"));
  try {
    const config = join(directory, "site.ts");
    await writeFile(config, `import { defineSite } from "strata";\nexport default defineSite({});`);
    const namedTokens = named.length === 0 ? undefined : JSON.stringify(named);
    const log = (): void => undefined;
    return await startEdges({ count: 1, port: 0, origin, config, token, namedTokens, log });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** These pages alone, each in this state. */
export function only(state: "MISS" | "STALE", ...pages: readonly Page[]): Partial<Record<Page, string>> {
  return Object.fromEntries(pages.map((page) => [page, state]));
}
