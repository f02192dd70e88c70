// Owns the short addresses under which the colo and global tiers store keys of any length.
import type { CacheKey } from "../http/select/key.ts";

/** SHA-256 of the key in 64 hexadecimal digits: KV allows 512 bytes, a URL 16 KB, a key may be longer. */
export async function addressOf(key: CacheKey): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  let text = "";
  for (const byte of new Uint8Array(digest)) text += byte.toString(16).padStart(2, "0");
  return text;
}
