// Owns the scope of a token: it compares the token's patterns with canonical targets. A token bound to hosts may purge nothing that names no host.
import type { Target } from "../http/targets/target.ts";
import { anyPatternTest } from "../http/message/pattern.ts";
import type { Grant } from "./tokens.ts";

/** Why the token may not purge this; `undefined` where it may. */
export type Refusal = (target: Target) => string | undefined;

export function scopeOf({ actions, tags, hosts, prefixes }: Grant): Refusal {
  const isBound = tags !== undefined || hosts !== undefined || prefixes !== undefined;
  const allowsTag = tags && anyPatternTest(tags);
  const allowsHost = hosts && anyPatternTest(hosts);
  const within = (place: string): boolean => prefixes?.some((prefix) => place.startsWith(prefix)) ?? false;
  const allowsPlace = (place: string): boolean => (allowsHost?.(hostIn(place)) ?? false) || within(place);
  return (target) => {
    // the prefix / on every host is another spelling of everything
    if (target.kind === "everything" || (target.kind === "prefix" && target.value === "/")) {
      if (isBound) return "this token is bound to tags, hosts or prefixes";
      return actions.includes("everything") ? undefined : "this token may not purge everything";
    }
    if (!actions.includes("purge")) return "this token may not purge";
    return isBound ? whyNot(target) : undefined;
  };

  function whyNot({ kind, value }: Target): string | undefined {
    switch (kind) {
      case "tag":
      case "group":
        return allowsTag?.(value) ? undefined : "this token may not purge this tag";
      case "host":
      case "browsers":
        if (value === "") return "this token is bound to hosts, and this names none";
        return allowsHost?.(value) ? undefined : "this token may not purge this host";
      case "url":
        return allowsPlace(value.replace(/^https?:\/\//, "")) ? undefined : "this token may not purge this URL";
      case "path":
      case "prefix":
        if (value.startsWith("/")) return "this token is bound to hosts, and this names none";
        return allowsPlace(value) ? undefined : `this token may not purge this ${kind}`;
      case "everything":
        return "this token may not purge everything";
    }
  }
}

function hostIn(place: string): string {
  return place.split("/", 1)[0] ?? "";
}
