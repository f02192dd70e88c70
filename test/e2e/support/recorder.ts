// Owns the recorder between browser and edge: it passes everything through unchanged and remembers it.
import { createServer, request as requestTo, type IncomingHttpHeaders } from "node:http";
import { listening } from "./listening.ts";

/** One request that left the browser. */
export interface Seen {
  readonly method: string;
  readonly fields: IncomingHttpHeaders;
  /** The edge's answer; 0 and nothing until it comes. */
  status: number;
  answered: IncomingHttpHeaders;
}

export interface Recorder {
  readonly url: string;
  /** Every request for `path`, the oldest first. */
  seen(path: string): readonly Seen[];
  close(): Promise<void>;
}

export async function startRecorder(edgeUrl: string): Promise<Recorder> {
  const seen = new Map<string, Seen[]>();
  const server = createServer((incoming, outgoing) => {
    const { method = "", url: path = "", headers } = incoming;
    const one: Seen = { method, fields: headers, status: 0, answered: {} };
    seen.set(path, [...(seen.get(path) ?? []), one]);
    const onward = requestTo(`${edgeUrl}${path}`, { method, headers: incoming.rawHeaders }, (answer) => {
      one.status = answer.statusCode ?? 0;
      one.answered = answer.headers;
      outgoing.writeHead(one.status, answer.rawHeaders);
      answer.pipe(outgoing);
      // a body that breaks off must break off for the browser too
      answer.once("error", () => outgoing.destroy());
    });
    onward.once("error", () => outgoing.destroy());
    // a browser that leaves, leaves the edge
    outgoing.once("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  return { ...(await listening(server)), seen: (path) => seen.get(path) ?? [] };
}
