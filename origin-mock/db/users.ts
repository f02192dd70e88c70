// Owns the SQL about people: who they are, how they sign in, what they pay with.
import type { Queryable } from "./port.ts";

export type Profile = { readonly username: string; readonly display_name: string; readonly email: string };
export type PaymentMethod = { readonly kind: string; readonly label: string; readonly expires: string };

export const findProfile = async (db: Queryable, username: string): Promise<Profile | undefined> => {
  const [row] = await db.query("SELECT username, display_name, email FROM users WHERE username = $1", [username]);
  if (row === undefined) return undefined;
  return {
    username: String(row["username"]),
    display_name: String(row["display_name"]),
    email: String(row["email"]),
  };
};

export const findPasswordHash = async (db: Queryable, username: string): Promise<string | undefined> => {
  const [row] = await db.query("SELECT password_hash FROM users WHERE username = $1", [username]);
  const hash = row?.["password_hash"];
  return typeof hash === "string" ? hash : undefined;
};

export const listPaymentMethods = async (db: Queryable, username: string): Promise<readonly PaymentMethod[]> => {
  const sql = "SELECT kind, label, expires FROM payment_methods WHERE username = $1 ORDER BY id";
  return (await db.query(sql, [username])).map((row) => ({
    kind: String(row["kind"]),
    label: String(row["label"]),
    expires: String(row["expires"]),
  }));
};
