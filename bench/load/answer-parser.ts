// Owns reading HTTP/1.1 answers off a kept connection, one at a time: head, then a body by Content-Length or chunked (RFC 9112 6).

export interface AnswerHead {
  readonly status: number;
  /** Of the body; `undefined` where it is chunked. */
  readonly length: number | undefined;
  /** The head as it came, Latin-1. */
  readonly text: string;
}

export interface AnswerEvents {
  head(head: AnswerHead): void;
  /** A view of what was pushed: not to be kept. */
  body(piece: Buffer): void;
  end(): void;
}

export interface AnswerParser {
  /** @throws Error when it is not the one answer that is due. */
  push(chunk: Buffer): void;
}

type State =
  | { readonly in: "head" }
  | { readonly in: "body"; left: number; readonly isLast: boolean }
  | { readonly in: "size" }
  | { readonly in: "crlf" }
  | { readonly in: "trailers" };

const HEAD_LIMIT_BYTES = 64 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

export function answerParser(events: AnswerEvents): AnswerParser {
  let state: State = { in: "head" };
  let pending = NOTHING;

  /** The text before the mark, once the mark is there; the rest stays pending. */
  function upTo(mark: string): string | undefined {
    const at = pending.indexOf(mark, 0, "latin1");
    if (at < 0) {
      if (pending.length > HEAD_LIMIT_BYTES) throw new Error("a head without an end");
      return undefined;
    }
    const text = pending.toString("latin1", 0, at);
    pending = pending.subarray(at + mark.length);
    return text;
  }

  function end(): State {
    if (pending.length > 0) throw new Error(`${String(pending.length)} bytes behind the answer`);
    events.end();
    return { in: "head" };
  }

  /** The next state; `undefined` where more must come first. */
  function step(): State | undefined {
    switch (state.in) {
      case "head": {
        const text = upTo("\r\n\r\n");
        if (text === undefined) return undefined;
        const head = readHead(text);
        events.head(head);
        if (head.length === undefined) return { in: "size" };
        return head.length === 0 ? end() : { in: "body", left: head.length, isLast: true };
      }
      case "body": {
        if (pending.length === 0) return undefined;
        const piece = pending.length > state.left ? pending.subarray(0, state.left) : pending;
        pending = pending.subarray(piece.length);
        state.left -= piece.length;
        events.body(piece);
        if (state.left > 0) return undefined;
        return state.isLast ? end() : { in: "crlf" };
      }
      case "size": {
        const line = upTo("\r\n");
        if (line === undefined) return undefined;
        const [size = ""] = line.split(";");
        if (!/^[\da-f]+\s*$/i.test(size)) throw new Error(`not the size of a chunk: ${line}`);
        const left = Number.parseInt(size, 16);
        return left === 0 ? { in: "trailers" } : { in: "body", left, isLast: false };
      }
      case "crlf": {
        const rest = upTo("\r\n");
        if (rest === undefined) return undefined;
        if (rest !== "") throw new Error("a chunk is longer than its size");
        return { in: "size" };
      }
      case "trailers": {
        const line = upTo("\r\n");
        if (line === undefined) return undefined;
        return line === "" ? end() : state;
      }
    }
  }

  return {
    push(chunk) {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      for (;;) {
        const next = step();
        if (!next) return;
        const answered = next.in === "head";
        state = next;
        if (answered) return;
      }
    },
  };
}

function readHead(text: string): AnswerHead {
  const status = Number(text.slice(9, 12));
  if (!text.startsWith("HTTP/1.1 ") || !(status >= 200 && status <= 599)) {
    throw new Error(`not the head of an answer: ${text.slice(0, 40)}`);
  }
  if (status === 204 || status === 304) return { status, length: 0, text };
  if (/\r\ntransfer-encoding:[ \t]*chunked/i.test(text)) return { status, length: undefined, text };
  const declared = /\r\ncontent-length:[ \t]*(\d+)[ \t]*(?:\r|$)/i.exec(text)?.[1];
  if (declared === undefined) throw new Error("neither Content-Length nor chunked: the connection cannot be kept");
  return { status, length: Number(declared), text };
}
