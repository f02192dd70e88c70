// Owns the site that leaves KV alone: what an edge has, it has fetched itself.
import { defineSite } from "../../src/index.ts";

export default defineSite({ rules: [{ match: "/*", global: false }] });
