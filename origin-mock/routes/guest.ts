// Owns the cookie that names a guest's cart.
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { CART_COOKIE, CART_IDLE_MS } from "../cart/carts.ts";

// Keeps the cookie off pages, assets and media, which are the same for every cart.
const PATH = "/api";
/** The shop's own format, so that nobody can share a cart by choosing a name for it. */
const GUEST_ID = /^[\w-]{43}$/;

export function guestIdOf(c: Context): string | undefined {
  const id = getCookie(c, CART_COOKIE);
  return id !== undefined && GUEST_ID.test(id) ? id : undefined;
}

/** Expires with the cart, counted from now. */
export function rememberGuest(c: Context, id: string): void {
  return setCookie(c, CART_COOKIE, id, {
    path: PATH,
    httpOnly: true,
    sameSite: "Lax",
    secure: c.req.header("X-Forwarded-Proto") === "https",
    maxAge: CART_IDLE_MS / 1_000,
  });
}

export function forgetGuest(c: Context): void {
  deleteCookie(c, CART_COOKIE, { path: PATH });
}
