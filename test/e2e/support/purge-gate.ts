// Owns a gate before an edge: everything passes, but purges wait there for as long as a test holds them.
import { createServer, type IncomingMessage, request as requestTo, type ServerResponse } from "node:http";
import { barrier } from "../../support/barrier.ts";
import { listening } from "./listening.ts";

export interface Holding {
  /** A purge stands before the gate. */
  readonly arrived: Promise<void>;
  /** It and all others go on to the edge, except requests that their sender has given up. */
  release(): void;
}

export interface PurgeGate {
  readonly url: string;
  /** From now on. */
  hold(): Holding;
  close(): Promise<void>;
}

const PATH = "/.strata/purge";

function pass(edgeUrl: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method = "", url = "" } = incoming;
  const onward = requestTo(`${edgeUrl}${url}`, { method, headers: incoming.rawHeaders }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    answer.pipe(outgoing);
  });
  onward.once("error", () => outgoing.destroy());
  incoming.pipe(onward);
}

export async function startPurgeGate(edgeUrl: string): Promise<PurgeGate> {
  let held: { readonly arrive: () => void; readonly opened: Promise<void> } | undefined;
  const server = createServer((incoming, outgoing) => {
    if (incoming.url !== PATH || held === undefined) return pass(edgeUrl, incoming, outgoing);
    held.arrive();
    void held.opened.then(() => (outgoing.destroyed ? undefined : pass(edgeUrl, incoming, outgoing)));
  });
  return {
    ...(await listening(server)),
    hold() {
      const [arrival, opening] = [barrier(), barrier()];
      held = { arrive: () => arrival.open(), opened: opening.passed };
      return {
        arrived: arrival.passed,
        release() {
          held = undefined;
          opening.open();
        },
      };
    },
  };
}
