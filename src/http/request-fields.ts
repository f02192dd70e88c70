// Owns what each request field means to a fetch that may be stored: one table of families, each with its reason.
import { anyPatternTest } from "./pattern.ts";

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
  readonly why: string;
}

/** Of two families that name one field, the first counts. */
export const REQUEST_FIELDS: readonly FieldFamily[] = [
  {
    group: "plain",
    why: "negotiation and names of clients: an origin that acts on them must name them in Vary (RFC 9110 12.5.5)",
    names: `accept accept-charset accept-language accept-encoding user-agent x-user-agent origin cookie cache-control pragma
      priority connection keep-alive te host date warning via cdn-loop signature signature-input signature-agent alt-used
      early-data`,
  },
  {
    group: "plain",
    why: "tracing: identifies an exchange, not a person or a resource",
    names: `traceparent tracestate baggage b3 x-b3-* x-amzn-trace-id x-amzn-requestid x-cloud-trace-context x-datadog-* newrelic
      x-newrelic-* sentry-trace sentry-* uber-trace-id uberctx-* x-ot-span-context ot-tracer-* ot-baggage-* elastic-apm-traceparent
      x-instana-* x-dynatrace* x-dtc x-dtpc x-appdynamics* adrum* singularityheader request-id request-context correlation-context
      correlation-id x-correlation-id x-correlationid x-request-id x-trace x-trace-id x-traceid x-span-id x-parent-span-id
      x-transaction-id x-ms-request-id x-ms-client-request-id x-ms-request-root-id x-ms-request-parent-id x-client-trace-id
      x-honeycomb-trace x-lightstep-* sw8 sw8-* eagleeye-* jaeger-* x-dtreferer x-turbo-request-id
      postman-token x-request-start x-queue-start amz-sdk-invocation-id amz-sdk-request`,
  },
  {
    group: "plain",
    why: "names of apps, players, feed readers, crawlers and libraries",
    names: `apollographql-client-name apollographql-client-version apollo-require-preflight x-apollo-* x-client-data x-client-info
      x-goog-api-client x-amz-user-agent x-playback-session-id x-feedly-* x-feedreader* x-superfeedr* x-fb-* x-bm-* x-lighthouse*
      x-chrome-* x-silk-* x-trpc-source x-abuse-info x-grpc-web x-bluecoat-via x-imforwards x-do-not-track`,
  },
  {
    group: "override",
    why: "host, scheme or path of another request: an origin would answer for that one",
    names: `forwarded x-forwarded x-forwarded-* x-original x-original-* x-rewrite x-rewrite-* x-override-url x-override-host x-host
      x-host-override x-http-* x-proxy-host x-proxy-url x-server-name x-server-port x-url x-url-scheme x-uri x-request-uri x-request-url
      request-uri x-path x-pathinfo path-info x-base-url base-url x-basepath x-script-name script-name x-scheme x-proto x-protocol
      x-ssl x-https https front-end-https x-arr-* x-waws-* x-site-deployment-id x-appservice-* disguised-host
      was-default-hostname x-accel-* x-sendfile x-sendfile-* x-envoy-* x-matched-path x-now-* x-vercel-* x-nf-* x-invoke-*
      x-middleware-* x-nextjs-* x-next-* x-opennext-* x-lighttpd-* x-litespeed-* redirect-* proxy proxy-host proxy-url translate
      request-range`,
  },
  {
    group: "override",
    why: "another method than the request has",
    names: "x-method x-method-override method-override x-requested-method",
  },
  {
    group: "override",
    why: "the client's address, which only the hop before the origin knows",
    names: `client-ip client-ip-* true-client-ip x-true-client-* x-real-* x-client-ip x-client-address x-client-host x-cluster-client-ip
      x-originating-* x-remote-* remote-* x-proxyuser-ip wl-proxy-* proxy-client-ip http-client-ip x-ip x-source-ip x-user-ip
      x-peer-ip x-coming-from incap-client-ip ali-cdn-real-ip cdn-src-ip cdn-real-ip x-appengine-* x-azure-clientip x-azure-socketip`,
  },
  {
    group: "override",
    why: "the user as a gateway found it, which a client may not choose",
    names: `auth-user auth-type x-auth-request-* x-authenticated-* x-webauth-* x-goog-authenticated-* x-goog-iap-* x-amzn-oidc-*
      x-ms-client-principal* x-ms-token-* x-authentik-* x-pomerium-* x-consumer-* x-credential-* x-anonymous-consumer x-userinfo
      x-shib-* shib-* sm-user sm-* iv-user iv-* oidc-claim-* x-vouch-* tailscale-* client-cert client-cert-* x-client-cert
      x-client-cert-* x-client-dn x-client-verify x-ssl-client-* ssl-client-* x-msisdn x-nokia-* x-h3g-* x-up-subno
      x-up-calling-line-id x-uidh x-acr x-network-info`,
  },
  {
    group: "dropped",
    why: "facts that a CDN adds about one client or one connection",
    names: `cf-* fastly-* akamai-* x-akamai-* x-azure-* x-fd-* cloudfront-* x-amz-cf-* x-ec-* x-varnish surrogate-* x-esi* max-forwards`,
  },
  {
    group: "dropped",
    why: "where the client comes from, which differs for everybody",
    names: "referer referrer x-referer from",
  },
  {
    group: "dropped",
    why: "asks for another form of the answer, which no key holds",
    names: `prefer expect a-im im negotiate depth destination overwrite lock-token timeout want-digest want-repr-digest
      want-content-digest icy-metadata content-* access-control-request-*`,
  },
  {
    group: "dropped",
    why: "the device behind a mobile network's proxy; the origin has User-Agent",
    names: `x-device-user-agent x-mobile-ua x-operamini-* x-ucbrowser-* x-puffin-* x-bolt-* x-skyfire-* x-wap-* wap-* profile x-up-devcap-*
      device-stock-ua x-att-deviceid x-samsung-*`,
  },
  {
    group: "dropped",
    why: "a forgery token, which a safe request does not need",
    names: "x-csrf-token x-csrftoken x-csrf x-csrf-* x-xsrf-token x-xsrf-* csrf-token xsrf-token",
  },
  {
    group: "on-demand",
    why: "client hints, Fetch Metadata and preferences: an origin that acts on them names them in Vary (RFC 8942 3.2)",
    names: `sec-* dpr width viewport-width viewport-height device-memory downlink ect rtt save-data content-dpr dnt purpose x-purpose x-moz
      upgrade-insecure-requests amp-cache-transform accept-signature accept-datetime available-dictionary dictionary-id
      service-worker attribution-reporting-* ua-* x-p2p-peerdist*`,
  },
  {
    group: "fragment",
    why: "a framework asks for a part of the page, or for its data",
    names: `rsc next-router-* next-url next-action next-hmr-refresh hx-* x-inertia x-inertia-* turbo-* x-turbo-* x-turbolinks-* turbolinks-*
      x-requested-with x-pjax x-pjax-* x-react-router-* x-remix-* x-nuxt-* x-sveltekit-* x-qwik-* x-livewire x-livewire-* x-up-*
      x-unpoly-* x-swup* x-barba* x-alpine-* x-ajax x-ic-* ic-* datastar-* x-fragment x-fragment-* x-partial x-partial-* x-spa
      x-astro-* x-solid-* x-server-function x-tsr-* x-phx-* x-htmx* wicket-* faces-request x-laravel-* x-component x-islands trpc-accept
      service-worker-navigation-preload`,
  },
  {
    group: "credential",
    why: "identifies a person or an account, as Authorization does",
    names: `authorization x-authorization x-authorization-* x-auth x-auth-* auth-token x-api-key x-apikey x-api-token x-api-secret api-key
      apikey x-access-key x-access-key-* x-access-token access-token x-token x-token-* token x-id-token id-token x-refresh-token
      x-session x-session-* x-sessionid session-id x-jwt x-jwt-* jwt x-bearer-* x-user x-user-* x-userid x-username x-account
      x-account-* x-customer x-customer-* x-member x-member-* x-identity x-identity-* x-login x-login-* x-password x-secret x-secret-*
      x-signature x-signature-* x-hub-signature* x-client-secret x-client-token x-app-token x-app-key x-application-key
      x-subscription-key ocp-apim-subscription-key x-functions-key x-amz-security-token x-amz-access-token x-goog-api-key
      x-shopify-access-token x-shopify-storefront-access-token x-gitlab-token private-token job-token x-github-token x-vault-token
      x-consul-token x-figma-token x-parse-session-token x-parse-rest-api-key x-algolia-api-key x-hasura-* x-magento-token x-wp-nonce
      x-postmark-server-token x-rapidapi-key x-riot-token x-plex-token x-emby-token x-emby-authorization x-mediabrowser-token
      x-zumo-auth dpop cookie2 auth authentication session sessionid password secret jwt-token authtoken accesstoken apitoken *-token
      *-api-key *-apikey *-application-key *-secret *-password *-credential *-credentials *-session-id *-sessionid`,
  },
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

/** Of these the site must name each one that it means: `x-*` must not let `X-Forwarded-Host` pass, nor share what `X-Api-Key` gets. */
const GUARDED: ReadonlySet<FieldGroup> = new Set(["override", "credential", "fragment"]);

function unguarded({ group, test }: GroupTest): GroupTest {
  return { group, test: (name) => test(name) && !GUARDED.has(defaultGroup(name)) };
}

const FAMILIES: readonly GroupTest[] = REQUEST_FIELDS.map(({ group, names }) => groupTest(group, names.split(/\s+/)));

function defaultGroup(read: string): FieldGroup {
  const family = FAMILIES.find(({ test }) => test(read));
  return family?.group ?? (read.startsWith("x-") ? "unknown-x" : "unknown");
}

/** The table alone, for what does not depend on a site. */
export const DEFAULT_GROUPS: FieldGroups = fieldGroups();
