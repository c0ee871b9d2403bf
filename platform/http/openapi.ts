import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import type { Operation } from './operation.ts';
import type { ProblemTable } from './problem.ts';
import { commonProblems, problemSchema, requestHeaders, responseHeaders } from './reference.ts';

export type ApiInfo = {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  readonly publicUrl: string;
};

/** JSON as the document is made of; swagger's own types do not reach into 3.1. */
type Json = Record<string, unknown>;
type Method = Json & {
  operationId?: string;
  parameters?: Json[];
  requestBody?: { content: Record<string, Json> };
  responses?: Record<string, Json>;
};
type Document = Json & {
  paths?: Record<string, Record<string, Method>>;
  components?: Record<string, Json>;
};

/**
 * The OpenAPI 3.1 document: schemas come from zod through the type provider; examples, headers,
 * security and every problem an operation may answer come from its definition.
 */
export async function documentApi(
  app: FastifyInstance,
  info: ApiInfo,
  problems: ProblemTable,
): Promise<void> {
  const operations = new Map<string, Operation>();
  app.addHook('onRoute', ({ config, method }) => {
    const operation = config?.operation;
    if (operation === undefined || method === 'HEAD') return;
    if (operations.has(operation.name))
      throw new TypeError(`two operations are called ${operation.name}`);
    const unknown = operation.problems.find((code) => problems[code] === undefined);
    if (unknown !== undefined) {
      throw new TypeError(
        `${operation.name} names the problem ${unknown}, which stands in no table`,
      );
    }
    operations.set(operation.name, operation);
  });
  const { title, description, version, publicUrl } = info;
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, description, version },
      servers: [{ url: publicUrl }],
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => {
      if (!('openapiObject' in document)) throw new TypeError('an OpenAPI document was expected');
      return complete(structuredClone(document.openapiObject) as Document, operations, problems);
    },
  });
}

function complete(
  document: Document,
  operations: ReadonlyMap<string, Operation>,
  problems: ProblemTable,
): Document {
  const schemas: Json = { Problem: problemSchema };
  for (const [path, methods] of Object.entries(document.paths ?? {})) {
    for (const method of Object.values(methods)) {
      const operation = operations.get(method.operationId ?? '');
      if (operation === undefined) throw new TypeError(`${path} has no operation to describe it`);
      describe(method, operation, schemas);
      refuse(method, operation, problems);
    }
  }
  const tags = [...new Set([...operations.values()].map(({ tag }) => tag))].toSorted();
  return {
    ...document,
    tags: tags.map((name) => ({ name })),
    components: {
      schemas,
      headers: mapValues(responseHeaders, ({ name: _, ...header }) => header),
      parameters: mapValues(requestHeaders, (header) => ({
        in: 'header',
        required: false,
        ...header,
      })),
      securitySchemes: {
        accessToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The `accessToken` of `POST /v1/sessions` of the write API.',
        },
      },
    },
  };
}

/** Parameters, body and reply, with the definition's example at each. */
function describe(method: Method, operation: Operation, schemas: Json): void {
  const { access, example, name, status } = operation;
  method.security = access.kind === 'public' ? [] : [{ accessToken: [] }];
  method['x-roles'] = access.kind === 'public' ? [] : [...access.roles];
  const examples = { path: record(example.params), query: record(example.query) };
  method.parameters = [
    ...(method.parameters ?? []).map((parameter) => {
      const values = parameter['in'] === 'path' ? examples.path : examples.query;
      const value = values[String(parameter['name'])];
      return value === undefined ? parameter : { ...parameter, example: value };
    }),
    ...operation.requestHeaders.map((header) => ({ $ref: `#/components/parameters/${header}` })),
  ];
  const body = method.requestBody?.content['application/json'];
  if (body !== undefined) {
    hoist(schemas, `${pascal(name)}Request`, body);
    body['example'] = example.body;
  }
  const reply = method.responses?.[String(status)];
  if (reply === undefined) throw new TypeError(`${name} declares no reply for ${status}`);
  reply['description'] = status === 201 ? 'Made.' : 'Done.';
  reply['headers'] = Object.fromEntries(
    operation.responseHeaders.map((header) => [
      responseHeaders[header]?.name ?? header,
      { $ref: `#/components/headers/${header}` },
    ]),
  );
  const type = operation.stream === true ? 'text/event-stream' : 'application/json';
  const content = record(record(reply['content'])[type]);
  if (content['schema'] !== undefined) {
    hoist(schemas, `${pascal(name)}Reply`, content);
    content['example'] = example.reply;
    reply['content'] = { [type]: content };
  }
}

/** Every problem it may answer, by status, each code with its meaning and an example document. */
function refuse(method: Method, operation: Operation, problems: ProblemTable): void {
  const codes = new Set([
    ...operation.problems,
    ...commonProblems({
      ...operation,
      hasBody: method.requestBody !== undefined,
      hasPath: (method.parameters ?? []).some((parameter) => parameter['in'] === 'path'),
    }),
  ]);
  const byStatus = Map.groupBy(codes, (code) => {
    const kind = problems[code];
    if (kind === undefined) throw new TypeError(`the problem ${code} stands in no table`);
    return kind.status;
  });
  const responses: Record<string, Json> = { ...method.responses };
  for (const [status, group] of [...byStatus].toSorted(([a], [b]) => a - b)) {
    responses[status] = {
      description: group
        .map((code) => `\`${code}\`: ${problems[code]?.description ?? ''}`)
        .join('\n\n'),
      content: {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: Object.fromEntries(group.map((code) => [code, exampleOf(code, problems)])),
        },
      },
    };
  }
  method.responses = responses;
}

function exampleOf(code: string, problems: ProblemTable): Json {
  const { title, status, description } = problems[code] ?? { title: code };
  return {
    summary: title,
    value: {
      ...{ type: `/problems/${code}`, title, status, code, detail: description },
      instance: '/v1/…',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    },
  };
}

/** Moves an inline schema under a name of its own, so that generated clients get a type for it. */
function hoist(schemas: Json, name: string, holder: Json): void {
  schemas[name] = holder['schema'];
  holder['schema'] = { $ref: `#/components/schemas/${name}` };
}

const record = (value: unknown): Json =>
  typeof value === 'object' && value !== null ? (value as Json) : {};

const pascal = (name: string): string =>
  name.replaceAll(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const mapValues = <T, U>(
  values: Readonly<Record<string, T>>,
  map: (value: T) => U,
): Record<string, U> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));
