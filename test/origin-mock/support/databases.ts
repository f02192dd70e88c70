// Owns the databases the tests run against: the embedded one, a real server when TEST_DATABASE_URL names one, or both.
import { randomBytes } from "node:crypto";
import { migrate } from "../../../origin-mock/db/migrate.ts";
import { openPglite } from "../../../origin-mock/db/pglite.ts";
import { openPostgres } from "../../../origin-mock/db/postgres.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import { seed } from "../../../origin-mock/db/seed.ts";

export type DatabaseKind = { readonly kind: string; open(): Promise<Database> };

const serverUrl = process.env["TEST_DATABASE_URL"];

const fail = (error: Error): void => {
  throw error;
};

/** A schema of its own, so that test files do not see each other. */
const openSchema = async (url: string): Promise<Database> => {
  const schema = `test_${randomBytes(6).toString("hex")}`;
  const admin = openPostgres(url, fail);
  await admin.script(`CREATE SCHEMA ${schema}`);
  const scoped = new URL(url);
  scoped.searchParams.set("options", `-c search_path=${schema}`);
  const db = openPostgres(scoped.href, fail);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await db.close();
    await admin.script(`DROP SCHEMA ${schema} CASCADE`);
    await admin.close();
  };
  return { ...db, close: () => (closing ??= close()) };
};

/** As a shop finds it: migrated and filled. */
export const openFilled = async ({ open }: DatabaseKind): Promise<Database> => {
  const db = await open();
  await migrate(db);
  await seed(db);
  return db;
};

const EMBEDDED: DatabaseKind = { kind: "pglite", open: openPglite };
const SERVER: readonly DatabaseKind[] =
  serverUrl === undefined ? [] : [{ kind: "postgres", open: () => openSchema(serverUrl) }];

function databases(wanted = process.env["STRATA_DATABASES"]): readonly DatabaseKind[] {
  // a new embedded database takes a second of the processor, a new schema of a server little
  if (wanted === "one") return SERVER.length > 0 ? SERVER : [EMBEDDED];
  return wanted === "embedded" ? [EMBEDDED] : [EMBEDDED, ...SERVER];
}

export const DATABASES: readonly DatabaseKind[] = databases();
