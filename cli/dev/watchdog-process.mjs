// Owns the death of orphans: each line on stdin is the list of processes to kill when stdin ends.
import { createInterface } from "node:readline";

let pids = [];

createInterface({ input: process.stdin })
  .on("line", (line) => {
    pids = line.split(" ").filter(Boolean).map(Number);
  })
  .on("close", () => {
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // already gone
      }
    }
  });
