import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { type ComposeFile, readCompose, type Service } from './containers/compose.ts';
import { contentProblems } from './containers/contents.ts';
import {
  dockerfileProblems,
  entryOf,
  lineage,
  readDockerfile,
  type Stage,
} from './containers/dockerfile.ts';
import type { Variables } from './containers/interpolate.ts';
import { missingRoles, readRole, unknownVariables } from './containers/roles.ts';
import { scrapeProblems } from './containers/scrape.ts';
import { linkProblems, publishedPorts, serviceProblems } from './containers/services.ts';
import { projectFiles, readText } from './files.ts';
import { count, type Outcome, runTool, type Step, type StepContext } from './step.ts';

/**
 * What `docker compose up` would find out after minutes, without Docker: the Compose file and the
 * Dockerfile are held against the configuration schema, the roles, the imports and the lock file's
 * Node.
 */
export const containers: Step = {
  name: 'containers',
  what: 'docker-compose.yml and Dockerfile: variables, roles, ports, volumes, what the image carries',
  run: checkContainers,
};

const needed = [
  ...['docker-compose.yml', 'Dockerfile', '.dockerignore', 'deploy/make-secrets.sh'],
  'deploy/prometheus.yml',
];
const application = 'bin/role.ts';

async function checkContainers({ root }: StepContext): Promise<Outcome> {
  const absent = needed.filter((file) => !existsSync(join(root, file)));
  if (absent.length > 0)
    return outcome(
      '',
      absent.map((file) => `${file} is not there`),
    );
  const read = (file: string) => readText(root, file);
  const secrets = await freshSecrets(root);
  const { file, findings } = readCompose(await read('docker-compose.yml'), secrets);
  const stages = readDockerfile(await read('Dockerfile'));
  const services = file?.services ?? {};
  const targets = new Set(
    Object.values(services).flatMap(({ build }) => (build === undefined ? [] : [build.target])),
  );
  const { node = '' } = (JSON.parse(await read('package.json')) as Manifest).dependencies ?? {};
  const images = dockerfileProblems(stages, targets, node);
  const contents = await contentProblems(stages, targets, {
    files: await projectFiles(root),
    ignore: await read('.dockerignore'),
    read,
  });
  const composed = file === undefined ? undefined : composeProblems(file, stages);
  const scraped =
    composed === undefined
      ? []
      : scrapeProblems(
          await read('deploy/prometheus.yml'),
          composed.ports,
          new Set(Object.keys(services)),
        );
  return outcome(
    `${count(Object.keys(services).length, 'service')}, ${count(targets.size, 'image')}`,
    [
      ...[...findings, ...(composed?.problems ?? [])].map((text) => `docker-compose.yml: ${text}`),
      ...[...images, ...contents].map((text) => `Dockerfile: ${text}`),
      ...scraped.map((text) => `deploy/prometheus.yml: ${text}`),
    ],
  );
}

type Manifest = { readonly dependencies?: Readonly<Record<string, string>> };

/** The variables a person has after the first line of the how-to, made by the script itself. */
async function freshSecrets(root: string): Promise<Variables> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-secrets-'));
  try {
    const file = join(folder, '.env');
    const { code, output } = await runTool('sh', ['deploy/make-secrets.sh', file], { cwd: root });
    if (code !== 0) throw new Error(`deploy/make-secrets.sh failed:\n${output}`);
    return parseEnv(await readFile(file, 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function composeProblems(
  file: ComposeFile,
  stages: readonly Stage[],
): { problems: string[]; ports: Map<string, number> } {
  const { services } = file;
  const { ports: published, findings } = publishedPorts(services);
  const problems = [...findings, ...linkProblems(services)];
  const ports = new Map<string, number>();
  const running: string[] = [];
  for (const [name, service] of Object.entries(services)) {
    const say = (lines: readonly string[]) =>
      problems.push(...lines.map((line) => `${name}: ${line}`));
    say(serviceProblems(service, file));
    if (service.build === undefined) continue;
    if (entryOf(lineage(stages, service.build.target)) !== application) {
      say(unknownVariables(service));
      continue;
    }
    const role = readRole(service);
    running.push(...role.roles);
    say(role.findings);
    if (role.port !== undefined) {
      ports.set(name, role.port);
      const own = published.filter((each) => each.service === name);
      say(portProblems(service, role.port, own));
    }
  }
  return { problems: [...problems, ...missingRoles(running)], ports };
}

/** A role answers on one port, and is asked there by everybody. */
function portProblems(
  { healthcheck }: Service,
  port: number,
  published: readonly { readonly target: number }[],
): string[] {
  const asked = healthcheck?.test.join(' ') ?? '';
  return [
    ...(asked.includes(`:${port}/health/ready`)
      ? []
      : [`its healthcheck does not ask port ${port}`]),
    ...published
      .filter(({ target }) => target !== port)
      .map(({ target }) => `publishes ${target}, but answers on ${port}`),
  ];
}

function outcome(summary: string, problems: readonly string[]): Outcome {
  if (problems.length === 0) return { ok: true, summary };
  return {
    ok: false,
    summary: count(problems.length, 'finding'),
    output: problems.map((problem) => `  ${problem}`).join('\n'),
    advice: 'docs/how-to/run-in-containers.md tells what belongs where.',
  };
}
