// Owns JSON answers of the admin endpoints: no cache may store one.

export function jsonAnswer(content: object, status = 200, headers: HeadersInit = {}): Response {
  const response = Response.json(content, { status, headers });
  response.headers.set("cache-control", "no-store");
  return response;
}
