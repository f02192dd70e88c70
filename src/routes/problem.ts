// Owns problem details for the admin endpoints (RFC 9457).

/** One thing wrong with a request body; `pointer` is a JSON pointer into it (RFC 6901). */
export interface Problem {
  readonly pointer: string;
  readonly detail: string;
}

export function problemResponse(
  status: number,
  title: string,
  errors: readonly Problem[] = [],
  headers: HeadersInit = {},
): Response {
  const body = { type: "about:blank", title, status, ...(errors.length > 0 && { errors }) };
  const response = new Response(JSON.stringify(body), { status, headers });
  response.headers.set("content-type", "application/problem+json");
  response.headers.set("cache-control", "no-store");
  return response;
}
