// Owns the request id: the client's where it is harmless, else a new one; the same one towards origin and client.

const HARMLESS = /^[A-Za-z0-9._-]{1,128}$/;

export function requestIdOf(field: string | null): string {
  return field !== null && HARMLESS.test(field) ? field : crypto.randomUUID();
}
