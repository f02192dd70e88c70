// Proves whom a request is counted for: nobody can choose their own address, and nobody has 2^64 of them.
import { expect, test } from "vitest";
import { clientAddress } from "../../../origin-mock/gateway/client-address.ts";

const EDGE = ["127.0.0.1", "::1"];

test.each([
  ["203.0.113.9", undefined, [], "203.0.113.9"],
  ["203.0.113.9", "10.0.0.1", [], "203.0.113.9"],
  ["127.0.0.1", "10.0.0.1", [], "127.0.0.1"],
  ["203.0.113.9", "10.0.0.1", EDGE, "203.0.113.9"],
  ["127.0.0.1", "198.51.100.7", EDGE, "198.51.100.7"],
  ["::ffff:127.0.0.1", "198.51.100.7", EDGE, "198.51.100.7"],
  // The client's own claim comes first, the hop's word on the client last.
  ["127.0.0.1", "6.6.6.6, 198.51.100.7", EDGE, "198.51.100.7"],
  ["127.0.0.1", "198.51.100.7, ::1", EDGE, "198.51.100.7"],
  ["127.0.0.1", "unknown", EDGE, "127.0.0.1"],
  ["127.0.0.1", "", EDGE, "127.0.0.1"],
  ["127.0.0.1", undefined, EDGE, "127.0.0.1"],
  [undefined, "198.51.100.7", EDGE, ""],
  ["2001:db8:1:2:3:4:5:6", undefined, [], "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::6", undefined, [], "2001:db8:1:2::/64"],
  ["2001:db8::6", undefined, [], "2001:db8:0:0::/64"],
  ["fe80::1%eth0", undefined, [], "fe80:0:0:0::/64"],
  ["::", undefined, [], "0:0:0:0::/64"],
])("%s, forwarded for %s, trusting %o: %s", (peer, forwardedFor, trusted, expected) => {
  expect(clientAddress(peer, forwardedFor, trusted)).toBe(expected);
});
