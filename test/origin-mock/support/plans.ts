// Owns asking the database how it would answer a statement.
import { isRecord } from "../../../origin-mock/schema.ts";
import type { Database, SqlValue, Statement } from "../../../origin-mock/db/port.ts";

export type Plan = { readonly steps: readonly string[]; readonly indexes: readonly string[] };

const literal = (value: SqlValue): string =>
  typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);

const nodesOf = (node: unknown): readonly Readonly<Record<string, unknown>>[] => {
  if (!isRecord(node)) return [];
  const children = node["Plans"];
  return [node, ...(Array.isArray(children) ? children.flatMap(nodesOf) : [])];
};

const texts = (values: readonly unknown[]): readonly string[] => values.filter((value) => typeof value === "string");

/** `generic`: as a prepared statement is planned once for all parameters; `custom`: for these parameters. */
export const planOf = (
  db: Database,
  { text }: Statement,
  params: readonly SqlValue[],
  mode: "generic" | "custom",
): Promise<Plan> =>
  db.transaction(async (tx) => {
    await tx.script(`SET LOCAL plan_cache_mode = force_${mode}_plan; DEALLOCATE ALL; PREPARE asked AS ${text}`);
    const [row] = await tx.query(`EXPLAIN (FORMAT JSON) EXECUTE asked (${params.map(literal).join(", ")})`);
    await tx.script("DEALLOCATE asked");
    const plans: unknown = row?.["QUERY PLAN"];
    const nodes = Array.isArray(plans) && isRecord(plans[0]) ? nodesOf(plans[0]["Plan"]) : [];
    return {
      steps: texts(nodes.map((node) => [node["Node Type"], node["Relation Name"]].filter(Boolean).join(" "))),
      indexes: texts(nodes.map((node) => node["Index Name"])),
    };
  });
