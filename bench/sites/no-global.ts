// Owns the site that leaves KV alone: an edge has only responses that it fetched itself.
import { defineSite } from "../../src/index.ts";

export default defineSite({ rules: [{ match: "/*", global: false }] });
