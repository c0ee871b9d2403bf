import { execFileSync } from 'node:child_process';
import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import pg from 'pg';
import { projectFiles } from '../../files.ts';
import { type ComposeFile, readCompose } from '../compose.ts';
import { isSent, placeInImage } from '../contents.ts';
import { copies, lineage, readDockerfile, unwanted } from '../dockerfile.ts';

export const repository = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '');

/** The Compose file as a person has it after `sh deploy/make-secrets.sh`. */
export async function composeWithSecrets(folder: string): Promise<ComposeFile> {
  const secrets = join(folder, '.env');
  execFileSync('sh', [join(repository, 'deploy/make-secrets.sh'), secrets]);
  const source = await readFile(join(repository, 'docker-compose.yml'), 'utf8');
  const { file, findings } = readCompose(source, parseEnv(await readFile(secrets, 'utf8')));
  if (file === undefined || findings.length > 0) throw new Error(findings.join('\n'));
  return file;
}

/** Lays out in a folder what `docker build --target` would copy, with the packages it installs. */
export async function layOut(target: string, folder: string): Promise<void> {
  const read = (file: string) => readFile(join(repository, file), 'utf8');
  const copied = copies(lineage(readDockerfile(await read('Dockerfile')), target));
  const ignore = await read('.dockerignore');
  for (const file of await projectFiles(repository)) {
    const place = isSent(ignore, file) ? placeInImage(copied, file) : undefined;
    if (place === undefined) continue;
    await mkdir(join(folder, dirname(place)), { recursive: true });
    await cp(join(repository, file), join(folder, place));
  }
  const { dependencies } = JSON.parse(await read('package.json')) as {
    dependencies: Record<string, string>;
  };
  const left: readonly string[] = unwanted;
  for (const name of Object.keys(dependencies).filter((each) => !left.includes(each))) {
    await mkdir(join(folder, 'node_modules', dirname(name)), { recursive: true });
    await symlink(join(repository, 'node_modules', name), join(folder, 'node_modules', name));
  }
}

/** Runs `deploy/postgres/init.sql` as psql in the Postgres image would. */
export async function initialise(
  superuserUrl: string,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const source = await readFile(join(repository, 'deploy/postgres/init.sql'), 'utf8');
  const variables = new Map<string, string>();
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  try {
    for (const line of source.split('\n')) {
      const [, name, from] = /^\\getenv (\w+) (\w+)$/.exec(line) ?? [];
      if (name !== undefined) variables.set(name, environment[from ?? ''] ?? '');
      else if (line !== '' && !line.startsWith('--')) {
        await client.query(
          line.replace(/:'(\w+)'/g, (_, key: string) => pg.escapeLiteral(variables.get(key) ?? '')),
        );
      }
    }
  } finally {
    await client.end();
  }
}
