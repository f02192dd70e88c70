// Owns password hashing: scrypt, compared in constant time.
import { scrypt, timingSafeEqual } from "node:crypto";

const KEY_BYTES = 32;

function derive(password: string, salt: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

/** The caller passes the salt, so that the demonstration data is the same every time. */
export async function hashPassword(password: string, salt: string): Promise<string> {
  return `${salt}$${(await derive(password, salt)).toString("base64url")}`;
}

// An unknown name costs as much time as a wrong password, so that timing does not reveal which names exist.
const NOBODY = `nobody$${Buffer.alloc(KEY_BYTES).toString("base64url")}`;

export async function passwordMatches(password: string, stored: string | undefined): Promise<boolean> {
  const [salt = "", key = ""] = (stored ?? NOBODY).split("$");
  const expected = Buffer.from(key, "base64url");
  const actual = await derive(password, salt);
  return expected.length === actual.length && timingSafeEqual(expected, actual) && stored !== undefined;
}
