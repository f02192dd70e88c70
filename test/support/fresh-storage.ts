// Owns that a test file in workerd begins with empty storage: files share one runtime, since starting one for each takes longer than they do.
import { reset } from "cloudflare:test";
import { beforeAll } from "vitest";

beforeAll(() => reset());
