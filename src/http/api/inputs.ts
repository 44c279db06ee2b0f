export const text = { type: 'string', minLength: 1, maxLength: 255 } as const;
export const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

/** A query or body with these fields and no others: a misspelt condition must not quietly mean "no condition". */
export function inputs(properties: object) {
  return { type: 'object', additionalProperties: false, properties };
}

/** What the OpenAPI document says of a route; the route's schemas are added to it. */
export interface RouteWords {
  readonly summary: string;
  /** JSON schema of the answer with 200. */
  readonly answer: object;
  /** Statuses besides 200, 400, 401 and 403 that it fails with. */
  readonly fails?: readonly number[] | undefined;
  readonly mediaType?: string | undefined;
}

/** Puts a route's words where the OpenAPI document finds them. */
export function about(words: RouteWords): { readonly config: { readonly words: RouteWords } } {
  return { config: { words } };
}

/** A file of the web page: nobody needs the token for it, and it is no part of the API. */
export const openToAll = { config: { isOpenToAll: true } } as const;

/** Whether a route was added with `openToAll`. */
export function isOpenToAll(config: unknown): boolean {
  return (config as Partial<typeof openToAll.config> | undefined)?.isOpenToAll === true;
}

/** {key: …} of a component of the OpenAPI document. */
export function wrapped(key: string, component: string, isList = false): object {
  const one = { $ref: `#/components/schemas/${component}` };
  const value = isList ? { type: 'array', items: one } : one;
  return { type: 'object', required: [key], properties: { [key]: value } };
}
