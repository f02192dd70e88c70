// Owns the SQL of people: profiles, password hashes and payment methods.
import { parseProfile, type Profile, type ProfileChanges } from "../catalogue/profile.ts";
import { type Queryable, rowAs, statement } from "./port.ts";

/** `conflict`: the profile is no longer the expected version. Neither it nor `missing` has changed anything. */
export type ProfileChange =
  | { readonly kind: "updated"; readonly profile: Profile }
  | { readonly kind: "conflict" }
  | { readonly kind: "missing" };
export interface PaymentMethod {
  readonly kind: string;
  readonly label: string;
  readonly expires: string;
}

const FIND = statement("profile-find", "SELECT username, display_name, email, version FROM users WHERE username = $1");
const UPDATE = statement(
  "profile-update",
  `UPDATE users SET display_name = coalesce($3::text, display_name), email = coalesce($4::text, email),
    version = version + 1 WHERE username = $1 AND version = $2 RETURNING username, display_name, email, version`,
);
const PASSWORD_HASH = statement("user-password-hash", "SELECT password_hash FROM users WHERE username = $1");
const PAYMENT_METHODS = statement(
  "payment-methods",
  "SELECT kind, label, expires FROM payment_methods WHERE username = $1 ORDER BY id",
);

export async function findProfile(db: Queryable, username: string): Promise<Profile | undefined> {
  const [row] = await db.query(FIND, [username]);
  return row === undefined ? undefined : rowAs("profile", parseProfile, row);
}

export async function updateProfile(
  tx: Queryable,
  username: string,
  expectedVersion: number,
  { display_name = null, email = null }: { readonly [Name in keyof ProfileChanges]: ProfileChanges[Name] | null },
): Promise<ProfileChange> {
  const [row] = await tx.query(UPDATE, [username, expectedVersion, display_name, email]);
  if (row !== undefined) return { kind: "updated", profile: rowAs("profile", parseProfile, row) };
  return { kind: (await tx.query(FIND, [username])).length === 0 ? "missing" : "conflict" };
}

export async function findPasswordHash(db: Queryable, username: string): Promise<string | undefined> {
  const [row] = await db.query(PASSWORD_HASH, [username]);
  const hash = row?.["password_hash"];
  return typeof hash === "string" ? hash : undefined;
}

export async function listPaymentMethods(db: Queryable, username: string): Promise<readonly PaymentMethod[]> {
  return (await db.query(PAYMENT_METHODS, [username])).map((row) => ({
    kind: String(row["kind"]),
    label: String(row["label"]),
    expires: String(row["expires"]),
  }));
}
