// Owns requests as known clients send them: field for field, cookies apart. For tests of what a guard costs an honest site.

export type Fields = Readonly<Record<string, string>>;

const CHROME: Fields = {
  "sec-ch-ua": '"Chromium";v="146", "Google Chrome";v="146", "Not)A;Brand";v="24"',
  "sec-ch-ua-mobile": "?0",
  "sec-ch-ua-platform": '"Windows"',
  "user-agent":
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36",
  "accept-encoding": "gzip, deflate, br, zstd",
  "accept-language": "en-US,en;q=0.9",
};
const PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8";
const FIREFOX: Fields = {
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
  "accept-language": "de,en-US;q=0.7,en;q=0.3",
  "accept-encoding": "gzip, deflate, br, zstd",
};
const SAFARI: Fields = {
  "user-agent":
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1",
  "accept-language": "en-GB,en;q=0.9",
  "accept-encoding": "gzip, deflate, br",
};
const metadata = (dest: string, mode: string, site: string): Fields => ({
  "sec-fetch-dest": dest,
  "sec-fetch-mode": mode,
  "sec-fetch-site": site,
});

/** Browsers, and the ways in which they load. */
const BROWSERS: Readonly<Record<string, Fields>> = {
  "Chrome, a page": {
    ...CHROME,
    ...metadata("document", "navigate", "none"),
    accept: PAGE,
    "sec-fetch-user": "?1",
    "upgrade-insecure-requests": "1",
    priority: "u=0, i",
    dnt: "1",
    "sec-gpc": "1",
  },
  "Chrome, a page reached by a link": {
    ...CHROME,
    ...metadata("document", "navigate", "cross-site"),
    accept: PAGE,
    referer: "https://search.example/",
    "upgrade-insecure-requests": "1",
  },
  "Chrome, a script": {
    ...CHROME,
    ...metadata("script", "no-cors", "same-origin"),
    accept: "*/*",
    referer: "https://shop.test/",
  },
  "Chrome, a picture": {
    ...CHROME,
    ...metadata("image", "no-cors", "same-origin"),
    accept: "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    referer: "https://shop.test/",
    priority: "i",
  },
  "Chrome, fetch()": {
    ...CHROME,
    ...metadata("empty", "cors", "same-origin"),
    accept: "application/json",
    referer: "https://shop.test/list",
    priority: "u=1, i",
  },
  "Chrome, fetch() from another site": {
    ...CHROME,
    ...metadata("empty", "cors", "cross-site"),
    accept: "*/*",
    origin: "https://partner.example",
    referer: "https://partner.example/",
  },
  "Chrome, a prefetch": {
    ...CHROME,
    ...metadata("document", "navigate", "same-origin"),
    accept: PAGE,
    purpose: "prefetch",
    "sec-purpose": "prefetch",
    "sec-speculation-tags": "null",
  },
  "Chrome, a prerender": {
    ...CHROME,
    ...metadata("document", "navigate", "same-origin"),
    accept: PAGE,
    "sec-purpose": "prefetch;prerender",
  },
  "Chrome on Android, saving data": {
    ...CHROME,
    ...metadata("document", "navigate", "none"),
    accept: PAGE,
    "save-data": "on",
    "device-memory": "4",
    dpr: "2.6",
    "viewport-width": "412",
    ect: "4g",
    rtt: "100",
    downlink: "1.45",
    "sec-ch-prefers-color-scheme": "dark",
    "x-requested-with": "com.example.reader",
  },
  "Firefox, a page": {
    ...FIREFOX,
    ...metadata("document", "navigate", "none"),
    accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "sec-fetch-user": "?1",
    "upgrade-insecure-requests": "1",
    priority: "u=0, i",
    te: "trailers",
    connection: "keep-alive",
  },
  "Firefox, over an alternative service": { ...FIREFOX, accept: "*/*", "alt-used": "shop.test", "early-data": "1" },
  "Chrome, with a dictionary for compression": {
    ...CHROME,
    accept: "*/*",
    "available-dictionary": ":pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=:",
    "attribution-reporting-support": "web",
  },
  "Internet Explorer": { accept: "*/*", "ua-cpu": "AMD64", "x-p2p-peerdist": "Version=1.1" },
  "Turbo, a page": { ...CHROME, accept: "text/html", "x-turbo-request-id": "0a1b2c3d-0000-1111-2222-333344445555" },
  "Firefox, a prefetch": { ...FIREFOX, accept: "*/*", "x-moz": "prefetch", "sec-purpose": "prefetch" },
  "Safari, a page": {
    ...SAFARI,
    ...metadata("document", "navigate", "none"),
    accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    priority: "u=0, i",
  },
  "Safari, a preview of a link": { ...SAFARI, accept: "*/*", "x-purpose": "preview" },
  "Safari, a recording": { ...SAFARI, accept: "*/*", "x-playback-session-id": "0A1B2C3D-0000-1111-2222-333344445555" },
  "Opera Mini behind its proxy": {
    "user-agent": "Opera/9.80 (Android; Opera Mini/36.2/191.273; U; en) Presto/2.12.423 Version/12.16",
    accept: "text/html, application/xml;q=0.9, application/xhtml+xml, image/png, */*;q=0.1",
    "x-operamini-features": "advanced, camera, file_system, folding",
    "x-operamini-phone-ua": "Mozilla/5.0 (Linux; Android 10)",
    "x-operamini-route": "-2",
    "x-forwarded-for": "198.51.100.7",
    "x-wap-profile": "http://wap.example/uaprof.xml",
  },
};

