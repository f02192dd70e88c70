// Owns the worker as it is wired, over the real log, with the tokens and the site of a test.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { defineSite, type SiteInput } from "../../src/policy/define.ts";
import { strata } from "../../src/strata.ts";

/** A token by its secret. */
export interface TestToken {
  readonly name: string;
  readonly secret: string;
  readonly [option: string]: unknown;
}

/** One isolate; requests carry the secret of a token, or none. */
export async function wired(
  tokens: readonly TestToken[],
  site: SiteInput = {},
): Promise<(path: string, secret?: string, init?: RequestInit) => Promise<Response>> {
  const named = await Promise.all(
    tokens.map(async ({ secret, ...token }) => ({ ...token, sha256: await sha256(secret) })),
  );
  const bindings = { ...env, STRATA_TOKENS: JSON.stringify(named) };
  const app = strata(defineSite(site));
  return async (path, secret, init = {}) => {
    const headers = new Headers(init.headers);
    if (secret !== undefined) headers.set("authorization", `Bearer ${secret}`);
    const context = createExecutionContext();
    const response = await app.fetch(new Request(`https://shop.test${path}`, { ...init, headers }), bindings, context);
    await waitOnExecutionContext(context);
    return response;
  };
}

export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
