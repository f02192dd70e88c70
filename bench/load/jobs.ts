// Owns the three ways to ask: in a closed loop, at set times, and all at once.
import { type Address, type Connection, connect, connectAll, type Question, questionAbout } from "./connection.ts";

interface Asking {
  readonly address: Address;
  /** With `isEachNew`, what the URLs begin with. */
  readonly path: string;
  readonly says?: string;
}

/** As fast as the answers come, on so many connections. */
export interface ClosedLoop extends Asking {
  readonly kind: "closed-loop";
  readonly connections: number;
  readonly until: { readonly requests: number } | { readonly elapsedMs: number };
  readonly isEachNew?: boolean;
  /** Lines of each request beside Host, each with its end. */
  readonly fields?: string;
}

/** Every URL new; requests leave at set times, however slow the answers are. */
export interface OpenLoop extends Asking {
  readonly kind: "open-loop";
  readonly perSecond: number;
  readonly requests: number;
}

/** One URL asked for at once on so many connections that stand already. */
export interface Burst extends Asking {
  readonly kind: "burst";
  readonly connections: number;
}

export type Job = ClosedLoop | OpenLoop | Burst;

export interface JobResult {
  /** From the first request to the last byte of the last answer. */
  readonly elapsedMs: number;
  readonly answered: number;
  /** Each request's time until its last byte; an open loop counts from when it should have been sent. Empty for a closed loop. */
  readonly latenciesMs: readonly number[];
  /** Until the head of the first answer. */
  readonly firstHeadMs: number;
  /** Open loop: how late the client itself sent, each request. */
  readonly latenessMs: readonly number[];
}

export function perform(job: Job): Promise<JobResult> {
  switch (job.kind) {
    case "closed-loop":
      return closedLoop(job);
    case "open-loop":
      return openLoop(job);
    case "burst":
      return burst(job);
  }
}

async function closedLoop({
  address,
  path,
  says,
  fields,
  connections,
  until: end,
  isEachNew,
}: ClosedLoop): Promise<JobResult> {
  const opened = await connectAll(address, connections);
  const same = questionAbout(address, path, says, fields);
  let sent = 0;
  const startedAtMs = performance.now();
  const isOver = (): boolean =>
    "requests" in end ? sent >= end.requests : performance.now() - startedAtMs >= end.elapsedMs;
  const work = async (connection: Connection): Promise<void> => {
    while (!isOver()) {
      const question = isEachNew ? questionAbout(address, `${path}-${String(sent)}`, says, fields) : same;
      sent += 1;
      // one at a time on a connection
      await connection.ask(question);
    }
  };
  try {
    await Promise.all(opened.map(work));
    const elapsedMs = performance.now() - startedAtMs;
    return { elapsedMs, answered: sent, latenciesMs: [], firstHeadMs: 0, latenessMs: [] };
  } finally {
    for (const connection of opened) connection.close();
  }
}

/** A timer wakes to the millisecond only: the last part of a wait is spent looking at the clock. */
const WATCHED_MS = 1.5;

async function openLoop({ address, path, says, perSecond, requests }: OpenLoop): Promise<JobResult> {
  const idle: Connection[] = [...(await connectAll(address, 16))];
  const all = [...idle];
  const latenciesMs: number[] = [];
  const latenessMs: number[] = [];
  const startedAtMs = performance.now() + 20;
  const another = async (): Promise<Connection> => {
    const opened = await connect(address);
    all.push(opened);
    return opened;
  };
  const ask = async (question: Question, dueAtMs: number): Promise<void> => {
    const connection = idle.pop() ?? (await another());
    const { endAtMs } = await connection.ask(question);
    latenciesMs.push(endAtMs - dueAtMs);
    idle.push(connection);
  };
  const asked: Promise<void>[] = [];
  try {
    for (let i = 0; i < requests; i++) {
      const dueAtMs = startedAtMs + (i * 1000) / perSecond;
      const question = questionAbout(address, `${path}-${String(i)}`, says);
      // requests leave in order
      await until(dueAtMs);
      latenessMs.push(performance.now() - dueAtMs);
      const answered = ask(question, dueAtMs);
      answered.catch(() => undefined);
      asked.push(answered);
    }
    await Promise.all(asked);
    const elapsedMs = performance.now() - startedAtMs;
    return { elapsedMs, answered: requests, latenciesMs, firstHeadMs: 0, latenessMs };
  } finally {
    for (const connection of all) connection.close();
  }
}

async function until(dueAtMs: number): Promise<void> {
  const waitMs = Math.floor(dueAtMs - performance.now() - WATCHED_MS);
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  // answers are read in between
  while (performance.now() < dueAtMs) await new Promise((resolve) => setImmediate(resolve));
}

async function burst({ address, path, says, connections }: Burst): Promise<JobResult> {
  const opened = await connectAll(address, connections);
  const question = questionAbout(address, path, says);
  try {
    const startedAtMs = performance.now();
    const replies = await Promise.all(opened.map((connection) => connection.ask(question)));
    return {
      elapsedMs: performance.now() - startedAtMs,
      answered: replies.length,
      latenciesMs: replies.map(({ endAtMs }) => endAtMs - startedAtMs),
      firstHeadMs: Math.min(...replies.map(({ headAtMs }) => headAtMs)) - startedAtMs,
      latenessMs: [],
    };
  } finally {
    for (const connection of opened) connection.close();
  }
}
