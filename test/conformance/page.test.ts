// Owns the proof that the page says what the outcomes are, and nothing that changes by itself.
import { describe, expect, it } from "vitest";
import type { PublishedCache } from "./published.ts";
import { renderPage } from "./page.ts";
import { passing, SAMPLE } from "./sample.ts";

const published: readonly PublishedCache[] = [
  { name: "Poor", version: "1.0", results: passing("fresh") },
  { name: "Rich", version: "2.0", results: passing("fresh", "stale", "reuse", "surrogate") },
  { name: "Brief", version: "3.0", results: new Map([["fresh", { passed: true }]]) },
];
const known = new Map([["stale", "RFC 9111 4.2.4: this | that."]]);

function page(...passes: readonly string[]): string {
  return renderPage({ edition: SAMPLE, results: passing(...passes), known, published });
}

describe("page", () => {
  it("counts, with and without Surrogate-Control", () => {
    expect(page("fresh", "reuse", "surrogate", "spaces")).toContain(
      ["| all | 1/2 | 2/2 | 1/2 |", "| without the suite Surrogate-Control | 1/2 | 1/1 | 1/2 |"].join("\n"),
    );
  });

  it("puts caches in the order of what they pass, with what they did not run", () => {
    expect(page("fresh", "reuse")).toContain(
      [
        "| Rich | 2.0 | 2/2 | 2/2 | 0/2 | 0 |",
        "| **Strata** | this checkout | 1/2 | 1/2 | 0/2 | 0 |",
        "| Poor | 1.0 | 1/2 | 0/2 | 0/2 | 0 |",
        "| Brief | 3.0 | 1/2 | 0/2 | 0/2 | 5 |",
      ].join("\n"),
    );
  });

  it("counts by suite and leaves out kinds a suite has not", () => {
    expect(page("fresh", "spaces")).toContain(
      ["| Freshness | 1/2 | 0/1 |  |", "| Parsing |  |  | 1/2 |", "| Surrogate-Control |  | 0/1 |  |"].join("\n"),
    );
  });

  it("gives each failure its reason, or says that it has none", () => {
    expect(page("fresh", "surrogate")).toContain(
      [
        "| `stale` | required | RFC 9111 4.2.4: this \\| that. |",
        "| `reuse` | optimal | **not on the documented list** |",
      ].join("\n"),
    );
  });

  it("answers the checks", () => {
    expect(page("spaces")).toContain("| Parsing | `spaces` | `quoted` |");
  });

  it("names passes that prove nothing", () => {
    expect(page("reuse", "quoted")).toContain("a case they depend on fails: `reuse`, `quoted`.");
    expect(page("fresh", "reuse")).toContain("No case passes whose dependency fails.");
  });

  it("is the same for the same outcomes", () => {
    expect(page("fresh", "quoted")).toBe(page("quoted", "fresh"));
  });
});
