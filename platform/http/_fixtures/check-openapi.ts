/** JSON of a document that is being checked. */
type Json = Record<string, unknown>;

const record = (value: unknown, where: string): Json => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${where} is no object`);
  }
  return value as Json;
};

/** The faults of an OpenAPI document by our own rules, each as one sentence. */
export function faultsOf(document: Json): string[] {
  const faults: string[] = [];
  if (document['openapi'] !== '3.1.0') faults.push(`openapi is ${String(document['openapi'])}`);
  for (const reference of refsIn(document)) {
    if (resolve(document, reference) === undefined) faults.push(`${reference} leads nowhere`);
  }
  const ids = new Set<unknown>();
  for (const [path, methods] of Object.entries(record(document['paths'], 'paths'))) {
    for (const [method, value] of Object.entries(record(methods, path))) {
      const operation = record(value, `${method} ${path}`);
      if (ids.has(operation['operationId'])) faults.push(`${path}: its operationId is not unique`);
      ids.add(operation['operationId']);
      faults.push(...faultsOfOperation(document, `${method} ${path}`, operation));
    }
  }
  return faults;
}

/** One style in both APIs: `draft-activity`, "Draft an activity". */
function faultsOfNames(name: string, { operationId, summary }: Json): string[] {
  const isKebab = /^[a-z]+(-[a-z]+)*$/.test(String(operationId));
  // What to do, as a command says it, not what is done.
  const isImperative = !/^(Lists|Shows|Compares|Feeds) /.test(String(summary));
  return [
    ...(isKebab ? [] : [`${name}: its operationId is not in kebab-case`]),
    ...(isImperative ? [] : [`${name}: its summary is not an imperative`]),
  ];
}

function faultsOfOperation(document: Json, name: string, operation: Json): string[] {
  const missing = ['operationId', 'summary', 'tags', 'security', 'responses'].filter(
    (key) => operation[key] === undefined,
  );
  const faults = [
    ...missing.map((key) => `${name} has no ${key}`),
    ...faultsOfNames(name, operation),
  ];
  const responses = record(operation['responses'], `${name} responses`);
  for (const status of ['400', '401', '429', '500', '503']) {
    if (responses[status] === undefined) faults.push(`${name} does not say what ${status} means`);
  }
  for (const [status, value] of Object.entries(responses)) {
    faults.push(...faultsOfResponse(`${name} ${status}`, Number(status), record(value, name)));
  }
  const body = operation['requestBody'];
  if (body !== undefined) {
    const json = record(record(record(body, name)['content'], name)['application/json'], name);
    if (json['example'] === undefined) faults.push(`${name} has no example of its body`);
  }
  for (const parameter of (operation['parameters'] ?? []) as Json[]) {
    const found = record(resolve(document, String(parameter['$ref'] ?? '')) ?? parameter, name);
    if (found['in'] === 'path' && found['example'] === undefined) {
      faults.push(`${name}: the parameter ${String(found['name'])} has no example`);
    }
  }
  return faults;
}

function faultsOfResponse(name: string, status: number, response: Json): string[] {
  if (
    typeof response['description'] !== 'string' ||
    response['description'] === 'Default Response'
  ) {
    return [`${name} has no description`];
  }
  const content = record(response['content'], name);
  const streams = status === 200 && content['text/event-stream'] !== undefined;
  const good = streams ? 'text/event-stream' : 'application/json';
  const type = status >= 400 ? 'application/problem+json' : good;
  const media = content[type];
  if (media === undefined) return [`${name} is not ${type}`];
  const { example, examples, schema } = record(media, name);
  const faults = [];
  if (schema === undefined) faults.push(`${name} has no schema`);
  if (example === undefined && examples === undefined) faults.push(`${name} has no example`);
  for (const shown of Object.values(record(examples ?? {}, name))) {
    const { code, status: says } = record(record(shown, name)['value'], name);
    if (says !== status)
      faults.push(`${name}: the example ${String(code)} is of status ${String(says)}`);
  }
  return faults;
}

function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = '$ref' in value && typeof value.$ref === 'string' ? [value.$ref] : [];
  return [...own, ...Object.values(value).flatMap(refsIn)];
}

function resolve(document: Json, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined;
  return reference
    .slice(2)
    .split('/')
    .reduce<unknown>(
      (at, key) => (typeof at === 'object' && at !== null ? (at as Json)[key] : undefined),
      document,
    );
}
