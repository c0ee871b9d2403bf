import { z } from 'zod';
import { httpProblems } from '../../platform/http/problem.ts';
import { type ApiDocument, apiDocuments, type Operation } from '../../tools/docs/open-api.ts';

/** The part of a JSON Schema that hostile input is derived from. */
export type Schema = {
  readonly type?: string | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: Schema | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly format?: string | undefined;
  readonly pattern?: string | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly minItems?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly example?: unknown;
};

const schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    type: z.string().optional(),
    properties: z.record(z.string(), schema).optional(),
    required: z.array(z.string()).optional(),
    items: schema.optional(),
    anyOf: z.array(schema).optional(),
    enum: z.array(z.unknown()).optional(),
    format: z.string().optional(),
    pattern: z.string().optional(),
    minLength: z.number().optional(),
    maxLength: z.number().optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    minItems: z.number().optional(),
    maxItems: z.number().optional(),
    example: z.unknown().optional(),
  }),
);
const parameter = z.object({
  in: z.enum(['path', 'query']),
  name: z.string(),
  required: z.boolean(),
  schema,
  example: z.unknown().optional(),
});
const reference = z.object({ $ref: z.string() });

export type Parameter = z.output<typeof parameter>;

/** One route of either API, as its OpenAPI document describes it. */
export type Target = {
  readonly api: 'write' | 'read';
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** With its parameters in braces. */
  readonly path: string;
  /** Empty: public. */
  readonly roles: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly body: { readonly schema: Schema; readonly example: unknown } | null;
  /** Takes an `Idempotency-Key`. */
  readonly keyed: boolean;
  /** Needs an `If-Match`. */
  readonly seen: boolean;
  /** Takes a `Consistency-Token`. */
  readonly waits: boolean;
  /** Status by code: what it says it answers, and what HTTP itself may. */
  readonly codes: ReadonlyMap<string, number>;
};

/** Answered before a route is found or a body read: no operation lists them. */
const ofHttpItself = [
  ...['malformed-request', 'method-not-allowed', 'request-timeout'],
  ...['uri-too-long', 'headers-too-large', 'not-found', 'expectation-failed'],
] as const;

/**
 * Every operation of both APIs, out of the documents that the servers make of their definitions: a
 * new command, query or session route is here without being named.
 */
export async function allTargets(): Promise<readonly Target[]> {
  const { write, read } = await apiDocuments();
  return [...targetsOf('write', write), ...targetsOf('read', read)];
}

function targetsOf(api: Target['api'], document: ApiDocument): Target[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Target => {
      const refs = operation.parameters.flatMap((each) => {
        const found = reference.safeParse(each);
        return found.success ? [found.data.$ref] : [];
      });
      const takes = (name: string) => refs.some((ref) => ref.endsWith(`/${name}`));
      return {
        ...{ api, path, name: operation.operationId, roles: operation['x-roles'] },
        method: z.enum(['GET', 'POST']).parse(method.toUpperCase()),
        parameters: operation.parameters
          .filter((each) => !('$ref' in each))
          .map((each) => parameter.parse(each)),
        body: bodyOf(operation, document),
        keyed: takes('IdempotencyKey'),
        seen: takes('IfMatchRequired'),
        waits: takes('ConsistencyToken'),
        codes: codesOf(operation),
      };
    }),
  );
}

function bodyOf({ requestBody }: Operation, document: ApiDocument): Target['body'] {
  const content = requestBody?.content['application/json'];
  if (content === undefined) return null;
  const name = reference.parse(content.schema).$ref.split('/').at(-1) ?? '';
  return { schema: schema.parse(document.components.schemas[name]), example: content.example };
}

function codesOf({ responses }: Operation): ReadonlyMap<string, number> {
  const documented = Object.entries(responses).flatMap(([status, { content }]) =>
    Object.keys(content?.['application/problem+json']?.examples ?? {}).map(
      (code) => [code, Number(status)] as const,
    ),
  );
  return new Map([
    ...documented,
    ...ofHttpItself.map((code) => [code, httpProblems[code].status] as const),
  ]);
}

/** Whether it ends a thing that other requests are about. */
export const ends = ({ path }: Target): boolean => /\/(cancel|remove|close|revoke)$/.test(path);

/** Routes that stand in no document: they take no input but what HTTP gives. */
export const hiddenPaths = [
  ...['/', '/docs', '/docs/settings.json', '/openapi.json', '/metrics'],
  ...['/health/live', '/health/ready', '/problems/not-found'],
] as const;
