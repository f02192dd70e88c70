// Owns the pages under docs/ that are made from tables in code, so that page and code agree.
import { consequencesOf, type ReasonCode, REASONS } from "../../src/http/law/reasons.ts";
import { REQUEST_FIELD_REASONS } from "../../src/http/message/request-fields.ts";
import { PERSONAL_FIELDS } from "../../src/http/message/personal-fields.ts";
import { HARMLESS_COOKIES, PREVIEW_COOKIES, SESSION_COOKIES, TRACKER_COOKIES } from "../../src/policy/cookie-lists.ts";
import { TRACKING_PARAMETERS } from "../../src/policy/tracking-parameters.ts";

const MADE = "<!-- made by `npm run docs` from the tables in code; edits here are lost -->";

/** File below docs/ -> its text. */
export function pages(): ReadonlyMap<string, string> {
  return new Map([
    ["reasons.md", reasonsPage()],
    ["lists.md", listsPage()],
  ]);
}

function reasonsPage(): string {
  const rows = Object.entries(REASONS).map(([code, means]): string => {
    const consequences = consequencesOf(code as ReasonCode);
    return `| \`${code}\` | ${consequences.fwd ?? ""} | ${means} | ${effects(consequences)} |`;
  });
  return `# Reason codes

${MADE}

Every response has the fate of its request in \`Cache-Status\` (RFC 9211). The \`detail\` parameter has one to three codes, joined by slashes:

1. why the store answered the request, or why it went forward;
2. the tier that answered;
3. how the answer settled.

\`uri-miss/unkeyed-field\` reads: nothing was stored for this URL, and the answer was not stored, because the request had a field
that no key has. The table is \`src/http/law/reasons.ts\`.

A client that sends \`Strata-Debug\` with an admin token that may \`read\` also gets the names of its unkeyed fields:
\`strata; fwd=uri-miss; detail=uri-miss/unkeyed-field; unkeyed="x-odd"\`. The origin never sees that field.

| code | fwd | meaning | consequence |
| --- | --- | --- | --- |
${rows.join("\n")}
`;
}

/** Effects of a code, beside being reported. */
function effects({ ofRequest, makesPrivate, withdraws }: ReturnType<typeof consequencesOf>): string {
  const said = [
    withdraws === "resource" ? "all stored responses of the resource go" : "",
    withdraws === "freshness" ? "the stored response is validated before its next reuse" : "",
    makesPrivate ? "the answer leaves with `private`" : "",
    ofRequest ? "says nothing of the resource" : "",
  ];
  return said.filter((text) => text !== "").join("; ");
}

function listsPage(): string {
  const families = REQUEST_FIELD_REASONS.map(
    ([{ group, names }, why]) => `| ${group} | ${why} | ${quoted(names.split(/\s+/))} |`,
  );
  return `# Lists of names

${MADE}

Strata knows these names without configuration, and the package exports each list. A site adds to a list with the option named here; \`{ only: [...] }\`
in its place replaces a list. \`*\` stands for any characters, and case does not count.

## Request fields

In a fetch that may be stored, each field of the request belongs to a group. A site or a rule moves names with \`fields.drop\` and
\`fields.plain\`, a site also with \`fields.fragments\` and \`fields.credentials\`. If several families name a field, the first counts.
Strata reads \`_\` and every other character that is no letter and no digit as \`-\`.

| group | what happens |
| --- | --- |
| override | removed from every request |
| dropped | removed from a fetch that may be stored; a request that bypasses the cache keeps it |
| on-demand | sent with a fetch that may be stored only where \`Vary\` or a rule names it |
| plain | forwarded, and no reason against storing |
| fragment | keyed as if the answer's \`Vary\` named it |
| credential | counts as \`Authorization\` does |
| any other \`X-...\` | forwarded; the answer is stored only where its \`Vary\` or a rule names the field |
| any other | forwarded and stored over; with \`fields.unknown: "unshared"\` treated as the line above |

| group | why | names |
| --- | --- | --- |
${families.join("\n")}

## Response fields of one person

An answer that carries one is not stored. A site adds with \`fields.personal\`.

${quoted(PERSONAL_FIELDS)}

## Cookies

Strata removes \`__Host-\`, \`__Secure-\` and their kin from a name before it compares the name. Preview, tracker and harmless names count before
session names. A cookie in none of the lists is unknown. A value that looks like a JSON Web Token or a signed identity makes it a session.

**Session** (\`session.cookies\`): ${quoted(SESSION_COOKIES)}

**Preview** (\`session.preview\`): ${quoted(PREVIEW_COOKIES)}

**Harmless** (\`session.harmless\`): ${quoted(HARMLESS_COOKIES)}

**Trackers** (with the harmless ones): ${quoted(TRACKER_COOKIES)}

## Query parameters of trackers

For \`query: { deny: TRACKING_PARAMETERS }\`; not applied by default.

${quoted(TRACKING_PARAMETERS)}
`;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(" ");
}
