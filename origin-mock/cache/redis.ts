// Owns the application cache's way to Redis: its port over the shop's connection.
import { createHash } from "node:crypto";
import type { RedisConnection } from "../redis/connection.ts";
import type { RedisPort } from "./port.ts";

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}

export function cacheCommands({ run }: Pick<RedisConnection, "run">): RedisPort {
  const digests = new Map<string, string>();
  const digestOf = (script: string): string => {
    const known = digests.get(script);
    if (known !== undefined) return known;
    const digest = createHash("sha1").update(script).digest("hex");
    digests.set(script, digest);
    return digest;
  };
  return {
    // Calls scripts by digest, and sends the text again to a server that has forgotten it.
    eval: (script, keys, args) =>
      run(async (client) => {
        const options = { keys: [...keys], arguments: [...args] };
        try {
          return await client.evalSha(digestOf(script), options);
        } catch (error) {
          if (!isUnknownScript(error)) throw error;
          return client.eval(script, options);
        }
      }),
  };
}
