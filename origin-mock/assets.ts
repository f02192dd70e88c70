// Owns the asset manifest: reads each file once, names it by its content, and writes that name into the files that use it.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import german from "./data/page.de.json" with { type: "json" };
import english from "./data/page.en.json" with { type: "json" };
import french from "./data/page.fr.json" with { type: "json" };
import type { Locale } from "./catalogue/locale.ts";

export interface Asset {
  readonly hash: string;
  readonly contentType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}
/** The page has one variant per language and device: its words, and how many products it asks for at a time. */
export interface ShellVariant {
  readonly locale: Locale;
  readonly mobile: boolean;
}
export interface Assets {
  readonly byHashedName: ReadonlyMap<string, Asset>;
  /** "shop.css" -> "shop.1a2b3c4d5e6f.css" */
  readonly manifest: ReadonlyMap<string, string>;
  readonly shell: (variant: ShellVariant) => string;
}

/** The words of the page. {braces} in them are filled in by its scripts. */
const TEXTS: Readonly<Record<Locale, typeof english>> = { en: english, de: german, fr: french };

const FOLDER = new URL("./assets/", import.meta.url);
const SCRIPT = "text/javascript; charset=utf-8";
// Each file stands after the files it names, because its own name is a hash that covers theirs.
const FILES = [
  { name: "mark.svg", contentType: "image/svg+xml" },
  { name: "shop.css", contentType: "text/css; charset=utf-8" },
  { name: "page.js", contentType: SCRIPT },
  { name: "products.js", contentType: SCRIPT },
  { name: "cart.js", contentType: SCRIPT },
  { name: "account.js", contentType: SCRIPT },
  { name: "shop.js", contentType: SCRIPT },
] as const;

/** A telephone shows one column, which half the products already fill several times over. */
const LIMITS = { desktop: 24, mobile: 12 } as const;

function hashedName(name: string, hash: string): string {
  const dot = name.lastIndexOf(".");
  return `${name.slice(0, dot)}.${hash}${name.slice(dot)}`;
}

const IMPORT = /(?<=\bfrom "\.\/)[\w-]+\.js(?=")/g;

function known<T>(names: ReadonlyMap<string, T>, name: string, user: string): T {
  const found = names.get(name);
  if (found === undefined) throw new Error(`${user} asks for ${name}, which is not known there`);
  return found;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function fillShell(template: string, manifest: Assets["manifest"], { locale, mobile }: ShellVariant): string {
  const texts = TEXTS[locale];
  const values = new Map<string, string>([
    ["locale", locale],
    ["limit", String(mobile ? LIMITS.mobile : LIMITS.desktop)],
    // Inside a script element, HTML reads only `</script` and `<!--` as markup.
    ["texts", JSON.stringify(texts).replaceAll("<", "\\u003c")],
    ...Object.entries(texts).map(([name, text]) => [`text.${name}`, escapeHtml(text)] as const),
    ...[...manifest].map(([name, hashed]) => [`asset.${name}`, `/static/${hashed}`] as const),
  ]);
  return template.replace(/\{\{([\w.-]+)\}\}/g, (_, name: string) => known(values, name, "index.html"));
}

export async function loadAssets(): Promise<Assets> {
  const manifest = new Map<string, string>();
  const byHashedName = new Map<string, Asset>();
  for (const { name, contentType } of FILES) {
    const read = await readFile(new URL(name, FOLDER));
    const linked =
      contentType === SCRIPT ? read.toString().replace(IMPORT, (each) => known(manifest, each, name)) : read;
    const bytes = new Uint8Array(Buffer.from(linked));
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
    manifest.set(name, hashedName(name, hash));
    byHashedName.set(hashedName(name, hash), { hash, contentType, bytes });
  }
  const template = await readFile(new URL("index.html", FOLDER), "utf8");
  return { byHashedName, manifest, shell: (variant) => fillShell(template, manifest, variant) };
}