/** Other clients: tools, readers, crawlers, libraries, also with tracing agents in them. */
const PROGRAMS: Readonly<Record<string, Fields>> = {
  curl: { "user-agent": "curl/8.17.0", accept: "*/*" },
  wget: { "user-agent": "Wget/1.25.0", accept: "*/*", "accept-encoding": "identity", connection: "Keep-Alive" },
  "VLC and ffmpeg": { "user-agent": "Lavf/62.3.100", accept: "*/*", "icy-metadata": "1", connection: "close" },
  "a feed reader": {
    "user-agent": "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 12 subscribers)",
    accept: "application/atom+xml, application/rss+xml, text/xml;q=0.8",
    "a-im": "feed",
    "x-feedly-processor": "pool-1",
    "cache-control": "max-age=3600",
  },
  Googlebot: {
    "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    accept: PAGE,
    from: "googlebot(at)googlebot.com",
    "amp-cache-transform": 'google;v="1..8"',
    "accept-encoding": "gzip, deflate, br",
  },
  Bingbot: {
    "user-agent": "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    from: "bingbot(at)microsoft.com",
    accept: "*/*",
    pragma: "x",
  },
  "a crawler that signs": {
    "user-agent": "Mozilla/5.0 (compatible; ChatGPT-User/1.0)",
    "signature-agent": '"https://chatgpt.com"',
    "signature-input": 'sig1=("@authority");created=1735689600;keyid="x";tag="web-bot-auth"',
    signature: "sig1=:AAAA:",
  },
  "Facebook's preview": { "user-agent": "facebookexternalhit/1.1", accept: "*/*", "x-fb-crawlerbot": "1" },
  "Python requests": { "user-agent": "python-requests/2.32.5", "accept-encoding": "gzip, deflate", accept: "*/*" },
  "Node's fetch with OpenTelemetry": {
    "user-agent": "node",
    accept: "*/*",
    "sec-fetch-mode": "cors",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    tracestate: "vendor=1",
    baggage: "service=checkout",
  },
  "Java with Datadog": {
    "user-agent": "okhttp/5.3.0",
    "x-datadog-trace-id": "1234567890",
    "x-datadog-parent-id": "987654321",
    "x-datadog-sampling-priority": "1",
    "x-datadog-tags": "_dd.p.dm=-1",
  },
  "Go with Zipkin": {
    "user-agent": "Go-http-client/2.0",
    b3: "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1",
    "x-b3-traceid": "80f1",
  },
  ".NET with Application Insights": {
    "request-id": "|abc.def.",
    "request-context": "appId=cid-v1:x",
    "x-ms-client-request-id": "1",
    "correlation-context": "a=b",
  },
  "Ruby with New Relic": {
    "user-agent": "Faraday v2.14",
    newrelic: "eyJ2IjpbMCwxXX0=",
    "x-newrelic-id": "x",
    "x-newrelic-transaction": "y",
  },
  "a page with Sentry": {
    ...CHROME,
    "sentry-trace": "d4cda95b652f4a1592b449d5929fda1b-6e0c63257de34c92",
    baggage: "sentry-release=1",
  },
  "an Amazon load balancer in between": {
    "user-agent": "x",
    "x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678",
    "x-forwarded-for": "198.51.100.7",
    "x-forwarded-port": "443",
    "x-forwarded-proto": "https",
  },
  "a CDN in between": {
    "user-agent": "Amazon CloudFront",
    via: "2.0 abc.cloudfront.net (CloudFront)",
    "x-amz-cf-id": "x",
    "cloudfront-viewer-country": "DE",
    "cf-ray": "8f1-FRA",
    "cf-connecting-ip": "198.51.100.7",
    "cdn-loop": "cloudflare",
    "fastly-client-ip": "198.51.100.7",
  },
  Postman: { "user-agent": "PostmanRuntime/7.49.0", accept: "*/*", "postman-token": "0a1b2c3d-0000-1111" },
  "a tRPC client": { "user-agent": "node", accept: "*/*", "x-trpc-source": "nextjs-react" },
  "a GraphQL client": {
    accept: "application/graphql-response+json",
    "apollographql-client-name": "web",
    "x-apollo-operation-name": "Q",
  },
  "an app with forgery tokens": { ...CHROME, "x-csrf-token": "abc", "x-xsrf-token": "abc" },
  "a monitor": { "user-agent": "Pingdom.com_bot_version_1.4", accept: "*/*", pragma: "keep", "x-correlation-id": "1" },
};

export const CLIENTS: readonly (readonly [string, Fields])[] = [
  ...Object.entries(BROWSERS),
  ...Object.entries(PROGRAMS),
];
