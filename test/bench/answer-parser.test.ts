// Owns the proof that the benchmark's client reads answers as they are, however they are cut, and refuses what is none.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerParser } from "../../bench/load/answer-parser.ts";

interface Read {
  readonly status: number;
  readonly body: string;
}

/** The parser's output if `text` arrives cut at these places. */
function read(text: string, cuts: readonly number[] = []): readonly Read[] {
  const answers: Read[] = [];
  let status = 0;
  let body = "";
  const parser = answerParser({
    head(head) {
      status = head.status;
      body = "";
    },
    body: (piece) => (body += piece.toString("latin1")),
    end: () => answers.push({ status, body }),
  });
  const bytes = Buffer.from(text, "latin1");
  const places = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length];
  for (const [index, from] of places.slice(0, -1).entries()) parser.push(bytes.subarray(from, places[index + 1]));
  return answers;
}

const ANSWERS: readonly (readonly [what: string, text: string, answer: Read])[] = [
  ["a body by Content-Length", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", { status: 200, body: "hello" }],
  ["no body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", { status: 200, body: "" }],
  ["a status without content", "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", { status: 304, body: "" }],
  [
    "chunks",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\n\r\n",
    { status: 200, body: "hello" },
  ],
  [
    "chunks and a trailer",
    "HTTP/1.1 502 Bad Gateway\r\ntransfer-encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\nx: y\r\n\r\n",
    { status: 502, body: "0123456789" },
  ],
  [
    "a body that looks like a head",
    "HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\nHTTP/1.1 500 X\r\n\r\n.",
    { status: 200, body: "HTTP/1.1 500 X\r\n\r\n." },
  ],
];

describe("answerParser", () => {
  it.each(ANSWERS)("reads %s", (_, text, answer) => {
    expect(read(text)).toEqual([answer]);
  });

  it("reads the same wherever an answer is cut", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ANSWERS), fc.array(fc.nat(), { maxLength: 12 }), ([, text, answer], cuts) => {
        expect(read(text, cuts)).toEqual([answer]);
      }),
    );
  });

  it("reads one answer after the other on a connection", () => {
    const answers: string[] = [];
    let body = "";
    const parser = answerParser({
      head: () => (body = ""),
      body: (piece) => (body += piece.toString()),
      end: () => answers.push(body),
    });
    for (const each of ["one", "two"]) parser.push(Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n${each}`));
    expect(answers).toEqual(["one", "two"]);
  });

  it("waits for the end of a body that is short", () => {
    expect(read("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello")).toEqual([]);
  });

  it.each([
    ["bytes behind it", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhello", /1 bytes behind the answer/],
    ["no length at all", "HTTP/1.1 200 OK\r\n\r\nhello", /neither Content-Length nor chunked/],
    ["another protocol", "ICY 200 OK\r\n\r\n", /not the head of an answer/],
    ["no status", "HTTP/1.1 abc OK\r\n\r\n", /not the head of an answer/],
    ["no size of a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhello\r\n", /not the size of a chunk/],
    ["a chunk too long", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhello\r\n", /longer than its size/],
    ["a head without an end", `HTTP/1.1 200 OK\r\n${"x".repeat(70_000)}`, /a head without an end/],
  ])("refuses an answer with %s", (_, text, problem) => {
    expect(() => read(text)).toThrow(problem);
  });
});
