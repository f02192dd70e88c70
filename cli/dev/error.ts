// Owns the errors of the development environment: a stable name, a message made for people, the exit code.

const EXIT_CODES = {
  UsageError: 2,
  PortTakenError: 1,
  BundleError: 1,
  ConfigurationError: 1,
  RuntimeFailedError: 1,
  RedisMissingError: 1,
  RedisUnreachableError: 1,
  ChildDiedError: 1,
  NotReadyError: 1,
} as const satisfies Record<string, number>;

export type DevErrorName = keyof typeof EXIT_CODES;

/** An Error whose message can be shown as it stands, without a stack. */
export function devError(name: DevErrorName, message: string, cause?: unknown): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  error.name = name;
  return error;
}

/** The exit code of an error made by `devError`; undefined for any other value, which is a bug and keeps its stack. */
export function exitCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !Object.hasOwn(EXIT_CODES, error.name)) return undefined;
  return EXIT_CODES[error.name as DevErrorName];
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
