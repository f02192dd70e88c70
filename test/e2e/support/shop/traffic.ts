// Owns light traffic through the edges while something is broken: readers, one customer, one administrator; and all they were answered.
import { setTimeout as pause } from "node:timers/promises";
import { createPriceLedger, type PriceLedger } from "./price-ledger.ts";
import { type Answer, ask } from "./question.ts";
import { ADMIN, type World } from "./world.ts";

export interface Traffic {
  readonly answers: readonly Answer[];
  readonly prices: PriceLedger;
  /** Resolves when everyone has been answered at least so often from now on. */
  rounds(count: number): Promise<void>;
  /** Where the administrator goes; at first to the first edge. */
  administer(server: string): void;
  /** Resolves when the last have been answered. */
  stop(): Promise<void>;
}

const PACE_MS = 25;
const CUSTOMER = { authorization: "Bearer alice-token", "content-type": "application/json" } as const;

export interface Products {
  /** Read, and changed, all the time. */
  readonly changing: readonly number[];
  /** Only read: from the first moment on they are at every edge. */
  readonly calm: readonly number[];
}

/** Resolves when every price of the changing was changed, and everything read at every edge, once. */
export async function startTraffic({ edgeUrls }: World, { changing, calm }: Products): Promise<Traffic> {
  const answers: Answer[] = [];
  const prices = createPriceLedger();
  const counts = new Map<string, number>();
  let [adminServer = ""] = edgeUrls;
  let stopped = false;

  const note = (answer: Answer): Answer => {
    answers.push(answer);
    if (answer.who === "visitor") prices.read(answer);
    return answer;
  };
  const update = async (id: number): Promise<void> => {
    const price = prices.next(id);
    const body = JSON.stringify({ price_cents: price });
    const answer = note(
      await ask("administrator", adminServer, `/api/products/${String(id)}`, { method: "PUT", headers: ADMIN, body }),
    );
    if (answer.status >= 200 && answer.status < 300) prices.acknowledged(id, price);
  };
  const visit = (edge: string, path: string): Promise<Answer> => ask("visitor", edge, path).then(note);
  const shop = async (edge: string, round: number): Promise<void> => {
    const id = calm[round % calm.length] ?? 1;
    const body = JSON.stringify({ quantity: 1 + (round % 9) });
    const line = { method: "PUT", headers: CUSTOMER, body };
    note(await ask("customer", edge, `/api/cart/lines/${String(id)}`, line));
    note(await ask("customer", edge, "/api/cart", { headers: CUSTOMER }));
    note(await ask("customer", edge, "/api/me/profile", { headers: CUSTOMER }));
  };
  const repeat = async (name: string, work: (round: number) => Promise<unknown>): Promise<void> => {
    for (let round = 0; !stopped; round += 1) {
      await work(round);
      counts.set(name, round + 1);
      await pause(PACE_MS);
    }
  };
  const paths = [...[...changing, ...calm].map((id) => `/api/products/${String(id)}`), "/api/deals?limit=20"];

  for (const id of changing) await update(id);
  for (const edge of edgeUrls) for (const path of paths) await visit(edge, path);
  const all = Promise.all([
    ...edgeUrls.map((edge, i) =>
      repeat(`visitor ${String(i)}`, (round) => visit(edge, paths[round % paths.length] ?? "")),
    ),
    repeat("customer", (round) => shop(edgeUrls[round % edgeUrls.length] ?? "", round)),
    repeat("administrator", (round) => update(changing[round % changing.length] ?? 1)),
  ]);
  return {
    answers,
    prices,
    async rounds(count) {
      const from = new Map(counts);
      const names = ["customer", "administrator", ...edgeUrls.map((_, i) => `visitor ${String(i)}`)];
      const done = (name: string): boolean => (counts.get(name) ?? 0) >= (from.get(name) ?? 0) + count;
      while (!names.every(done)) await pause(PACE_MS);
    },
    administer(server) {
      adminServer = server;
    },
    async stop() {
      stopped = true;
      await all;
    },
  };
}
