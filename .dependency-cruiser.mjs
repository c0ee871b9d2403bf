// The arrows between the folders, as tables: docs/architecture.md draws them. Each rule says why it
// exists, and `npm run check -- --only architecture` prints that with every violation.
// Type-only imports count: a type is a dependency too.

/** Specs, their kits and the programs they start may use the test support and the embedded parts. */
const specs = '(\\.spec\\.ts$|/spec-kit\\.ts$|/_fixtures/)';

/** Every folder of source code. `bin`, `test`, `bench` and `tools` may import everything. */
const layers = [
  ...['domain', 'commands', 'projections', 'sagas', 'exporters'],
  ...['write-api', 'read-api', 'platform', 'embedded'],
  ...['bin', 'test', 'bench', 'tools'],
];

/** What a layer may import of the others, and why no more. */
export const arrows = [
  {
    from: 'domain',
    to: [],
    why: 'The domain is pure: events and a command in, events or a rejection out. Whatever needs the outside world is handed in as data, so that a decision can be replayed and tested without it.',
  },
  {
    from: 'commands',
    to: ['domain', 'platform'],
    why: 'A command definition joins a decision to its stream. It knows neither HTTP nor read models nor sagas: routes, documentation and permissions are derived from it, and a decision made on a read model would be made on stale data.',
  },
  {
    from: 'projections',
    to: ['domain', 'platform'],
    why: 'A read model is a function of the log alone: otherwise a rebuild would not give the same tables.',
  },
  {
    from: 'sagas',
    to: ['domain', 'commands', 'platform'],
    why: 'A saga reacts to events and sends commands. It keeps its own state: one that read a projection would act on something that may lag or be rebuilt.',
  },
  {
    from: 'exporters',
    to: ['domain', 'projections', 'platform'],
    why: 'An exporter tells the outside what the log and the read models say; it changes nothing.',
  },
  {
    from: 'write-api',
    to: ['commands', 'projections', 'domain', 'platform'],
    why: 'The write API mounts command definitions. Sagas run on their own: a request never waits for one.',
  },
  {
    from: 'read-api',
    to: ['projections', 'domain', 'platform'],
    why: 'The read API answers from queries and cannot write: it can be scaled and exposed apart.',
  },
  {
    from: 'platform',
    to: ['domain/_kernel'],
    why: 'Adapters know the outside world and the kernel, not the business: the catalogue of events is handed in, so that a new aggregate changes no adapter.',
  },
  {
    from: 'embedded',
    to: ['platform'],
    why: 'The embedded parts stand in for servers that production has elsewhere: they speak a wire protocol and know nothing of the business.',
  },
];

const within = (folders) => `^(${folders.join('|')})/`;

const layerRules = arrows.map(({ from, to, why }) => ({
  name: `${from}-imports-only-${to.length === 0 ? 'itself' : to.join('-').replaceAll('/', '-')}`,
  severity: 'error',
  comment: why,
  from: { path: `^${from}/`, pathNot: specs },
  to: { path: within(layers), pathNot: within([from, ...to]) },
}));

/** Packages that open connections belong to the adapters. */
const clients = [
  '@eventstore/db-client',
  '@grpc/',
  'pg/',
  'stripe/',
  'nodemailer/',
  'smtp-server/',
];

