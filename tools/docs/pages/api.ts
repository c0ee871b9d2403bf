import { commonProblems } from '../../../platform/http/reference.ts';
import { commandProblems } from '../../../write-api/problems.ts';
import type { ApiDocument, Operation } from '../open-api.ts';
import { aboutTypes, fieldTable } from './fields.ts';
import { anchor, code, json, page, table, text } from './markdown.ts';

const PROBLEM = 'application/problem+json';
const JSON_TYPE = 'application/json';
const STREAM_TYPE = 'text/event-stream';

/** One operation with its place. */
export type Entry = {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
};

export function entriesOf(document: ApiDocument): Entry[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => method !== 'head')
      .map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

/** Every code an operation may answer. */
export function problemsOf({ responses }: Operation): string[] {
  return Object.values(responses).flatMap(({ content }) =>
    Object.keys(content?.[PROBLEM]?.examples ?? {}),
  );
}

/** Those that any operation may answer, whatever it is about. */
export const everywhere: ReadonlySet<string> = new Set([
  ...commonProblems({
    access: { kind: 'roles' },
    hasBody: true,
    hasPath: false,
    requestHeaders: [],
  }),
  ...commandProblems,
  'invalid-consistency-token',
  'not-yet-visible',
]);

/** The reference of one API. */
export function apiPage(document: ApiDocument, address: string, intro: string): string {
  const entries = entriesOf(document);
  const byTag = Map.groupBy(entries, ({ operation }) => operation.tags[0]);
  const list = [...byTag].flatMap(([tag, group]) =>
    group.map(({ method, path, operation }, index) => [
      index === 0 ? tag : '',
      `[${operation.summary}](#${anchor(operation.summary)})`,
      code(`${method} ${path}`),
      access(operation),
    ]),
  );
  return page(
    document.info.title,
    'the definitions of commands and queries',
    `${document.info.description} It listens on ${code(address)}; the same reference with forms to try it is at ${code(`${address}/docs`)}, the OpenAPI 3.1 document at ${code(`${address}/openapi.json`)}.`,
    intro,
    table(['', 'operation', 'request', 'who'], list),
    aboutTypes,
    ...[...byTag].flatMap(([tag, group]) => [
      `## ${tag}`,
      ...group.map((entry) => section(entry, document, address)),
    ]),
  );
}

const access = ({ 'x-roles': roles }: Operation) =>
  roles.length === 0 ? 'everybody' : roles.join(', ');

function section(
  { method, path, operation }: Entry,
  document: ApiDocument,
  address: string,
): string {
  const { parameters, requestBody, responses } = operation;
  const resolve = (reference: string) => {
    const found = document.components.schemas[reference.replace('#/components/schemas/', '')];
    if (found === undefined) throw new RangeError(`${reference} is not in the document`);
    return found;
  };
  const body = requestBody?.content[JSON_TYPE];
  const success = Object.entries(responses).find(([status]) => status.startsWith('2'));
  const content = success?.[1].content;
  const stream = content?.[STREAM_TYPE];
  const reply = content?.[JSON_TYPE] ?? stream;
  const query = parameters.filter((parameter) => parameter['in'] === 'query');
  const codes = problemsOf(operation).filter((each) => !everywhere.has(each));
  const querySchema = {
    properties: Object.fromEntries(
      query.map(({ name, schema, description }) => [
        String(name),
        { ...(schema as object), ...(description === undefined ? {} : { description }) },
      ]),
    ),
    required: query.filter(({ required }) => required === true).map(({ name }) => String(name)),
  };
  return [
    `### ${operation.summary}`,
    `${code(`${method} ${path}`)} · ${access(operation)}`,
    ...(operation.description === undefined ? [] : [operation.description]),
    ...(query.length === 0 ? [] : ['Query:', fieldTable(querySchema)]),
    ...(body?.schema === undefined
      ? []
      : ['Body:', fieldTable(resolve2(body.schema, resolve), { resolve })]),
    ...matchOf(parameters),
    curlLine({ method, path, operation }, address, body?.example),
    ...(success === undefined || reply?.schema === undefined
      ? []
      : [
          stream === undefined
            ? `Answers ${code(success[0])}:`
            : 'Streams server-sent events; `data` of `snapshot` and `change`:',
          json(reply.example),
          `<details><summary>Fields of the answer</summary>\n\n${fieldTable(resolve2(reply.schema, resolve), { resolve })}\n\n</details>`,
        ]),
    ...(codes.length === 0
      ? []
      : [`Refusals: ${codes.map((each) => `[${each}](problems.md#${each})`).join(', ')}.`]),
  ].join('\n\n');
}

/** What a change says of the revision that was seen. */
function matchOf(parameters: Operation['parameters']): string[] {
  const words = { '/IfMatch': 'May', '/IfMatchRequired': 'Has to' };
  return Object.entries(words)
    .filter(([end]) => parameters.some(({ $ref }) => String($ref).endsWith(end)))
    .map(([, word]) => `${word} name the revision that was seen: \`If-Match: "3"\`.`);
}

/** The request as one would send it. `$TOKEN` is an access token. */
function curlLine({ method, path, operation }: Entry, address: string, body: unknown): string {
  const { parameters, 'x-roles': who } = operation;
  const filled = path.replaceAll(/\{(\w+)\}/g, (braces, name: string) => {
    const example = parameters.find((each) => each['in'] === 'path' && each['name'] === name)?.[
      'example'
    ];
    return typeof example === 'string' ? example : braces;
  });
  const takes = (header: string) => parameters.some(({ $ref }) => String($ref).endsWith(header));
  const parts = [
    `curl ${operation.responses['200']?.content?.[STREAM_TYPE] === undefined ? '' : '-N '}${address}${filled}`,
    ...(who.length === 0 ? [] : ['-H "Authorization: Bearer $TOKEN"']),
    ...(takes('/IdempotencyKey') ? ['-H "Idempotency-Key: $(uuidgen)"'] : []),
    ...(takes('/IfMatchRequired') ? [`-H 'If-Match: "3"'`] : []),
    ...(method === 'POST' ? [`--json '${text(body ?? {}).replaceAll("'", `'\\''`)}'`] : []),
  ];
  return `\`\`\`sh\n${parts.join(' \\\n  ')}\n\`\`\``;
}

const resolve2 = (
  schema: Readonly<Record<string, unknown>>,
  resolve: (reference: string) => Readonly<Record<string, unknown>>,
) => (typeof schema['$ref'] === 'string' ? resolve(schema['$ref']) : schema);
