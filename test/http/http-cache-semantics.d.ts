// Owns the types of what the differential test calls of http-cache-semantics, which ships none that can be used.
declare module "http-cache-semantics" {
  type Headers = Readonly<Record<string, string>>;

  interface Request {
    readonly method: string;
    readonly url: string;
    readonly headers: Headers;
  }

  interface Response {
    readonly status: number;
    readonly headers: Headers;
  }

  export default class CachePolicy {
    constructor(request: Request, response: Response);
    now(): number;
    storable(): boolean;
    maxAge(): number;
    age(): number;
    stale(): boolean;
    evaluateRequest(request: Request): { readonly response?: Response; readonly revalidation?: object };
    revalidatedPolicy(request: Request, response: Response): { readonly modified: boolean };
  }
}
