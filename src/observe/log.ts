// Owns reports to the platform's log: one line of JSON for each event.
import type { DependencyError } from "../error.ts";

export function reportError(error: DependencyError): void {
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  console.warn(
    JSON.stringify({ level: "warn", event: error.name, dependency: error.dependency, message: error.message, cause }),
  );
}