const rules = [
  {
    name: 'domain-needs-no-packages',
    severity: 'error',
    comment:
      'The domain uses zod for its schemas and nothing else: no package, no Node module. What it decides today it must decide in ten years, from the same events.',
    from: { path: '^domain/', pathNot: [specs, '^domain/_kernel/'] },
    to: { dependencyTypes: ['npm', 'npm-dev', 'core'], pathNot: '(^|/)node_modules/zod/' },
  },
  {
    name: 'kernel-computes-only',
    severity: 'error',
    comment:
      'The kernel may hash (node:crypto), because a hash is a function of its input; it does no I/O.',
    from: { path: '^domain/_kernel/', pathNot: specs },
    to: {
      dependencyTypes: ['npm', 'npm-dev', 'core'],
      pathNot: ['(^|/)node_modules/zod/', '^(node:)?crypto$'],
    },
  },
  {
    name: 'kernel-knows-no-aggregate',
    severity: 'error',
    comment:
      'The kernel is machinery for every aggregate; one that knows an aggregate serves only that.',
    from: { path: '^domain/_kernel/', pathNot: specs },
    to: { path: '^domain/', pathNot: '^domain/_kernel/' },
  },
  {
    name: 'aggregates-share-only-events',
    severity: 'error',
    comment:
      'Of another aggregate only its events.ts is public. Its state and decisions are its own: what must be decided together belongs into one aggregate, and what follows elsewhere is a saga.',
    from: { path: '^domain/([^_/][^/]*)/', pathNot: specs },
    to: { path: '^domain/[^_/][^/]*/', pathNot: ['^domain/$1/', '^domain/[^/]+/events\\.ts$'] },
  },
  {
    name: 'aggregates-share-only-types',
    severity: 'error',
    comment:
      'Import the events of another aggregate with `import type`: sharing its schemas would tie the stored form of two streams together.',
    from: { path: '^domain/([^_/][^/]*)/', pathNot: specs },
    to: { path: '^domain/[^_/][^/]*/', pathNot: '^domain/$1/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'aggregates-do-not-see-the-catalogue',
    severity: 'error',
    comment: 'The catalogue is made of the aggregates; an aggregate that reads it makes a circle.',
    from: { path: '^domain/[^_/][^/]*/', pathNot: specs },
    to: { path: '^domain/_catalogue\\.ts$' },
  },
  ...['commands', 'projections', 'sagas', 'exporters', 'write-api', 'read-api'].map((layer) => ({
    name: `${layer}-runtime-knows-no-business`,
    severity: 'error',
    comment:
      'A _runtime folder is machinery: definitions are handed to it. If it knew one of them, adding the next would mean editing the machinery.',
    from: { path: `^${layer}/_runtime/`, pathNot: specs },
    to: { path: [`^${layer}/[^_]`, '^domain/[^_]', '^(commands|projections|sagas)/[^_]'] },
  })),
  {
    name: 'read-models-are-asked-through-queries',
    severity: 'error',
    comment:
      'Outside of projections/ a read model is its query.ts: tables are versioned and switched, so only the query knows which one is live.',
    from: { path: '^(exporters|write-api|read-api)/', pathNot: specs },
    to: { path: '^projections/[^_/][^/]*/', pathNot: '/(query|queries)\\.ts$' },
  },
  {
    name: 'servers-stand-alone',
    severity: 'error',
    comment:
      'Event store node, Stripe sandbox and mailbox are wire-level stand-ins for servers of other makers, and the demo is one for client apps. If they shared code with the application, a mistake made on both sides would cancel itself out.',
    from: { path: '^embedded/(event-store|stripe-sandbox|mailbox|demo)/', pathNot: specs },
    to: { path: within(layers), pathNot: '^embedded/' },
  },
  {
    name: 'only-bin-starts-embedded',
    severity: 'error',
    comment:
      'The application has one path: EventStoreDB, Postgres, Stripe and SMTP by URL. Only composition roots (bin/) and tests know that some of them may run on this machine.',
    from: { path: '^', pathNot: ['^(embedded|bin|test|bench|tools)/', specs] },
    to: { path: '^embedded/' },
  },
  {
    name: 'nothing-imports-a-root',
    severity: 'error',
    comment:
      'bin/, test/, bench/ and tools/ are entry points: whatever others need of them belongs into a layer.',
    from: { path: within(arrows.map(({ from }) => from)), pathNot: specs },
    to: { path: '^(bin|test|bench|tools)/' },
  },
  {
    name: 'clients-live-in-platform',
    severity: 'error',
    comment:
      'Connections are opened by platform/ (and by the embedded servers): that is where time-outs, retries, redaction and shutdown are.',
    from: { path: within(layers), pathNot: [specs, '^(platform|embedded|bin|test|bench|tools)/'] },
    // A type of a connection that is handed in opens none.
    to: {
      path: clients.map((name) => `(^|/)node_modules/${name}`),
      dependencyTypesNot: ['type-only'],
    },
  },
  {
    name: 'http-stays-at-the-edge',
    severity: 'error',
    comment:
      'Only the API servers, the platform and the embedded servers know Fastify: a command or query can be called by a saga, a test or another transport as well.',
    from: { path: '^(domain|commands|projections|sagas|exporters)/', pathNot: specs },
    to: { path: '(^|/)node_modules/(@fastify|fastify)' },
  },
  {
    name: 'no-circles',
    severity: 'error',
    comment:
      'Modules that import each other in a circle can only be understood, tested and loaded together.',
    from: {},
    to: { circular: true },
  },
  {
    name: 'no-orphans',
    severity: 'error',
    comment: 'Nothing imports this module and it imports nothing: wire it up or delete it.',
    from: { orphan: true, path: '^(?!bin/|bench/|tools/|test/)[^/]+/.*\\.ts$', pathNot: specs },
    to: {},
  },
  {
    name: 'no-dead-path',
    severity: 'error',
    comment: 'The import leads nowhere. Relative imports name their file with its ending (.ts).',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'no-undeclared-package',
    severity: 'error',
    comment:
      'The package is not in package.json; it is here by accident and may be gone after the next install.',
    from: {},
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'no-dev-package-in-production',
    severity: 'error',
    comment:
      '`npm ci --omit=dev` does not install this package: move it to dependencies or use it only in tests.',
    from: { path: within(layers), pathNot: [specs, '^(test|bench|tools)/'] },
    to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
  },
];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [...layerRules, ...rules],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    preserveSymlinks: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
