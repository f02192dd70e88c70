// Owns the faults an origin can have, as bytes, in families whose members must all look the same to clients.
import { message, type Script, sends, sendsAndEnds } from "./tcp-origin.ts";

/** Every answer here claims to be fresh for a minute, so that a stored part of it would show. */
const HEAD = "HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\n";
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`;
const CACHED = { "cache-control": "max-age=60" };
const EARLY_HINTS = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";

type Named = Readonly<Record<string, Script>>;

/** No message comes about. */
export const NO_ANSWER: Named = {
  "closes the connection": (request) => request.end(),
  "resets the connection": (request) => request.reset(),
  "closes within the header section": sendsAndEnds(`${HEAD}content-le`),
  "resets within the header section": (request) => {
    request.send(`${HEAD}content-le`);
    request.reset();
  },
  "closes after early hints": sendsAndEnds(EARLY_HINTS),
  "sends bytes at random": sends(Buffer.from([0, 1, 2, 255, 254, 13, 10, 13, 10, 7])),
  "sends a TLS alert": sendsAndEnds(Buffer.from("15030100020228", "hex")),
  "speaks SMTP": sends("220 mail.test ESMTP\r\n\r\n"),
  "speaks HTTP/0.9": sendsAndEnds("<html>hello</html>"),
  "speaks HTTP/2": sendsAndEnds("HTTP/2 200\r\ncontent-length: 2\r\n\r\nok"),
  "sends a negative length": sendsAndEnds(`${HEAD}content-length: -5\r\n\r\nhello`),
  "sends a length in words": sendsAndEnds(`${HEAD}content-length: five\r\n\r\nhello`),
  "sends a length with a sign": sendsAndEnds(`${HEAD}content-length: +5\r\n\r\nhello`),
  "sends a length beyond all numbers": sendsAndEnds(`${HEAD}content-length: 99999999999999999999999\r\n\r\nhello`),
  "sends two lengths": sendsAndEnds(`${HEAD}content-length: 5\r\ncontent-length: 3\r\n\r\nhello`),
  "sends a list of lengths": sendsAndEnds(`${HEAD}content-length: 5, 3\r\n\r\nhello`),
  "sends a line that is no field": sends(`${HEAD}this is no field\r\ncontent-length: 2\r\n\r\nok`),
  "sends a space before the colon": sends(`${HEAD}content-length : 2\r\n\r\nok`),
  "sends NUL in a field": sends(`${HEAD}x: a\0b\r\ncontent-length: 2\r\n\r\nok`),
  "folds a field": sends(`${HEAD}x: a\r\n b\r\ncontent-length: 2\r\n\r\nok`),
  "answers 099": sends(message("odd", CACHED, "099 Odd")),
  "answers 42": sends(message("odd", CACHED, "42 Odd")),
  "answers 1000": sends(message("odd", CACHED, "1000 Odd")),
};

/** A message that is no final answer. */
export const INVALID: Named = {
  "answers 999": sends(message("odd", CACHED, "999 Odd")),
  "answers 600": sends(message("odd", CACHED, "600 Odd")),
  "answers 101 unasked": sends("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"),
};

/** Nothing comes for as long as the edge waits. */
export const NO_END: Named = {
  "is silent": () => undefined,
  "stops within the header section": sends(`${HEAD}content-le`),
  "sends early hints and nothing else": sends(EARLY_HINTS),
};

/** The body breaks off behind these bytes. */
export const BROKEN: Readonly<Record<string, readonly [bytes: string, script: Script]>> = {
  "closes before Content-Length": ["half", sendsAndEnds(`${HEAD}content-length: 10\r\n\r\nhalf`)],
  "resets before Content-Length": ["half", thenResets(`${HEAD}content-length: 10\r\n\r\nhalf`)],
  "resets a body without a length": ["half", thenResets(`HTTP/1.0 200 OK\r\ncache-control: max-age=60\r\n\r\nhalf`)],
  "closes within a chunk": ["halfrest", sendsAndEnds(`${CHUNKED}4\r\nhalf\r\n8\r\nrest`)],
  "closes before the last chunk": ["half", sendsAndEnds(`${CHUNKED}4\r\nhalf\r\n`)],
  "closes within the last chunk": ["half", sendsAndEnds(`${CHUNKED}4\r\nhalf\r\n0\r\n`)],
  "sends a chunk of no size": ["half", sendsAndEnds(`${CHUNKED}4\r\nhalf\r\nzz\r\nrest\r\n0\r\n\r\n`)],
  "sends a chunk beyond its size": ["half", sendsAndEnds(`${CHUNKED}4\r\nhalfmore\r\n0\r\n\r\n`)],
  "sends a chunk beyond all numbers": ["", sendsAndEnds(`${CHUNKED}ffffffffffffffffff\r\nhalf`)],
  "says gzip of what is none": ["", sends(message("this is no gzip", { ...CACHED, "content-encoding": "gzip" }))],
  "says br of what is none": ["", sends(message("this is no br", { ...CACHED, "content-encoding": "br" }))],
};

/** Odd, but whole. */
export const WHOLE: Readonly<Record<string, readonly [bytes: string, script: Script]>> = {
  "ends the body with the connection": [
    "whole",
    sendsAndEnds(`HTTP/1.0 200 OK\r\ncache-control: max-age=60\r\n\r\nwhole`),
  ],
  "sends one length twice": ["hello", sends(`${HEAD}content-length: 5\r\ncontent-length: 5\r\n\r\nhello`)],
  "sends more than Content-Length": [
    "half",
    sends(`${HEAD}content-length: 4\r\n\r\nhalf${message("another's", CACHED)}`),
  ],
  // the chunks decide (RFC 9112 section 6.3)
  "sends a length beside chunks": [
    "abc",
    sends(`${HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
  ],
  "sends trailers": ["half", sends(`${CHUNKED}4\r\nhalf\r\n0\r\nx-trailer: 1\r\n\r\n`)],
  "sends early hints first": ["final", sends(EARLY_HINTS + message("final", CACHED))],
  "sends 100 first": ["final", sends(`HTTP/1.1 100 Continue\r\n\r\n${message("final", CACHED)}`)],
  "ends lines with LF alone": ["ok", sends("HTTP/1.1 200 OK\ncache-control: max-age=60\ncontent-length: 2\n\nok")],
  "gives no reason": ["ok", sends("HTTP/1.1 200\r\ncache-control: max-age=60\r\ncontent-length: 2\r\n\r\nok")],
  "sends a field in Latin-1": ["ok", sends(Buffer.from(`${HEAD}x: \xe9\r\ncontent-length: 2\r\n\r\nok`, "latin1"))],
  // more than the platform promises to pass on (128 KB), and than the colo takes
  "sends a header section of 200 KB": ["ok", sends(`${HEAD}x: ${"x".repeat(200_000)}\r\ncontent-length: 2\r\n\r\nok`)],
  "sends a header section of 100 KB": ["ok", sends(`${HEAD}x: ${"x".repeat(100_000)}\r\ncontent-length: 2\r\n\r\nok`)],
};

/** The bytes before have arrived when the reset does; otherwise a reset may overtake them. */
function thenResets(bytes: string): Script {
  return (request) => {
    request.send(bytes);
    setImmediate(() => setTimeout(request.reset, 50));
  };
}
