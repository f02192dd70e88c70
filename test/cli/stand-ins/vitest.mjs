// Owns a stand-in for vitest: it does what STAND_IN says, and writes the report it is told to write.
import { writeFileSync } from "node:fs";

const report = process.argv.find((arg) => arg.startsWith("--outputFile.json="))?.slice("--outputFile.json=".length);
const test = (status) => ({ status });

const manners = {
  passes() {
    writeFileSync(report, JSON.stringify({ testResults: [{ status: "passed", assertionResults: [test("passed")] }] }));
  },
  waits() {
    console.log("waiting");
    setInterval(() => undefined, 60_000);
  },
  dies() {
    process.kill(process.pid, "SIGKILL");
  },
  exits() {
    process.exitCode = 3;
  },
};
manners[process.env.STAND_IN]();
