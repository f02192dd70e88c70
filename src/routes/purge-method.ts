// Owns the method PURGE: it purges the URL it is sent to, softly where Fastly-Soft-Purge says so.
import { bearerToken } from "../auth/tokens.ts";
import type { Authenticator } from "./order.ts";
import { answeredAsFastly } from "./vendors/fastly.ts";
import { problemResponse } from "./problem.ts";

/** `undefined` where no token is configured: then PURGE is a method like any other. */
export async function purgeMethod(request: Request, authenticate: Authenticator): Promise<Response | undefined> {
  const { headers } = request;
  const purger = await authenticate(
    bearerToken(headers.get("authorization")) ?? headers.get("fastly-key") ?? undefined,
  );
  if (purger === "closed") return undefined;
  if (purger === "denied")
    return problemResponse(401, "a valid bearer token is needed", [], { "www-authenticate": "Bearer" });
  const mode = headers.has("fastly-soft-purge") ? "soft" : "hard";
  return answeredAsFastly(await purger({ selectors: { urls: [request.url] }, mode }));
}
