// Owns the errors the shop throws: dead dependencies, database conflicts and callers' mistakes, each with a stable name.

export type ShopErrorName = "DatabaseUnavailable" | "InvalidArgument" | "RedisUnavailable" | "UniqueViolation";

export function shopError(name: ShopErrorName, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { name });
}

export function isShopError(error: unknown, name: ShopErrorName): error is Error {
  return error instanceof Error && error.name === name;
}

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node reports a refused dual-stack connection as an AggregateError without a message.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error.message;
}
