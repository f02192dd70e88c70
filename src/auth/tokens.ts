// Owns the admin token: compared as digests in constant time; never the development default in a deployment.

/** What `npm start` uses when STRATA_TOKEN is not set. A deployment refuses it. */
export const DEVELOPMENT_TOKEN = "dev-token";

export type Authority = "granted" | "denied" | "closed";

/**
 * Judges an Authorization field against the configured token. "closed" where no usable token is configured: nobody can
 * be let in, and the endpoint does not show that it exists.
 */
export async function judgeBearer(
  authorization: string | null,
  configured: string | undefined,
  isDevelopment: boolean,
): Promise<Authority> {
  if (configured === undefined || configured === "") return "closed";
  if (configured === DEVELOPMENT_TOKEN && !isDevelopment) return "closed";
  const presented = /^bearer +([^\s]+)$/i.exec(authorization ?? "")?.[1] ?? "";
  const [a, b] = await Promise.all([digest(presented), digest(configured)]);
  return crypto.subtle.timingSafeEqual(a, b) ? "granted" : "denied";
}

/** Equal lengths whatever was presented: the comparison takes the same time for all. */
function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
