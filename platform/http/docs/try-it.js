import { element } from './render.js';

/** The token of this tab; gone with it. */
const KEY = 'pawprint-access-token';
export const session = {
  get token() {
    return sessionStorage.getItem(KEY) ?? '';
  },
  set token(value) {
    if (value === '') sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, value);
    dispatchEvent(new Event('session-changed'));
  },
};

/** Who the token says it is for, or null. Only shown: the server decides. */
export function claims() {
  try {
    const part = session.token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    return JSON.parse(atob(part));
  } catch {
    return null;
  }
}

const inputFor = (label, attributes) => {
  const input = element('input', { spellcheck: 'false', autocomplete: 'off', ...attributes });
  return { input, label: element('label', {}, label, input) };
};

/** The panel beside an operation: edit, send, look at the answer. */
export function tryIt({ path, method, operation, resolve }) {
  const parameters = (operation.parameters ?? []).map(resolve).map((parameter) => {
    const { name, in: place, example } = parameter;
    const idempotent = name === 'Idempotency-Key';
    const prefilled = place === 'path' ? example : undefined;
    const value = idempotent ? crypto.randomUUID() : (prefilled ?? '');
    return { ...parameter, idempotent, ...inputFor(name, { value, placeholder: example ?? '' }) };
  });
  const media = operation.requestBody?.content?.['application/json'];
  const body =
    media === undefined
      ? null
      : element('textarea', { rows: '10', spellcheck: 'false', 'aria-label': 'Body' });
  if (body !== null) body.value = JSON.stringify(media.example ?? {}, null, 2);
  const answer = element('div', { class: 'answer', role: 'status' });
  const button = element('button', { class: 'primary', type: 'submit' }, 'Send');

  const send = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await show(answer, () => request({ path, method, parameters, body }));
    } finally {
      button.disabled = false;
    }
  };
  const fresh = parameters
    .filter(({ idempotent }) => idempotent)
    .map(({ input }) =>
      element(
        'button',
        {
          type: 'button',
          title: 'The same key repeats the same wish; a new wish needs a new one',
          onclick: () => {
            input.value = crypto.randomUUID();
          },
        },
        'New key',
      ),
    );
  return element(
    'form',
    { class: 'try', onsubmit: send },
    parameters.map(({ label }) => label),
    body === null ? null : element('label', {}, 'Body', body),
    element('div', { class: 'row' }, button, fresh),
    answer,
  );
}

function request({ path, method, parameters, body }) {
  let target = path;
  const query = new URLSearchParams();
  const headers = new Headers();
  for (const { name, in: place, input } of parameters) {
    const value = input.value.trim();
    if (place === 'path') target = target.replace(`{${name}}`, encodeURIComponent(value));
    else if (value !== '' && place === 'query') query.set(name, value);
    else if (value !== '' && place === 'header') headers.set(name, value);
  }
  if (session.token !== '') headers.set('Authorization', `Bearer ${session.token}`);
  if (body !== null) headers.set('Content-Type', 'application/json');
  const url = query.size === 0 ? target : `${target}?${query}`;
  return fetch(url, { method, headers, body: body === null ? undefined : body.value });
}

const SHOWN = [
  'etag',
  'consistency-token',
  'idempotency-hit',
  'location',
  'link',
  'retry-after',
  'allow',
];

async function show(answer, send) {
  const startedAt = performance.now();
  try {
    const response = await send();
    const text = await response.text();
    const ms = Math.round(performance.now() - startedAt);
    const headers = SHOWN.filter((name) => response.headers.has(name)).map(
      (name) => `${name}: ${response.headers.get(name)}`,
    );
    answer.className = `answer ${response.ok ? 'good' : 'bad'}`;
    answer.replaceChildren(
      element('p', {}, element('span', { class: 'status' }, String(response.status)), ` ${ms} ms`),
      element(
        'pre',
        {},
        [...headers, headers.length === 0 ? null : '', pretty(text)]
          .filter((line) => line !== null)
          .join('\n'),
      ),
    );
  } catch (error) {
    answer.className = 'answer bad';
    answer.replaceChildren(element('p', { class: 'error' }, `No answer: ${error.message}`));
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
