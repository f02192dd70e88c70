// Owns which token the edges are shown. It comes from the environment: a process list shows what is written on a command line.

/** The token of `npm start` if STRATA_TOKEN is not set. */
const DEVELOPMENT_TOKEN = "dev-token";

export interface Token {
  readonly secret: string;
  /** For people; never the secret of a deployment. */
  readonly name: string;
}

/** The token, or why there is none. */
export function tokenFor(edgeUrls: readonly string[], env: NodeJS.ProcessEnv): Token | string {
  const secret = env["STRATA_TOKEN"]?.trim() ?? "";
  if (secret !== "") {
    // not shown: it may be a secret with a typing error
    if (!/^[\x21-\x7e]+$/.test(secret)) return "STRATA_TOKEN must be visible ASCII characters without spaces";
    return { secret, name: "the token in STRATA_TOKEN" };
  }
  const foreign = edgeUrls.find((url) => !isLoopback(url));
  if (foreign !== undefined) return `set STRATA_TOKEN to a token of ${foreign}`;
  return { secret: DEVELOPMENT_TOKEN, name: `${DEVELOPMENT_TOKEN}, the default on this machine: set STRATA_TOKEN` };
}

export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
