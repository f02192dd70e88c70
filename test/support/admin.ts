// Owns the app as a site would mount it, with a token and a purge in the test's hand.
import { tokensOf } from "../../src/auth/tokens.ts";
import { createApp, type Mounted } from "../../src/app.ts";
import type { PurgeOrder, PurgeOutcome } from "../../src/http/targets/purge-order.ts";
import type { Purges } from "../../src/flow/edge.ts";
import type { SiteInput } from "../../src/policy/define.ts";
import { SHOP, type TestEdge, testEdge } from "./edge.ts";

export interface TestApp {
  readonly edge: TestEdge;
  readonly purges: PurgeOrder[];
  /** The outcomes of the next purges. */
  purge: (order: PurgeOrder) => Promise<PurgeOutcome>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  send(request: Request): Promise<Response>;
}

export interface AppOptions {
  readonly token?: string | undefined;
  /** STRATA_TOKENS. */
  readonly named?: string | undefined;
  readonly isDevelopment?: boolean;
  /** The log's history. */
  readonly history?: Purges["history"];
  readonly site?: SiteInput;
}

export function testApp(options: AppOptions = {}): TestApp {
  const { token = "secret", isDevelopment = false, site = {} } = options;
  return appWith(token, isDevelopment, site, options);
}

/** As a deployment whose token is as given, or missing. */
export function appWith(
  token: string | undefined,
  isDevelopment: boolean,
  site: SiteInput = {},
  options: Pick<AppOptions, "named" | "history"> = {},
): TestApp {
  const edge = testEdge({ site: { origins: { "*": "http://origin.test" }, ...site } });
  const purges: TestApp["purges"] = [];
  const mounted: Mounted = {
    edge: {
      ...edge.edge,
      purges: {
        ...edge.edge.purges,
        ...(options.history && { history: options.history }),
        async purge(order) {
          purges.push(order);
          return test.purge(order);
        },
      },
    },
    tokens: tokensOf({ token, named: options.named, isDevelopment }),
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
    purge: () => Promise.resolve({ kind: "purged", seq: purges.length, purgedAtMs: 0, replayed: false }),
    fetch: (path, init) => test.send(new Request(SHOP + path, init)),
    send: async (request) => app.fetch(request, {}, context),
  };
  return test;
}
