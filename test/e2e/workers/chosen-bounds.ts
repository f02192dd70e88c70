// Owns the waits a test has chosen for its worker: TEST_BOUNDS, JSON, in the place of the defaults that it names.
import { env } from "cloudflare:workers";
import { type Bounds, DEFAULT_BOUNDS } from "../../../src/flow/support/bounds.ts";

const chosen: unknown = Reflect.get(env, "TEST_BOUNDS");

export const bounds: Bounds = {
  ...DEFAULT_BOUNDS,
  ...(typeof chosen === "string" ? (JSON.parse(chosen) as Partial<Bounds>) : {}),
};
