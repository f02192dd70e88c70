// Owns the shape of a scenario: one row of the benchmark, measured on its own.
import type { Measured } from "../harness/results.ts";
import type { Load } from "../load/load.ts";
import type { Origin } from "../origin/origin.ts";

export interface Setting {
  readonly load: Load;
  readonly origin: Origin;
  /** Fewer rounds and requests: to see whether it works, not how fast it is. */
  readonly isQuick: boolean;
  /** Says on which part the run is. */
  readonly progress: (text: string) => void;
}

export interface Scenario {
  readonly title: string;
  /** One paragraph: the requests, their targets, and the way of asking. */
  readonly how: string;
  measure(setting: Setting): Promise<Measured>;
}
