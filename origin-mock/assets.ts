// Owns the asset manifest: reads the files once, names each by its content, and fills those names into the shell.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

export type Asset = {
  readonly hash: string;
  readonly contentType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
};
export type Assets = {
  readonly byHashedName: ReadonlyMap<string, Asset>;
  /** "shop.css" -> "shop.1a2b3c4d5e6f.css" */
  readonly manifest: ReadonlyMap<string, string>;
  readonly shell: string;
};

const FOLDER = new URL("./assets/", import.meta.url);
const FILES = [
  { name: "shop.css", contentType: "text/css; charset=utf-8" },
  { name: "shop.js", contentType: "text/javascript; charset=utf-8" },
  { name: "mark.svg", contentType: "image/svg+xml" },
] as const;

const hashedName = (name: string, hash: string): string => {
  const dot = name.lastIndexOf(".");
  return `${name.slice(0, dot)}.${hash}${name.slice(dot)}`;
};

export const loadAssets = async (): Promise<Assets> => {
  const manifest = new Map<string, string>();
  const byHashedName = new Map<string, Asset>();
  for (const { name, contentType } of FILES) {
    const bytes = new Uint8Array(await readFile(new URL(name, FOLDER)));
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
    manifest.set(name, hashedName(name, hash));
    byHashedName.set(hashedName(name, hash), { hash, contentType, bytes });
  }
  const template = await readFile(new URL("index.html", FOLDER), "utf8");
  const shell = template.replace(/\{\{([\w.]+)\}\}/g, (_, name: string) => {
    const hashed = manifest.get(name);
    if (hashed === undefined) throw new Error(`index.html asks for ${name}, which is not an asset`);
    return `/static/${hashed}`;
  });
  return { byHashedName, manifest, shell };
};
