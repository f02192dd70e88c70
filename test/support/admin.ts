// Owns the app as a site would mount it, with a token and a purge in the test's hand.
import { createApp, type Mounted } from "../../src/app.ts";
import type { Target } from "../../src/http/target.ts";
import type { SiteInput } from "../../src/policy/define.ts";
import type { PurgeMode } from "../../src/purge/records.ts";
import { SHOP, type TestEdge, testEdge } from "./edge.ts";

export interface TestApp {
  readonly edge: TestEdge;
  readonly purges: { readonly targets: readonly Target[]; readonly mode: PurgeMode }[];
  /** What the next purges do. */
  purge: () => Promise<number>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

export interface AppOptions {
  readonly token?: string | undefined;
  readonly isDevelopment?: boolean;
  readonly site?: SiteInput;
}

export function testApp({ token = "secret", isDevelopment = false, site = {} }: AppOptions = {}): TestApp {
  return appWith(token, isDevelopment, site);
}

/** As a deployment whose token is as given, or missing. */
export function appWith(token: string | undefined, isDevelopment: boolean, site: SiteInput = {}): TestApp {
  const edge = testEdge({ site: { origins: { "*": "http://origin.test" }, ...site } });
  const purges: TestApp["purges"] = [];
  const mounted: Mounted = {
    edge: {
      ...edge.edge,
      purges: {
        ...edge.edge.purges,
        purge(targets, mode) {
          purges.push({ targets, mode });
          return test.purge();
        },
      },
    },
    token,
    isDevelopment,
  };
  const app = createApp(() => mounted, edge.edge.report);
  const context: ExecutionContext = {
    waitUntil: () => undefined,
    passThroughOnException: () => undefined,
    props: {},
  } as unknown as ExecutionContext;
  const test: TestApp = {
    edge,
    purges,
    purge: () => Promise.resolve(purges.length),
    fetch: async (path, init) => app.fetch(new Request(SHOP + path, init), {}, context),
  };
  return test;
}
