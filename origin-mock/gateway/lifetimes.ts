// Owns how long the gateway keeps what each path answers, at most. What is in no row is not kept.

export type Row = {
  readonly path: RegExp;
  /** One answer for everyone, or one for each person. */
  readonly audience: "everyone" | "person";
  readonly lifetimeMs: number;
  /** Of 404: shorter, because what is missing may be made at any moment. */
  readonly missingMs: number;
};

// Long enough to take a rush off the application, short enough that a purge which is lost for good (a Redis restored from an
// old snapshot) is forgotten within a minute.
const ROWS: readonly Row[] = [
  { path: /^\/api\/products\/[^/]+$/, audience: "everyone", lifetimeMs: 30_000, missingMs: 5_000 },
  { path: /^\/api\/products$/, audience: "everyone", lifetimeMs: 15_000, missingMs: 5_000 },
  { path: /^\/api\/categories$/, audience: "everyone", lifetimeMs: 60_000, missingMs: 5_000 },
  { path: /^\/api\/deals$/, audience: "everyone", lifetimeMs: 10_000, missingMs: 5_000 },
  { path: /^\/api\/search$/, audience: "everyone", lifetimeMs: 10_000, missingMs: 5_000 },
  { path: /^\/api\/me\/profile$/, audience: "person", lifetimeMs: 10_000, missingMs: 0 },
];

export const rowFor = (path: string): Row | undefined => ROWS.find((row) => row.path.test(path));
