// Owns what a host is, with or without a port: as RFC 3986 3.2.2 writes it, without userinfo.

const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

export function isHost(text: string): boolean {
  return HOST.test(text);
}
