// Owns the schema's history: numbered SQL files, each run once, in order, in one transaction.
import { readdir, readFile } from "node:fs/promises";
import type { Database } from "./port.ts";

const FOLDER = new URL("./migrations/", import.meta.url);
// Two shops that start on one server take turns. Any number will do, as long as both use the same.
export const SETUP_LOCK = "SELECT pg_advisory_xact_lock(7305510)";

/** Runs all files or none. A file that fails rolls back the others and is named. */
export async function migrate(db: Database, folder: URL = FOLDER): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{3}_\w+\.sql$/.test(name)).toSorted();
  const files = await Promise.all(
    names.map(async (name) => ({ name, sql: await readFile(new URL(name, folder), "utf8") })),
  );
  return db.transaction(async (tx) => {
    await tx.query(SETUP_LOCK);
    await tx.script("CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)");
    const done = new Set((await tx.query("SELECT name FROM migrations")).map((row) => row["name"]));
    const pending = files.filter((file) => !done.has(file.name));
    for (const file of pending) {
      await tx.script(file.sql);
      await tx.query("INSERT INTO migrations (name) VALUES ($1)", [file.name]);
    }
    return pending.map((file) => file.name);
  });
}
