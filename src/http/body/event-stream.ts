// Owns which answers go on for as long as somebody listens: they are passed on as they come, and nobody waits for their end.
import { type FieldReader, trimOws } from "../message/fields.ts";

/** Server-sent events, and pictures that replace each other. */
const ENDLESS: ReadonlySet<string> = new Set(["text/event-stream", "multipart/x-mixed-replace"]);

export function isEndless(field: FieldReader): boolean {
  const [type = ""] = (field("content-type") ?? "").split(";", 1);
  return ENDLESS.has(trimOws(type).toLowerCase());
}
