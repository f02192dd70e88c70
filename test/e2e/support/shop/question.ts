// Owns one question to an edge or the shop, and all that is noted of its answer.

export interface Answer {
  readonly who: "visitor" | "customer" | "administrator";
  /** Without the server. */
  readonly what: string;
  readonly server: string;
  /** 0: the connection broke, or could not be made. */
  readonly status: number;
  readonly fields: Headers;
  readonly text: string;
  readonly sentAtMs: number;
  readonly tookMs: number;
}

/** Longer than anyone is to wait for anything. */
const PATIENCE_MS = 15_000;

export async function ask(
  who: Answer["who"],
  server: string,
  what: string,
  init: RequestInit & { readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  const sentAtMs = Date.now();
  const about = { who, server, sentAtMs, what: `${init.method ?? "GET"} ${what}` };
  try {
    const response = await fetch(`${server}${what}`, { signal: AbortSignal.timeout(PATIENCE_MS), ...init });
    const text = await response.text();
    return { ...about, status: response.status, fields: response.headers, text, tookMs: Date.now() - sentAtMs };
  } catch (error) {
    return { ...about, status: 0, fields: new Headers(), text: String(error), tookMs: Date.now() - sentAtMs };
  }
}
