// Owns an origin for tests that answers ranges of what it has, as RFC 9110 14 asks, and the reading of what came of it.
import { answer, type Origin } from "./edge.ts";
import { bytesOf } from "./stored.ts";

/** Ten bytes, each of which says where it stands. */
export const TEN = "0123456789";

const ONE_RANGE = /^bytes=(\d*)-(\d*)$/;

/** Answers one range with 206 or 416, everything else whole; If-Range names the ETag or the date, letter by letter. */
export function rangedOrigin(content: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>): Origin {
  const bytes = typeof content === "string" ? bytesOf(content) : content;
  return (request) => {
    const [, first = "", last = ""] = ONE_RANGE.exec(request.headers.get("range") ?? "") ?? [];
    const condition = request.headers.get("if-range");
    const applies = condition === null || [headers["etag"], headers["last-modified"]].includes(condition);
    if ((first === "" && last === "") || !applies) {
      return answer(bytes, { ...headers, "content-length": String(bytes.length) });
    }
    const from = first === "" ? Math.max(0, bytes.length - Number(last)) : Number(first);
    const to = first === "" || last === "" ? bytes.length - 1 : Math.min(Number(last), bytes.length - 1);
    return from > to
      ? answer(null, { ...headers, "content-range": `bytes */${String(bytes.length)}` }, 416)
      : partial(bytes, from, to, headers);
  };
}

/** A sound 206 with the bytes from `first` to `last`. */
export function partial(
  content: string | Uint8Array<ArrayBuffer>,
  first: number,
  last: number,
  headers: Record<string, string>,
): Response {
  const bytes = typeof content === "string" ? bytesOf(content) : content;
  const slice = bytes.slice(first, last + 1);
  const range = `bytes ${String(first)}-${String(last)}/${String(bytes.length)}`;
  return answer(slice, { "content-range": range, "content-length": String(slice.length), ...headers }, 206);
}

/** A request for a range. */
export function ranged(range: string, more: Record<string, string> = {}): RequestInit {
  return { headers: { range, ...more } };
}

/** A body given out in pieces of `size` bytes; `end` decides what comes after the last. */
export function inPieces(
  bytes: Uint8Array,
  size: number,
  end: (controller: ReadableStreamDefaultController<Uint8Array>) => void | Promise<void> = (c) => c.close(),
): ReadableStream<Uint8Array> {
  let position = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (position >= bytes.length) {
        await end(controller);
        return;
      }
      controller.enqueue(bytes.slice(position, position + size));
      position += size;
    },
  });
}

/** A client's view of a range: status, Content-Range, Content-Length, body. */
export async function shown(response: Response): Promise<readonly [number, string | null, string | null, string]> {
  const { status, headers } = response;
  return [status, headers.get("content-range"), headers.get("content-length"), await response.text()];
}
