// Proves which errors of a driver mean that the database is not there.
import { expect, test } from "vitest";
import { databaseFailure } from "../../../origin-mock/db/failure.ts";

const error = (code?: string): Error => Object.assign(new Error("said so"), code === undefined ? {} : { code });

test.each([
  ["a connection that was lost", undefined],
  ["a refused connection", "ECONNREFUSED"],
  // Five characters, like an SQLSTATE.
  ["a broken pipe", "EPIPE"],
  ["connection failure", "08006"],
  ["too many connections", "53300"],
  ["statement timeout", "57014"],
  ["administrator's shutdown", "57P01"],
  ["crash of another connection", "57P02"],
  ["starting up, or shutting down", "57P03"],
])("%s is unavailable", (_, code) => {
  const cause = error(code);
  expect(databaseFailure(cause)).toMatchObject({ name: "DatabaseUnavailable", message: "said so", cause });
});

test("a conflict has its own name, and a statement's own fault stays what it was", () => {
  expect(databaseFailure(error("23505"))).toMatchObject({ name: "UniqueViolation" });
  for (const code of ["42P01", "22P02", "23514", "40P01", "XX000"]) {
    const own = error(code);
    expect(databaseFailure(own)).toBe(own);
  }
});
