// Owns the types of what the tests call of Fastly's client, which ships none.
declare module "fastly" {
  /** A superagent plugin: it may change a request before it is sent. */
  type Plugin = (request: { url: string }) => void;

  export class ApiClient {
    plugins: readonly Plugin[] | null;
    rateLimitRemaining: number;
    authenticate(token: string): void;
  }

  interface Soft {
    readonly fastly_soft_purge?: number;
  }

  interface Purged {
    readonly status: string;
    readonly id: string;
  }

  export class PurgeApi {
    constructor(client: ApiClient);
    purgeTag(options: Soft & { readonly service_id: string; readonly surrogate_key: string }): Promise<Purged>;
    bulkPurgeTag(
      options: Soft & {
        readonly service_id: string;
        readonly surrogate_key?: string;
        readonly purge_response?: { readonly surrogate_keys: readonly string[] };
      },
    ): Promise<Readonly<Record<string, string>>>;
    purgeAll(options: { readonly service_id: string }): Promise<Purged>;
    purgeSingleUrl(options: Soft & { readonly cached_url: string }): Promise<Purged>;
  }
}
