// Owns the address that a request is counted for: the connection's, or the one that a trusted hop reports. Pure.
import { isIP, isIPv6 } from "node:net";

function plain(address: string): string {
  return address.trim().replace(/^::ffff:(?=\d+\.)/i, "");
}

/** A customer has a whole /64, so counting single addresses would give each one 2^64 quotas. */
function network(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = (address.split("%", 1)[0] ?? "").toLowerCase().split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => "0"), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}

/**
 * `forwardedFor` is X-Forwarded-For, to which each hop appends its peer. It is read from its end while the hop is
 * trusted. Without trusted hops it is ignored, because anyone can send it.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trustedHops: readonly string[],
): string {
  let address = plain(peer ?? "");
  const said = (forwardedFor ?? "").split(",").map(plain);
  while (trustedHops.includes(address)) {
    const before = said.pop();
    if (before === undefined || isIP(before) === 0) break;
    address = before;
  }
  return network(address);
}
