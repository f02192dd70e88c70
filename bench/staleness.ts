// Owns `npm run staleness`: the answers of each tier after a price changed; writes the results and the page made from them.
import { writeFile } from "node:fs/promises";
import { describeRun } from "./harness/machine.ts";
import { measure } from "./staleness/measure.ts";
import { type Scene, stalenessPage, type StalenessResults } from "./staleness/page.ts";
import { startWorld } from "./staleness/world.ts";

const RESULTS = new URL("./results/staleness.json", import.meta.url);
const PAGE = new URL("../docs/staleness.md", import.meta.url);

const SCENES = [
  {
    title: "Everything runs",
    how: "The update goes through an edge; the shop answers it, and its event purges the edges.",
    purges: true,
  },
  {
    title: "The edge cannot be purged",
    how: `The shop's configuration names an edge that is not there, so every purge waits in the outbox. Stored answers live as long as
they said: 10 s in browsers (\`max-age\`), 300 s at the edges (\`CDN-Cache-Control\`). The edge that forwarded the update
invalidated its target by itself (RFC 9111 4.4).`,
    purges: false,
  },
] as const;

const run = await describeRun("npm run staleness");
const scenes: Scene[] = [];
for (const { title, how, purges } of SCENES) {
  process.stderr.write(`${title}\n`);
  const world = await startWorld({ purges });
  try {
    scenes.push({ title, how, rows: await measure(world) });
  } finally {
    await world.close();
  }
}
const results: StalenessResults = { run, scenes };
const page = stalenessPage(results);
await writeFile(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
await writeFile(PAGE, page);
process.stdout.write(page);
