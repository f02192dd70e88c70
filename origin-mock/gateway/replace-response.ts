// Owns putting another response in the place of a route's.
import type { Context } from "hono";

/** Hono adds the headers of the old response to those of the new one, unless there is no old one. */
export const replaceResponse = (c: Context, response: Response): void => {
  c.res = undefined;
  c.res = response;
};
