// Owns the database port: what the shop asks of Postgres, embedded or real.

export type SqlValue = string | number | boolean | null;
export type Row = Readonly<Record<string, unknown>>;

export type Queryable = {
  query(sql: string, params?: readonly SqlValue[]): Promise<readonly Row[]>;
  /** Several statements without parameters. */
  script(sql: string): Promise<void>;
};

export type Database = Queryable & {
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};
