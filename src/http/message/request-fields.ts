// Owns the meaning of request fields to a fetch that may be stored: one table of families.
import { anyPatternTest, words } from "./pattern.ts";

export type FieldGroup =
  /** Removed from every request: it names another host, path, method, address or user than the request has. */
  | "override"
  /** Removed from a fetch that may be stored. A request that passes by the cache keeps it. */
  | "dropped"
  /** Sent with a fetch that may be stored only where the response's `Vary` or a rule asks for it. */
  | "on-demand"
  /** Forwarded, and no reason against storing: origins answer everybody alike, or name it in `Vary`. */
  | "plain"
  /** Keyed as if the response's `Vary` named it: with it, a framework answers with a part of the page. */
  | "fragment"
  /** Counts as Authorization does (RFC 9111 3.5). */
  | "credential"
  /** Any other `X-...` field: forwarded, and then the answer is stored only where its `Vary` names the field. */
  | "unknown-x"
  /** Any other field: forwarded and stored over, unless the site refuses that. */
  | "unknown";

interface FieldFamily {
  readonly group: Exclude<FieldGroup, "unknown-x" | "unknown">;
  /** Lower case, `-` for every character that is no letter and no digit; `*` stands for any characters. */
  readonly names: string;
}

const NEGOTIATION: FieldFamily = {
  group: "plain",
  names:
    "accept accept-charset accept-encoding accept-language alt-used cache-control cdn-loop connection cookie date " +
    "early-data host keep-alive origin pragma priority signature signature-agent signature-input te user-agent via warning " +
    "x-user-agent",
};

const TRACING: FieldFamily = {
  group: "plain",
  names:
    "adrum* amz-sdk-invocation-id amz-sdk-request b3 baggage correlation-context correlation-id eagleeye-* " +
    "elastic-apm-traceparent jaeger-* newrelic ot-baggage-* ot-tracer-* postman-token request-context request-id sentry-* " +
    "singularityheader sw8 sw8-* traceparent tracestate uber-trace-id uberctx-* x-amzn-requestid x-amzn-trace-id " +
    "x-appdynamics* x-b3-* x-client-trace-id x-cloud-trace-context x-correlation-id x-correlationid x-datadog-* x-dtc " +
    "x-dtpc x-dtreferer x-dynatrace* x-honeycomb-trace x-instana-* x-lightstep-* x-ms-client-request-id x-ms-request-id " +
    "x-ms-request-parent-id x-ms-request-root-id x-newrelic-* x-ot-span-context x-parent-span-id x-queue-start " +
    "x-request-id x-request-start x-span-id x-trace x-trace-id x-traceid x-transaction-id x-turbo-request-id",
};

const PROGRAMS: FieldFamily = {
  group: "plain",
  names:
    "apollo-require-preflight apollographql-client-name apollographql-client-version x-abuse-info x-amz-user-agent " +
    "x-apollo-* x-bluecoat-via x-bm-* x-chrome-* x-client-data x-client-info x-do-not-track x-fb-* x-feedly-* " +
    "x-feedreader* x-goog-api-client x-grpc-web x-imforwards x-lighthouse* x-playback-session-id x-silk-* x-superfeedr* " +
    "x-trpc-source",
};

const OTHER_REQUEST: FieldFamily = {
  group: "override",
  names:
    "base-url disguised-host forwarded front-end-https https path-info proxy proxy-host proxy-url redirect-* request-range " +
    "request-uri script-name translate was-default-hostname x-accel-* x-appservice-* x-arr-* x-base-url x-basepath " +
    "x-envoy-* x-forwarded x-forwarded-* x-host x-host-override x-http-* x-https x-invoke-* x-lighttpd-* x-litespeed-* " +
    "x-matched-path x-middleware-* x-next-* x-nextjs-* x-nf-* x-now-* x-opennext-* x-original x-original-* x-override-host " +
    "x-override-url x-path x-pathinfo x-proto x-protocol x-proxy-host x-proxy-url x-request-uri x-request-url x-rewrite " +
    "x-rewrite-* x-scheme x-script-name x-sendfile x-sendfile-* x-server-name x-server-port x-site-deployment-id x-ssl " +
    "x-uri x-url x-url-scheme x-vercel-* x-waws-*",
};

const OTHER_METHOD: FieldFamily = {
  group: "override",
  names: "method-override x-method x-method-override x-requested-method",
};

const CLIENT_ADDRESS: FieldFamily = {
  group: "override",
  names:
    "ali-cdn-real-ip cdn-real-ip cdn-src-ip client-ip client-ip-* http-client-ip incap-client-ip proxy-client-ip remote-* " +
    "true-client-ip wl-proxy-* x-appengine-* x-azure-clientip x-azure-socketip x-client-address x-client-host x-client-ip " +
    "x-cluster-client-ip x-coming-from x-ip x-originating-* x-peer-ip x-proxyuser-ip x-real-* x-remote-* x-source-ip " +
    "x-true-client-* x-user-ip",
};

