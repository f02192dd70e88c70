// Owns a worker with routes of its own behind the edge: they pass on what an origin sent, or label and encode by themselves.
import { defineSite } from "../../../src/policy/define.ts";
import { strata } from "../../../src/strata.ts";

export { Leases } from "../../../src/leases/leases.ts";
export { PurgeLog } from "../../../src/purge/log/log.ts";

const TEXT = "One line, again and again.\n".repeat(300);

function made(kind: string | undefined, headers: Record<string, string>): Response {
  if (kind !== "manual") return new Response(TEXT, { headers: { ...headers, "content-encoding": kind ?? "" } });
  const encoded = new Blob([TEXT]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(encoded, { headers: { ...headers, "content-encoding": "gzip" }, encodeBody: "manual" });
}

export default strata(defineSite({}), {
  fetch(request, env) {
    const url = new URL(request.url);
    const [, place, kind, control = "no-store"] = url.pathname.split("/");
    const headers = { "content-type": "text/plain", "cache-control": control };
    if (place === "made") return made(kind, headers);
    return fetch(new URL(url.pathname, String(Reflect.get(env, "BEHIND"))), request);
  },
});
