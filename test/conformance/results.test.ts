// Owns the proof that results are found in the client's output.
import { describe, expect, it } from "vitest";
import { parseResults, resultsInOutput } from "./results.ts";

const outcomes = { a: true, b: ["Assertion", "Response 2 comes from cache"], c: ["Setup", "{\n}\n{"] };

describe("results in the client's output", () => {
  it.each([
    ["alone", ""],
    ["behind warnings", "WARN: Capability target is empty\nERROR: Unanticipated header type\n"],
    ["behind another object", '{\n  "warning": true\n}\n'],
  ])("%s", (_, before) => {
    const results = resultsInOutput(`${before}${JSON.stringify(outcomes, null, 2)}\n`);
    expect([...results.keys()]).toEqual(["a", "b", "c"]);
    expect(results.get("b")).toEqual({ passed: false, message: "Assertion: Response 2 comes from cache" });
  });

  it("are followed by other lines", () => {
    expect(resultsInOutput(`${JSON.stringify(outcomes, null, 2)}\nbye\n`).get("a")).toEqual({ passed: true });
  });

  it.each(["", "Error: connect ECONNREFUSED\n", "}\n{\n"])("are missing: %j", (output) => {
    expect(() => resultsInOutput(output)).toThrow("wrote no results");
  });

  it("pass only when they are true", () => {
    expect(parseResults('{"a": false, "b": "yes"}').get("a")).toEqual({ passed: false, message: "false" });
    expect(parseResults('{"a": false, "b": "yes"}').get("b")).toEqual({ passed: false, message: '"yes"' });
  });
});