const GATEWAY_USER: FieldFamily = {
  group: "override",
  names:
    "auth-type auth-user client-cert client-cert-* iv-* oidc-claim-* shib-* sm-* ssl-client-* tailscale-* x-acr " +
    "x-amzn-oidc-* x-anonymous-consumer x-auth-request-* x-authenticated-* x-authentik-* x-client-cert x-client-cert-* " +
    "x-client-dn x-client-verify x-consumer-* x-credential-* x-goog-authenticated-* x-goog-iap-* x-h3g-* " +
    "x-ms-client-principal* x-ms-token-* x-msisdn x-network-info x-nokia-* x-pomerium-* x-shib-* x-ssl-client-* x-uidh " +
    "x-up-calling-line-id x-up-subno x-userinfo x-vouch-* x-webauth-*",
};

const CDN_FACTS: FieldFamily = {
  group: "dropped",
  names:
    "akamai-* cf-* cloudfront-* fastly-* max-forwards surrogate-* x-akamai-* x-amz-cf-* x-azure-* x-ec-* x-esi* x-fd-* " +
    "x-varnish",
};

const PROVENANCE: FieldFamily = {
  group: "dropped",
  names: "from referer referrer x-referer",
};

const OTHER_FORM: FieldFamily = {
  group: "dropped",
  names:
    "a-im access-control-request-* content-* depth destination expect icy-metadata im lock-token negotiate overwrite " +
    "prefer timeout want-content-digest want-digest want-repr-digest",
};

const DEVICE: FieldFamily = {
  group: "dropped",
  names:
    "device-stock-ua profile wap-* x-att-deviceid x-bolt-* x-device-user-agent x-mobile-ua x-operamini-* x-puffin-* " +
    "x-samsung-* x-skyfire-* x-ucbrowser-* x-up-devcap-* x-wap-*",
};

const FORGERY_TOKEN: FieldFamily = {
  group: "dropped",
  names: "csrf-token x-csrf x-csrf-* x-csrftoken x-xsrf-* xsrf-token",
};

const HINTS: FieldFamily = {
  group: "on-demand",
  names:
    "accept-datetime accept-signature amp-cache-transform attribution-reporting-* available-dictionary " +
    "device-memory dictionary-id dnt downlink dpr ect purpose rtt save-data sec-* service-worker ua-* " +
    "upgrade-insecure-requests viewport-height viewport-width width x-moz x-p2p-peerdist* x-purpose",
};

const FRAGMENT: FieldFamily = {
  group: "fragment",
  names:
    "datastar-* faces-request hx-* ic-* next-action next-hmr-refresh next-router-* next-url rsc " +
    "service-worker-navigation-preload trpc-accept turbo-* turbolinks-* wicket-* x-ajax x-alpine-* x-astro-* x-barba* " +
    "x-component x-fragment x-fragment-* x-htmx* x-ic-* x-inertia x-inertia-* x-islands x-laravel-* x-livewire " +
    "x-livewire-* x-nuxt-* x-partial x-partial-* x-phx-* x-pjax x-pjax-* x-qwik-* x-react-router-* x-remix-* " +
    "x-requested-with x-server-function x-solid-* x-spa x-sveltekit-* x-swup* x-tsr-* x-turbo-* x-turbolinks-* x-unpoly-* " +
    "x-up-*",
};

const CREDENTIAL: FieldFamily = {
  group: "credential",
  names:
    "*-api-key *-apikey *-application-key *-credential *-credentials *-password *-secret *-session-id *-sessionid *-token " +
    "accesstoken api-key apikey apitoken auth authentication authorization authtoken cookie2 dpop jwt " +
    "ocp-apim-subscription-key password secret session session-id sessionid token x-access-key x-access-key-* x-account " +
    "x-account-* x-app-key x-auth x-auth-* x-authorization x-authorization-* x-bearer-* x-customer x-customer-* " +
    "x-emby-authorization x-functions-key x-hasura-* x-hub-signature* x-identity x-identity-* x-jwt x-jwt-* x-login " +
    "x-login-* x-member x-member-* x-rapidapi-key x-secret-* x-session x-session-* x-signature x-signature-* " +
    "x-subscription-key x-token-* x-user x-user-* x-userid x-username x-wp-nonce x-zumo-auth",
};

