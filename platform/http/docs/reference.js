import { element, fieldsOf, parametersOf, prose, resolver, responsesOf } from './render.js';
import { claims, session, tryIt } from './try-it.js';

const find = (id) => document.getElementById(id);

async function start() {
  const [api, settings] = await Promise.all(
    ['/openapi.json', '/docs/settings.json'].map(async (url) => (await fetch(url)).json()),
  );
  document.title = api.info.title;
  find('title').textContent = settings.title;
  if (settings.peer !== undefined) {
    const { title, url } = settings.peer;
    find('peer').append(element('a', { href: url }, title));
  }
  const operations = byTag(
    Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    ),
  );
  const resolve = resolver(api);
  find('content').replaceChildren(
    introduction(api),
    ...operations.map((each) => section({ ...each, resolve })),
  );
  navigation(operations);
  login(settings.loginUrl);
  const wanted = location.hash.slice(1);
  if (wanted !== '') find(decodeURIComponent(wanted))?.scrollIntoView();
}

/** One order for the list at the side and for the page: by tag, and in a tag as in the document. */
function byTag(operations) {
  const tags = [...new Set(operations.map(({ operation }) => operation.tags[0]))].toSorted();
  return tags.flatMap((tag) => operations.filter(({ operation }) => operation.tags[0] === tag));
}

function introduction({ info, servers }) {
  const curl = `curl ${servers[0].url}/openapi.json`;
  return element(
    'section',
    { class: 'intro' },
    element('h1', {}, info.title),
    prose(info.description),
    element(
      'p',
      { class: 'hint' },
      `Version ${info.version} · OpenAPI 3.1 at `,
      element('a', { href: '/openapi.json' }, '/openapi.json'),
    ),
    element('pre', {}, curl),
  );
}

function section({ path, method, operation, resolve }) {
  const roles = operation['x-roles'] ?? [];
  const body = operation.requestBody?.content?.['application/json'];
  return element(
    'section',
    { class: 'operation', id: operation.operationId },
    element(
      'div',
      {},
      element('h2', {}, operation.summary),
      element(
        'p',
        { class: 'route' },
        element('span', { class: `method ${method}` }, method.toUpperCase()),
        path,
      ),
      element(
        'p',
        {},
        element('span', { class: 'badge' }, roles.length === 0 ? 'public' : roles.join(', ')),
      ),
      prose(operation.description),
      parametersOf(operation, resolve),
      body === undefined
        ? null
        : [element('h3', {}, 'Body'), fieldsOf(resolve(body.schema), resolve)],
      element('h3', {}, 'Answers'),
      responsesOf(operation, resolve),
    ),
    tryIt({ path, method: method.toUpperCase(), operation, resolve }),
  );
}

function navigation(operations) {
  const filter = find('filter');
  const draw = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = operations.filter(({ path, operation }) => {
      const text =
        `${operation.summary} ${operation.operationId} ${path} ${operation.tags}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const tags = [...new Set(shown.map(({ operation }) => operation.tags[0]))];
    find('operations').replaceChildren(
      ...tags.flatMap((tag) => [
        element('h2', {}, tag),
        ...shown.filter(({ operation }) => operation.tags[0] === tag).map(entry),
      ]),
    );
  };
  filter.addEventListener('input', draw);
  draw();
  addEventListener('keydown', (event) => {
    const typing = /^(INPUT|TEXTAREA)$/.test(document.activeElement?.tagName ?? '');
    if (event.key !== '/' || typing) return;
    event.preventDefault();
    filter.focus();
  });
  const menu = find('menu');
  const open = (state) => {
    find('nav').classList.toggle('open', state);
    menu.setAttribute('aria-expanded', String(state));
  };
  menu.addEventListener('click', () => open(!find('nav').classList.contains('open')));
  find('operations').addEventListener('click', () => open(false));
  follow();
}

function entry({ method, operation }) {
  return element(
    'a',
    { href: `#${operation.operationId}` },
    element('span', { class: `method ${method}` }, method.toUpperCase()),
    operation.summary,
  );
}

/** Marks the operation that is on the screen. */
function follow() {
  const observer = new IntersectionObserver(
    (entries) => {
      const visible = entries.find(({ isIntersecting }) => isIntersecting);
      if (visible === undefined) return;
      for (const link of find('operations').querySelectorAll('a')) {
        const current = link.getAttribute('href') === `#${visible.target.id}`;
        link.setAttribute('aria-current', String(current));
      }
    },
    { rootMargin: '-10% 0px -80% 0px' },
  );
  for (const node of document.querySelectorAll('.operation')) observer.observe(node);
}

function login(loginUrl) {
  const dialog = find('login');
  const form = find('login-form');
  const problem = find('login-error');
  const use = (token) => {
    session.token = token.trim();
    problem.textContent = '';
    form.reset();
    dialog.close();
  };
  find('login-open').addEventListener('click', () => dialog.showModal());
  find('login-cancel').addEventListener('click', () => dialog.close());
  find('token-use').addEventListener('click', () => use(form.elements.token.value));
  find('logout').addEventListener('click', () => use(''));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const { email, password } = Object.fromEntries(new FormData(form));
    try {
      const response = await fetch(new URL('/v1/sessions', loginUrl), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ email, password }),
      });
      const answer = await response.json();
      if (response.ok) use(answer.accessToken);
      else problem.textContent = answer.detail;
    } catch (error) {
      problem.textContent = `The write API does not answer: ${error.message}`;
    }
  });
  const show = () => {
    const who = claims();
    find('who').textContent =
      who === null ? 'Not logged in' : `${who.sub} (${who.roles.join(', ')})`;
    find('login-open').textContent = who === null ? 'Log in' : 'Session';
  };
  addEventListener('session-changed', show);
  show();
}

start().catch((error) => {
  find('content').replaceChildren(
    element('p', { class: 'error' }, `The reference could not be loaded: ${error.message}`),
  );
});
