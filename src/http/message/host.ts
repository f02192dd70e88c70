// Owns hosts, with or without a port, and their one spelling: as RFC 3986 3.2.2 writes it, without userinfo.

/** No label is empty, except the root's. */
const HOST = /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;
const ROOT = /\.(?=:\d+$|$)/;

export function isHost(text: string): boolean {
  return HOST.test(text);
}

/**
 * `shop.test.` is `shop.test`: the dot says that the name is complete, which in a URL it is (RFC 3986 3.2.2, 6.2.3). `host`: as a URL
 * parser writes it, in lower case and without its scheme's own port.
 */
export function canonicalHost(host: string): string {
  return host.includes(".") ? host.replace(ROOT, "") : host;
}