/** If two families name a field, the first counts. */
export const REQUEST_FIELDS: readonly FieldFamily[] = [
  NEGOTIATION,
  TRACING,
  PROGRAMS,
  OTHER_REQUEST,
  OTHER_METHOD,
  CLIENT_ADDRESS,
  GATEWAY_USER,
  CDN_FACTS,
  PROVENANCE,
  OTHER_FORM,
  DEVICE,
  FORGERY_TOKEN,
  HINTS,
  FRAGMENT,
  CREDENTIAL,
];

/** The reason for each family's group, for people. The worker's bundle does without these sentences. */
export const REQUEST_FIELD_REASONS: readonly (readonly [FieldFamily, string])[] = [
  [
    NEGOTIATION,
    "negotiation and names of clients: an origin that acts on them must name them in Vary (RFC 9110 12.5.5)",
  ],
  [TRACING, "tracing: identifies an exchange, not a person or a resource"],
  [PROGRAMS, "names of apps, players, feed readers, crawlers and libraries"],
  [OTHER_REQUEST, "host, scheme or path of another request: an origin would answer for that one"],
  [OTHER_METHOD, "another method than the request has"],
  [CLIENT_ADDRESS, "the client's address, which only the hop before the origin knows"],
  [GATEWAY_USER, "the user as a gateway found it, which a client may not choose"],
  [CDN_FACTS, "facts that a CDN adds about one client or one connection"],
  [PROVENANCE, "where the client comes from, which differs for everybody"],
  [OTHER_FORM, "asks for another form of the answer, which no key holds"],
  [DEVICE, "the device behind a mobile network's proxy; the origin has User-Agent"],
  [FORGERY_TOKEN, "a forgery token, which a safe request does not need"],
  [
    HINTS,
    "client hints, Fetch Metadata and preferences: an origin that acts on them names them in Vary (RFC 8942 3.2)",
  ],
  [FRAGMENT, "a framework asks for a part of the page, or for its data"],
  [CREDENTIAL, "identifies a person or an account, as Authorization does"],
];

/** Additions of a site or of a rule: patterns of names, in any case. They count before the table. */
export interface FieldLists {
  readonly drop?: readonly string[] | undefined;
  readonly plain?: readonly string[] | undefined;
  readonly fragments?: readonly string[] | undefined;
  readonly credentials?: readonly string[] | undefined;
}

/** Field name, in lower case -> its group. */
export type FieldGroups = (name: string) => FieldGroup;

/** Browsers send a few dozen names; an attacker's inventions must not fill the memory. */
const MAX_REMEMBERED = 1000;

/**
 * As gateways read it: CGI makes one variable of `X_Forwarded_Host` and `X-Forwarded-Host`, and some make one of every character that
 * is no letter and no digit.
 */
export function asGatewaysRead(name: string): string {
  return name.replace(/[^a-z0-9]/g, "-");
}

/** Reads the lists, the later ones first, and then the table. The same name always comes to the same group. */
export function fieldGroups(...lists: readonly FieldLists[]): FieldGroups {
  const tests = lists.toReversed().flatMap(({ plain = [], drop, fragments, credentials }) => [
    groupTest("dropped", drop),
    groupTest("credential", credentials),
    groupTest("fragment", fragments),
    groupTest(
      "plain",
      plain.filter((pattern) => !pattern.includes("*")),
    ),
    unguarded(
      groupTest(
        "plain",
        plain.filter((pattern) => pattern.includes("*")),
      ),
    ),
  ]);
  const known = new Map<string, FieldGroup>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const read = asGatewaysRead(name);
    const group = tests.find(({ test }) => test(read))?.group ?? defaultGroup(read);
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(name, group);
    return group;
  };
}

interface GroupTest {
  readonly group: FieldGroup;
  readonly test: (name: string) => boolean;
}

function groupTest(group: FieldGroup, patterns: readonly string[] = []): GroupTest {
  const read = patterns.map((pattern) => pattern.toLowerCase().split("*").map(asGatewaysRead).join("*"));
  return { group, test: anyPatternTest(read) };
}

/** A site's pattern with a star does not reach these groups: `x-*` must not let `X-Forwarded-Host` pass, nor share the answers to `X-Api-Key`. */
const GUARDED: ReadonlySet<FieldGroup> = new Set(["override", "credential", "fragment"]);

function unguarded({ group, test }: GroupTest): GroupTest {
  return { group, test: (name) => test(name) && !GUARDED.has(defaultGroup(name)) };
}

const FAMILIES: readonly GroupTest[] = REQUEST_FIELDS.map(({ group, names }) => groupTest(group, words(names)));

function defaultGroup(read: string): FieldGroup {
  const family = FAMILIES.find(({ test }) => test(read));
  return family?.group ?? (read.startsWith("x-") ? "unknown-x" : "unknown");
}

/** The table alone, for code that does not depend on a site. */
export const DEFAULT_GROUPS: FieldGroups = fieldGroups();
