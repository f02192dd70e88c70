// Owns the list of scenarios, in the order they run and are shown.
import { colo } from "./colo.ts";
import { freshness } from "./freshness.ts";
import { large } from "./large.ts";
import { memory } from "./memory.ts";
import { miss } from "./miss.ts";
import { objects } from "./objects.ts";
import { purge } from "./purge.ts";
import type { Scenario } from "./scenario.ts";
import { stampede } from "./stampede.ts";

export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map([
  ["memory", memory],
  ["colo", colo],
  ["miss", miss],
  ["stampede", stampede],
  ["large", large],
  ["objects", objects],
  ["purge", purge],
  ["freshness", freshness],
]);
