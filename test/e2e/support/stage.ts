// Owns the stage of a browser test: a scripted origin, one edge in front of it, a recorder in front of that, and Chromium.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { startEdges } from "../../../cli/dev/edges.ts";
import type { SiteInput } from "../../../src/policy/define.ts";
import { chromiumPath, describeInChromium } from "./chromium.ts";
import { type Recorder, startRecorder } from "./recorder.ts";
import { type ScriptedOrigin, startScriptedOrigin } from "./scripted-origin.ts";

const TOKEN = "e2e-token";

export interface Stage {
  readonly origin: ScriptedOrigin;
  readonly recorder: Recorder;
  /** The page of tests that use paths of their own. */
  readonly page: Page;
  /** A page of a browser that has seen nothing: with a cache and cookies of its own. */
  newPage(): Promise<Page>;
  /** The first page of a browser that keeps its cache in `directory`, on disk. */
  newPageOnDisk(directory: string): Promise<Page>;
  /** Closes those browsers. */
  closePages(): Promise<void>;
  /** As the purge endpoint takes it. */
  purge(what: object): Promise<void>;
  /** A directory that is removed at the end. */
  readonly directory: string;
  close(): Promise<void>;
}

/** Nothing may intercept requests in the browser: that turns its cache off. */
export function inChromium(name: string, site: SiteInput, tests: (stage: () => Stage) => void): void {
  describeInChromium(name, () => {
    let stage: Stage | undefined;
    beforeAll(async () => {
      stage = await startStage(site);
    });
    afterEach(() => stage?.closePages());
    afterAll(() => stage?.close());
    tests(() => {
      if (stage === undefined) throw new Error("the stage is not set");
      return stage;
    });
  });
}

async function startStage(site: SiteInput): Promise<Stage> {
  const executablePath = chromiumPath();
  const started: { close(): Promise<unknown> }[] = [];
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    // a part that does not close must not keep the others open
    for (const { close } of started.splice(0).toReversed()) {
      await close().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, "not everything closed");
  };
  const closing = <T extends { close(): Promise<unknown> }>(one: T): T => {
    started.push({ close: () => one.close() });
    return one;
  };
  try {
    const directory = await mkdtemp(join(tmpdir(), "strata-browser-"));
    closing({ close: () => rm(directory, { recursive: true, force: true }) });
    const config = join(directory, "site.ts");
    await writeFile(
      config,
      `import { defineSite } from "strata";\nexport default defineSite(${JSON.stringify(site)});`,
    );
    const origin = closing(await startScriptedOrigin());
    const log = (): void => undefined;
    const edges = closing(await startEdges({ count: 1, port: 0, origin: origin.url, config, token: TOKEN, log }));
    const recorder = closing(await startRecorder(edges.urls[0] ?? ""));
    const browser = closing(await chromium.launch({ executablePath, args: ["--disable-gpu"] }));
    const pages = pagesOf(browser, recorder.url, executablePath);
    closing({ close: () => pages.closePages() });
    const page = await (await browser.newContext({ baseURL: recorder.url })).newPage();
    return { origin, recorder, directory, page, ...pages, purge: (what) => purge(recorder.url, what), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function pagesOf(
  browser: Browser,
  baseURL: string,
  executablePath: string,
): Pick<Stage, "newPage" | "newPageOnDisk" | "closePages"> {
  const opened: BrowserContext[] = [];
  const firstPage = async (context: BrowserContext): Promise<Page> => {
    opened.push(context);
    return context.pages()[0] ?? context.newPage();
  };
  return {
    newPage: async () => firstPage(await browser.newContext({ baseURL })),
    newPageOnDisk: async (directory) =>
      firstPage(await chromium.launchPersistentContext(directory, { baseURL, executablePath })),
    async closePages() {
      await Promise.all(opened.splice(0).map((context) => context.close()));
    },
  };
}

async function purge(edgeUrl: string, what: object): Promise<void> {
  const response = await fetch(`${edgeUrl}/.strata/purge`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify(what),
  });
  if (!response.ok) throw new Error(`the purge was refused: ${response.status} ${await response.text()}`);
}
