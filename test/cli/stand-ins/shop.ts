// Owns a shop that only answers. A path of `/die` ends it; with STAND_IN_HANGS set it ignores SIGTERM.
import { createServer } from "node:http";

process.once("disconnect", () => process.exit(0));
process.on("SIGTERM", () => {
  if (process.env["STAND_IN_HANGS"] === undefined) process.exit(0);
});
process.stdout.write(`shop of ${process.env["STRATA_EDGE_URL"]}\n`);

createServer((request, response) => {
  if (request.url === "/die") process.exit(3);
  response.end("shop");
}).listen(Number(process.env["PORT"]), "127.0.0.1", () => {
  if (process.env["STAND_IN_NEVER_READY"] === undefined) process.send?.({ ready: true });
});
