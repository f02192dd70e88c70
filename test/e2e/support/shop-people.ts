// Owns the people of the shop in tests: they visit a page, sign in, change a price.
import { ask, type Seen } from "./asking.ts";
import type { Fields } from "./shop-mistakes.ts";

const JSON_FIELDS = { "content-type": "application/json" } as const;

export const bearer = (user: "alice" | "bob" | "admin"): Fields => ({ authorization: `Bearer ${user}-token` });

export const jsonOf = ({ body }: Pick<Seen, "body">): Readonly<Record<string, unknown>> => {
  const value: unknown = JSON.parse(Buffer.from(body, "latin1").toString());
  if (typeof value !== "object" || value === null) throw new Error("the body is no object");
  return Object.fromEntries(Object.entries(value));
};

/** The Cookie field of who has signed in. */
export async function signIn(url: string, username: "alice" | "bob", fields: Fields = {}): Promise<string> {
  const content = JSON.stringify({ username, password: `${username}-password` });
  const { status, fields: answered } = await ask(
    `${url}/api/login`,
    { method: "POST", headers: { ...JSON_FIELDS, ...fields } },
    content,
  );
  if (status !== 200) throw new Error(`${username} could not sign in: ${String(status)}`);
  const sid = answered["set-cookie"]
    ?.map((cookie) => cookie.split(";")[0] ?? "")
    .find((cookie) => cookie.startsWith("sid="));
  if (sid === undefined) throw new Error("no session was started");
  return sid;
}

export const sessionOf = async (url: string, username: "alice" | "bob"): Promise<Fields> => ({
  cookie: await signIn(url, username),
});

export async function priceAt(url: string, id: number, fields: Fields = {}): Promise<unknown> {
  return jsonOf(await ask(`${url}/api/products/${id}`, { headers: fields }))["price_cents"];
}

/** Resolves to the event of the change. */
export async function changePrice(url: string, id: number, priceCents: number): Promise<string> {
  const answer = await ask(
    `${url}/api/products/${id}`,
    { method: "PUT", headers: { ...JSON_FIELDS, ...bearer("admin") } },
    JSON.stringify({ price_cents: priceCents }),
  );
  if (answer.status !== 200) throw new Error(`the price could not be changed: ${answer.body}`);
  const event = /"event":"([^"]+)"/.exec(answer.body)?.[1];
  if (event === undefined) throw new Error(`no event was queued: ${answer.body}`);
  return event;
}
