// Owns the proof that only the configured token opens the admin paths, and that a missing or default one opens nothing.
import { describe, expect, it } from "vitest";
import { DEVELOPMENT_TOKEN, judgeBearer } from "../../src/auth/tokens.ts";

describe("judgeBearer", () => {
  it.each(["Bearer secret", "bearer secret", "BEARER   secret"])("lets %j in", async (field) => {
    expect(await judgeBearer(field, "secret", false)).toBe("granted");
  });

  it.each([
    null,
    "",
    "secret",
    "Bearer",
    "Bearer ",
    "Bearer secre",
    "Bearer secrets",
    "Bearer SECRET",
    "Bearer secret x",
    " Bearer secret",
    "Bearer\tsecret",
    "Basic secret",
    "Bearer undefined",
    "Bearer null",
    `Bearer ${"x".repeat(100_000)}`,
  ])("keeps %j out", async (field) => {
    expect(await judgeBearer(field, "secret", false)).toBe("denied");
  });

  it.each([undefined, ""])("is closed to all when the token is %j, also to one that presents it", async (token) => {
    for (const development of [true, false]) {
      for (const field of [null, "Bearer ", "Bearer undefined", `Bearer ${String(token)}`]) {
        expect(await judgeBearer(field, token, development)).toBe("closed");
      }
    }
  });

  it("takes the default token in development alone", async () => {
    const field = `Bearer ${DEVELOPMENT_TOKEN}`;
    expect(await judgeBearer(field, DEVELOPMENT_TOKEN, true)).toBe("granted");
    expect(await judgeBearer(field, DEVELOPMENT_TOKEN, false)).toBe("closed");
    expect(await judgeBearer(field, "secret", true)).toBe("denied");
  });
});
