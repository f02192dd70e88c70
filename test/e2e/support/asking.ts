// Owns a client that tells what it saw: the status, the fields, every byte that came, and whether the body broke off.
import { type IncomingHttpHeaders, type IncomingMessage, type RequestOptions, request as requestTo } from "node:http";

export interface Seen {
  readonly status: number;
  readonly fields: IncomingHttpHeaders;
  /** The parameters of Cache-Status behind the cache's name. */
  readonly said: string;
  readonly body: string;
  /** The body ended before its end. */
  readonly isBroken: boolean;
}

/** An answer as it comes in. */
export interface Coming {
  readonly answer: IncomingMessage;
  /** Everything that has come so far. */
  soFar(): string;
  /** Resolves when so much, or the end, has come. */
  reached(length: number): Promise<void>;
  readonly whole: Promise<Seen>;
}

/** More than any edge passes on: it is the edge that is tested. */
const MAX_HEAD_BYTES = 2 ** 20;

/** Resolves with the answer's header section. `content`: sent with the request. */
export function begin(url: string, options: RequestOptions = {}, content?: string): Promise<Coming> {
  const { promise, resolve, reject } = Promise.withResolvers<Coming>();
  const asking = requestTo(url, { agent: false, maxHeaderSize: MAX_HEAD_BYTES, ...options }, (answer) => {
    resolve(coming(answer));
  });
  asking.once("error", reject);
  asking.end(content);
  return promise;
}

export async function ask(url: string, options: RequestOptions = {}, content?: string): Promise<Seen> {
  return (await begin(url, options, content)).whole;
}

function coming(answer: IncomingMessage): Coming {
  const whole = Promise.withResolvers<Seen>();
  const waiting = new Set<{ readonly length: number; readonly pass: () => void }>();
  let body = "";
  let isOver = false;
  const wake = (): void => {
    for (const one of waiting) if (isOver || body.length >= one.length) one.pass();
  };
  const over = (isBroken: boolean): void => {
    isOver = true;
    wake();
    const said = [answer.headers["cache-status"] ?? ""]
      .flat()
      .join(", ")
      .replace(/^strata; /, "");
    whole.resolve({ status: answer.statusCode ?? 0, fields: answer.headers, said, body, isBroken });
  };
  answer.setEncoding("latin1");
  answer.on("data", (chunk: string) => {
    body += chunk;
    wake();
  });
  answer.once("end", () => over(!answer.complete));
  answer.once("error", () => over(true));
  return {
    answer,
    soFar: () => body,
    reached: (length) =>
      new Promise((pass) => {
        waiting.add({ length, pass });
        wake();
      }),
    whole: whole.promise,
  };
}
