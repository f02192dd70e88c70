// Owns the choice of the rule for a path: the first that matches, else the site's default.
import type { Rule, Site } from "./define.ts";

export function ruleFor(site: Site, path: string): Rule {
  return site.rules.find(({ matches }) => matches(path)) ?? site.defaultRule;
}
