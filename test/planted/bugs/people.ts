import { asserts, type PlantedBug } from '../bug.ts';

const codec = 'platform/event-store/codec.ts';

/** What is stored for ever, whose it is, and who may see it. */
export const peopleBugs: readonly PlantedBug[] = [
  {
    name: 'stores-names-in-clear',
    property: 'personal-data',
    invariant: 'No name and no address stands in the log in clear.',
    file: codec,
    find: "$sealed: seal(key, Buffer.from(JSON.stringify(value), 'utf8'), aad).toString(\n                'base64',\n              ),",
    replace: '$sealed: JSON.stringify(value),',
    spec: 'commands/_runtime/command-path.spec.ts',
    test: 'stores no name and no address in the clear',
    red: asserts,
  },
  {
    name: 'takes-a-future-version',
    property: 'schema',
    invariant: 'A version that this release does not know is never decoded.',
    file: 'domain/_kernel/catalogue.ts',
    find: 'if (version > definition.version) {',
    replace: 'if (version > definition.version + 100) {',
    spec: 'domain/_kernel/catalogue.spec.ts',
    red: asserts,
  },
  {
    name: 'accepts-any-change-of-a-schema',
    property: 'schema',
    invariant: 'A change that stored events would not survive is refused.',
    file: 'tools/schemas/compare.ts',
    find: 'const breaks = (text: string): Change => ({ text, widening: false });',
    replace: 'const breaks = (text: string): Change => ({ text, widening: true });',
    spec: 'tools/schemas/compare.spec.ts',
    red: asserts,
  },
  {
    name: 'lets-a-personal-mark-go',
    property: 'personal-data',
    invariant: 'A personal mark that goes is refused: the value would be stored in clear.',
    file: 'tools/schemas/compare.ts',
    find: 'const lost = old.filter((mark) => !now.includes(mark));',
    replace: 'const lost = old.filter((mark) => now.includes(`${mark}?`));',
    spec: 'tools/schemas/compare.spec.ts',
    test: 'a personal mark that comes or goes breaks',
    red: asserts,
  },
  {
    name: 'allows-what-nobody-was-allowed',
    property: 'access',
    invariant: 'A route that does not say who may use it is not built.',
    file: 'platform/http/server.ts',
    find: "if (method === 'OPTIONS' || config?.access !== undefined) return;",
    replace: 'if (method !== undefined) return;',
    spec: 'platform/http/server.spec.ts',
    red: asserts,
  },
  {
    name: 'lets-in-nobodies',
    property: 'access',
    invariant: 'Nobody is let in without a token where one is needed.',
    file: 'platform/http/auth.ts',
    find: "if (caller.kind === 'anonymous') throw unauthenticated();",
    replace: "if (caller.kind === 'anonymous') return;",
    spec: 'read-api/read-api.spec.ts',
    red: asserts,
  },
];
