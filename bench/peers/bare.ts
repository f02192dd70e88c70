// Owns the bare worker: no cache in front of the same bytes and fields can beat it.
import { bodyOf } from "../origin/body.ts";

interface Env {
  readonly PATH: string;
  readonly BYTES: string;
  /** Header pairs as JSON. */
  readonly FIELDS: string;
}

let answer: { readonly body: Uint8Array<ArrayBuffer>; readonly headers: [string, string][] } | undefined;

export default {
  fetch(_: Request, env: Env): Response {
    answer ??= {
      body: bodyOf({ path: env.PATH, bytes: Number(env.BYTES) }),
      headers: JSON.parse(env.FIELDS) as [string, string][],
    };
    return new Response(answer.body, { headers: answer.headers });
  },
};
