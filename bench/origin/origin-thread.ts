// Owns the thread the origin runs in, apart from the client that is measured.
import { parentPort } from "node:worker_threads";
import { listening, originServer } from "./server.ts";

parentPort?.postMessage(await listening(originServer()));
