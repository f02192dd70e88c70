// Owns what the status of an answer that is not stored says: of the resource, or of one request.

/** Statuses below 500 that one client can provoke by how it asks: they say nothing of what others would get. */
const DEPENDS_ON_REQUEST: ReadonlySet<number> = new Set([
  400, 401, 403, 405, 406, 408, 411, 412, 413, 414, 415, 416, 417, 421, 422, 425, 426, 428, 429, 431,
]);

export function dependsOnRequest(status: number): boolean {
  return status >= 500 || DEPENDS_ON_REQUEST.has(status);
}
