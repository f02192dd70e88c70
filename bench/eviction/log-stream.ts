// Owns reading a stream of requests from an access log, as the replay reads it: its targets, their order, their sizes.
import { plannedRequests, surveyLog } from "../../cli/replay/log-plan.ts";
import { type CachedObject, cachedObject, type Stream, streamOf } from "./stream.ts";

/** Leaves out requests without a place in the memory tier: unsafe methods, unstorable answers, bodies over the limit. */
export async function logStream(file: string, bodyLimitBytes: number): Promise<Stream> {
  const survey = await surveyLog(file, Number.POSITIVE_INFINITY);
  if (survey.kind === "unreadable") throw new Error(survey.problem);
  const objects: CachedObject[] = [];
  const requests: number[] = [];
  const ids = new Map<number, number>();
  for await (const { method, resource } of plannedRequests(file, Number.POSITIVE_INFINITY, survey.catalogue)) {
    const isKept = resource.cacheControl !== "no-store" && resource.bodyBytes <= bodyLimitBytes;
    if (!isKept || (method !== "GET" && method !== "HEAD")) continue;
    let id = ids.get(resource.id);
    if (id === undefined) {
      id = objects.length;
      ids.set(resource.id, id);
      objects.push(cachedObject(resource.target, resource.bodyBytes, resource.contentType));
    }
    requests.push(id);
  }
  return streamOf("access log", requests, objects);
}
