// Owns an edge with one rule, and shorthands for its requests.
import type { RuleInput } from "../../src/policy/schema.ts";
import { answer, type Origin, type TestEdge, testEdge } from "./edge.ts";

const CACHED = { "cache-control": "max-age=60" };

export function ruled(rule: Omit<RuleInput, "match">, origin: Origin = () => answer("hello", CACHED)): TestEdge {
  // compression/plain.test.ts proves the Vary of compressed answers
  return testEdge({ site: { rules: [{ match: "/*", compress: false, ...rule }] }, origin });
}

export const fields = (headers: Record<string, string>): RequestInit => ({ headers });

export async function cacheOf(e: TestEdge, path: string, init?: RequestInit): Promise<string | null> {
  return (await e.text(path, init)).response.headers.get("x-cache");
}
