// Owns the classification of database errors: a faulty statement, a conflict, or an unreachable database.
import { messageOf, shopError } from "../error.ts";

// SQLSTATE classes: 08 connection, 53 resources, 57 operator intervention (shutdown, statement timeout).
const UNAVAILABLE = /^(?:08|53|57)/;
// Every SQLSTATE has a digit, unlike EPIPE and EBUSY, which have five characters too.
const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/;

function sqlState(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" && SQLSTATE.test(error.code) ? error.code : undefined;
}

/** Returns the error to throw. An error without an SQLSTATE never reached the server or came from a lost connection. */
export function databaseFailure(error: unknown): unknown {
  const state = sqlState(error);
  if (state === "23505") return shopError("UniqueViolation", messageOf(error), error);
  if (state === undefined || UNAVAILABLE.test(state)) return shopError("DatabaseUnavailable", messageOf(error), error);
  return error;
}
