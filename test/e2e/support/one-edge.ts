// Owns one edge with the site a test writes, and its end with all that stands behind it.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEdges } from "../../../cli/dev/edges.ts";
import type { Bounds } from "../../../src/flow/support/bounds.ts";
import type { SiteInput } from "../../../src/policy/define.ts";
import { bounded } from "./bounded.ts";

export interface OneEdge {
  readonly url: string;
  close(): Promise<void>;
}

/** `behind`: closed after the edge; `bounds`: other waits than a deployment's. */
export async function startOneEdge(
  site: SiteInput,
  behind: readonly { close(): Promise<unknown> }[] = [],
  bounds?: Partial<Bounds>,
): Promise<OneEdge> {
  const directory = await mkdtemp(join(tmpdir(), "strata-edge-"));
  try {
    const config = join(directory, "site.ts");
    await writeFile(
      config,
      `import { defineSite } from "strata";\nexport default defineSite(${JSON.stringify(site)});`,
    );
    // failures here are intended, and the runtime reports them at length
    const log = (): void => undefined;
    const waits = bounds && bounded(bounds);
    const edges = await startEdges({ count: 1, port: 0, config, token: "e2e-token", log, ...waits });
    return {
      url: edges.urls[0] ?? "",
      async close() {
        await edges.close();
        await Promise.all(behind.map((one) => one.close()));
      },
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
