// Owns reading wrangler.toml: local edges have the bindings of a deployment, written once.
import { resolve } from "node:path";
import { ROOT } from "./bundle.ts";

export interface DurableObjectBinding {
  readonly binding: string;
  readonly className: string;
  readonly sqlite: boolean;
}

export interface Deployment {
  readonly entry: string | undefined;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  /** binding name -> namespace id; a namespace without an id yet goes by its binding's name */
  readonly kvNamespaces: Readonly<Record<string, string>>;
  readonly durableObjects: readonly DurableObjectBinding[];
  readonly vars: Readonly<Record<string, unknown>>;
}

/** The keys we read, declared here because wrangler's own type of its configuration is not published. */
interface WranglerConfig {
  readonly main?: string;
  readonly compatibility_date?: string;
  readonly compatibility_flags: readonly string[];
  readonly kv_namespaces: readonly { binding: string; id?: string }[];
  readonly durable_objects: { readonly bindings: readonly { name: string; class_name: string }[] };
  readonly migrations: readonly { new_sqlite_classes?: readonly string[] }[];
  readonly vars: Readonly<Record<string, unknown>>;
}

/** Reads the deployment through wrangler itself, so that no second reading of the file can differ from the first. */
export async function readDeployment(file = resolve(ROOT, "wrangler.toml")): Promise<Deployment> {
  const { unstable_readConfig: readConfig } = await import("wrangler");
  const config: WranglerConfig = readConfig({ config: file }, { hideWarnings: true });
  const sqliteClasses = new Set(config.migrations.flatMap((migration) => migration.new_sqlite_classes ?? []));
  if (config.compatibility_date === undefined) throw new Error(`${file} has no compatibility_date`);
  return {
    entry: config.main,
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags,
    kvNamespaces: Object.fromEntries(config.kv_namespaces.map(({ binding, id }) => [binding, id ?? binding])),
    durableObjects: config.durable_objects.bindings.map(({ name, class_name: className }) => ({
      binding: name,
      className,
      sqlite: sqliteClasses.has(className),
    })),
    vars: config.vars,
  };
}
