// Owns the edge's purge client: one authenticated POST, with a deadline. It reports, it never throws.
import { isRecord } from "../catalogue/product.ts";
import { messageOf } from "../error.ts";

export type CdnResult =
  | { readonly status: "purged"; readonly tags: readonly string[]; readonly seq: number }
  | { readonly status: "failed"; readonly tags: readonly string[]; readonly reason: string }
  | { readonly status: "skipped"; readonly reason: string };

export type PurgeCdn = (tags: readonly string[]) => Promise<CdnResult>;

const TIMEOUT_MS = 2_000;

const readReceipt = async (response: Response): Promise<number> => {
  const text = await response.text();
  if (response.status !== 200) throw new Error(`the edge answered ${response.status}`);
  const receipt: unknown = JSON.parse(text);
  const seq = isRecord(receipt) ? receipt["seq"] : undefined;
  if (typeof seq !== "number") throw new Error("the edge's receipt has no sequence number");
  return seq;
};

export const createCdn = (options: {
  readonly edgeUrl: string | undefined;
  readonly token: string | undefined;
  readonly timeoutMs?: number;
}): PurgeCdn => {
  const { edgeUrl, token, timeoutMs = TIMEOUT_MS } = options;
  if (edgeUrl === undefined) return async () => ({ status: "skipped", reason: "no edge URL is configured" });
  const endpoint = new URL("/.strata/purge", edgeUrl);
  const headers = {
    "Content-Type": "application/json",
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  };
  return async (tags) => {
    try {
      const response = await fetch(endpoint, {
        method: "POST",
        headers,
        body: JSON.stringify({ tags }),
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
      });
      return { status: "purged", tags, seq: await readReceipt(response) };
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : "";
      return { status: "failed", tags, reason: `${messageOf(error)}${cause}` };
    }
  };
};
