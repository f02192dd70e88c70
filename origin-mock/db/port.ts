// Owns the database port, through which the shop uses Postgres, embedded or real.

export type SqlValue = string | number | boolean | null;
export type Row = Readonly<Record<string, unknown>>;

/** SQL that a server parses once per connection. A name stands for one text in the whole program. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}
export function statement(name: string, text: string): Statement {
  return { name, text };
}

/** Parses a row. @throws for a row of another shape, because schema and program then do not fit together. */
export function rowAs<T>(what: string, parse: (row: Row) => T | undefined, row: Row): T {
  const value = parse(row);
  if (value === undefined) throw new Error(`a row does not look like a ${what}: ${JSON.stringify(row)}`);
  return value;
}

export interface Queryable {
  query(sql: Statement | string, params?: readonly SqlValue[]): Promise<readonly Row[]>;
  /** Several statements without parameters. */
  script(sql: string): Promise<void>;
}

export type Database = Queryable & {
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};
