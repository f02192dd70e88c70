// Owns every error this project throws: a stable name, a message that says what and where, and the cause.

/** A site configuration that cannot be used; `problems` holds every one, each with its path. */
export class SiteError extends Error {
  override readonly name = "StrataSiteError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? "1 problem" : `${String(problems.length)} problems`;
    super(`strata.config: ${count}\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

/** A dependency (tier, purge log, origin) that did not do what its contract says. */
export class DependencyError extends Error {
  override readonly name = "StrataDependencyError";
  readonly dependency: string;

  constructor(dependency: string, message: string, options?: ErrorOptions) {
    super(`${dependency}: ${message}`, options);
    this.dependency = dependency;
  }
}
