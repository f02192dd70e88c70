// Owns reading an argument that names an origin: scheme, host and port, nothing more.
import { InvalidArgumentError } from "commander";

export function originUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:\/\//i.test(text)) throw new InvalidArgumentError("Expected http(s)://HOST.");
  if (url.username !== "" || url.password !== "") throw new InvalidArgumentError("It must not carry credentials.");
  if (/[?#]/.test(text)) throw new InvalidArgumentError("It must not carry a query or a fragment.");
  if (url.pathname !== "/") throw new InvalidArgumentError("It must not carry a path.");
  return url.origin;
}
