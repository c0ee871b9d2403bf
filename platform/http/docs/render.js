/** Elements out of data. Text is always text: nothing from the document is ever read as HTML. */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** Prose with `code` in backticks; an empty line starts a paragraph. */
export function prose(text = '') {
  return text
    .split(/\n\n+/)
    .filter(Boolean)
    .map((paragraph) => element('p', {}, inline(paragraph)));
}

function inline(text) {
  return text
    .split(/(`[^`]+`)/)
    .map((part) => (/^`.+`$/.test(part) ? element('code', {}, part.slice(1, -1)) : part));
}

/** Follows `$ref`s of one document. */
export function resolver(document_) {
  return (value) => {
    const reference = value?.$ref;
    if (reference === undefined) return value ?? {};
    return reference
      .slice(2)
      .split('/')
      .reduce((at, key) => at?.[key], document_);
  };
}

function typeOf(schema, resolve) {
  const { anyOf, items, type, const: fixed, enum: values, format } = schema;
  if (fixed !== undefined) return JSON.stringify(fixed);
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(' | ');
  if (anyOf !== undefined)
    return anyOf.map((branch) => typeOf(resolve(branch), resolve)).join(' | ');
  if (type === 'array') return `list of ${typeOf(resolve(items), resolve)}`;
  return format === undefined ? [type ?? 'any'].flat().join(' | ') : `${type} (${format})`;
}

function boundsOf(schema) {
  const { minLength, maxLength, minimum, maximum, minItems, maxItems, default: fallback } = schema;
  const span = (least, most, unit) => {
    if (least === undefined && most === undefined) return null;
    if (least === undefined) return `up to ${most}${unit}`;
    return most === undefined ? `at least ${least}${unit}` : `${least} to ${most}${unit}`;
  };
  const known = (value) => (Math.abs(value) === Number.MAX_SAFE_INTEGER ? undefined : value);
  return [
    span(minLength, maxLength, ' characters'),
    span(known(minimum), known(maximum), ''),
    span(minItems, maxItems, ' entries'),
    fallback === undefined ? null : `default ${JSON.stringify(fallback)}`,
  ].filter((part) => part !== null);
}

/** The object inside lists and alternatives: what its fields are is what people look for. */
function objectIn(schema, resolve) {
  if (schema.properties !== undefined) return schema;
  if (schema.items !== undefined) return objectIn(resolve(schema.items), resolve);
  const branch = (schema.anyOf ?? schema.oneOf ?? []).map(resolve).find((each) => each.properties);
  return branch ?? null;
}

function field({ name, schema, required, description, resolve }) {
  const inner = objectIn(schema, resolve);
  const notes = [description ?? schema.description, ...boundsOf(schema)]
    .filter(Boolean)
    .join(' · ');
  return element(
    'div',
    {},
    element(
      'dt',
      {},
      name,
      element('span', { class: 'type' }, typeOf(schema, resolve)),
      required ? element('span', { class: 'required' }, 'required') : null,
    ),
    notes === '' ? null : element('dd', {}, inline(notes)),
    inner === null ? null : element('dd', {}, fieldsOf(inner, resolve)),
  );
}

export function fieldsOf(schema, resolve) {
  const inner = objectIn(schema, resolve);
  const entries = Object.entries(inner?.properties ?? {});
  if (entries.length === 0) return element('p', { class: 'hint' }, 'No fields.');
  return element(
    'dl',
    { class: 'fields' },
    entries.map(([name, value]) =>
      field({
        name,
        schema: resolve(value),
        required: inner.required?.includes(name) === true,
        resolve,
      }),
    ),
  );
}

export function parametersOf(operation, resolve) {
  const parameters = (operation.parameters ?? []).map(resolve);
  if (parameters.length === 0) return [];
  return [
    element('h3', {}, 'Parameters'),
    element(
      'dl',
      { class: 'fields' },
      parameters.map(({ name, schema, required, description, in: place }) =>
        field({
          name: place === 'header' ? `${name} (header)` : name,
          schema: resolve(schema),
          required,
          description,
          resolve,
        }),
      ),
    ),
  ];
}

export function responsesOf(operation, resolve) {
  return Object.entries(operation.responses).map(([status, response]) => {
    const [media = {}] = Object.values(response.content ?? {});
    const examples = Object.keys(media.examples ?? {});
    const good = Number(status) < 400;
    const title = good ? response.description : examples.join(', ');
    const body = good
      ? [
          fieldsOf(resolve(media.schema), resolve),
          element('pre', {}, JSON.stringify(media.example, null, 2) ?? ''),
        ]
      : prose(response.description);
    return element(
      'details',
      good ? { open: true } : {},
      element('summary', {}, element('span', { class: 'status' }, status), ' ', title),
      body,
    );
  });
}
