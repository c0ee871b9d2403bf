import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { isMissing } from '../../../embedded/durable-file.ts';
import { dataFolderOwner, secretsSchema } from '../../../embedded/supervisor/index.ts';
import { environmentSchema } from '../../../platform/config/schema.ts';
import { type Announced, announcedIn } from '../../start/addresses-file.ts';
import { UsageError } from '../../start/options.ts';
import { UnavailableError } from './unavailable.ts';

type Names = typeof environmentSchema.shape;

/** The running platform, as its configuration: what the environment says, else what it left in its data folder. */
export type Installation = {
  readonly dataDir: string;
  /** What a start left in the data folder; null: no start is up there. */
  readonly announced: Announced | null;
  /**
   * A variable of the configuration, parsed. Throws an `UnavailableError` when it is not known, a
   * `UsageError` when the environment has something that does not fit.
   */
  read<N extends keyof Names>(name: N): z.output<Names[N]>;
};

/** Each of them says where a platform is; everything else of the configuration has a default or is a secret. */
const places = [
  ...['EVENTSTORE_URL', 'DATABASE_URL', 'PUBLIC_WRITE_URL', 'PUBLIC_READ_URL'],
  ...['WRITE_API_PORT', 'READ_API_PORT'],
];

type Variables = Readonly<Record<string, string | undefined>>;

/** Finds the platform: of the data folder, with the variables of the environment before it. */
export async function findInstallation(
  env: Variables,
  data: string | undefined,
): Promise<Installation> {
  const dataDir = resolve(data ?? (env['DATA_DIR'] || '.data'));
  const announced = await announcedIn(dataDir);
  const starting = announced === null && (await dataFolderOwner(dataDir)) !== undefined;
  const left: Variables =
    announced === null ? {} : { ...(await secretsIn(dataDir, announced)), ...announced.variables };
  const textOf = (name: string): string | undefined => env[name] || left[name];
  const located = announced !== null || places.some((name) => (env[name] ?? '') !== '');
  return {
    dataDir,
    announced,
    read: (name) => {
      // A default (port 4000) says nothing while nothing else says that there is a platform.
      if (!located) throw new UnavailableError(missing(name, { dataDir, announced, starting }));
      const parsed = environmentSchema.shape[name].safeParse(textOf(name));
      if (parsed.success) return parsed.data as z.output<Names[typeof name]>;
      if (env[name]) {
        throw new UsageError(`${name}: ${parsed.error.issues[0]?.message ?? 'does not fit'}`);
      }
      throw new UnavailableError(missing(name, { dataDir, announced, starting }));
    },
  };
}

function missing(
  name: string,
  {
    dataDir,
    announced,
    starting,
  }: { dataDir: string; announced: Announced | null; starting: boolean },
): string {
  if (starting) return `The platform in ${dataDir} is not up yet: try again when it says Ready.`;
  if (announced === null) {
    return `No platform runs in ${dataDir}: start it with \`npm start\`, name its folder with --data, or set ${name}.`;
  }
  return `${name} was given to the running platform by its environment: set it here, too.`;
}

/** Secrets the start made itself. Those it was given came from its environment and are not there. */
async function secretsIn(dataDir: string, { given }: Announced): Promise<Variables> {
  const path = join(dataDir, 'secrets.json');
  try {
    const secrets = secretsSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    // The three of Stripe are of one account: with one given, none of ours fits.
    const stripe = given.includes('STRIPE_SECRET_KEY');
    const ours = ([name]: [string, string]) =>
      !given.includes(name) && !(stripe && name.startsWith('STRIPE_'));
    return Object.fromEntries(Object.entries(secrets).filter(ours));
  } catch (error) {
    if (isMissing(error)) return {};
    throw error;
  }
}
