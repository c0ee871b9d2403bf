import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isMissing, replaceDurably } from '../../embedded/durable-file.ts';
import { dataFolderOwner } from '../../embedded/supervisor/index.ts';

/** Where a start of this data folder has put everything: for `npm run ops`, which is another process. */
const addressesFile = z.object({
  /** Of the supervisor. */
  pid: z.int(),
  startedAt: z.iso.datetime(),
  /** By the names of the configuration. */
  variables: z.record(z.string(), z.string()),
  /** Those that came from the start's own environment: they may be secrets, so they are only named. */
  given: z.array(z.string()),
});

export type Announced = z.output<typeof addressesFile>;

const pathIn = (dataDir: string): string => join(dataDir, 'addresses.json');

/** Chosen by the start, whatever the environment asked for; never a secret. */
const chosen = ['WRITE_API_PORT', 'READ_API_PORT', 'ADMIN_EMAIL', 'DATA_DIR'];

/** Leaves the addresses in the data folder while the platform is up. The file is only for its owner. */
export function announce(
  dataDir: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): { up(variables: Readonly<Record<string, string>>): Promise<void>; down(): Promise<void> } {
  const isGiven = (name: string) => !chosen.includes(name) && (env[name] ?? '') !== '';
  return {
    up: async (variables) => {
      const known = Object.entries(variables).filter(([name]) => !isGiven(name));
      const file: Announced = {
        pid: process.pid,
        startedAt: new Date().toISOString(),
        variables: Object.fromEntries(known),
        given: Object.keys(env).filter((name) => announcedNames.has(name) && isGiven(name)),
      };
      await replaceDurably(pathIn(dataDir), `${JSON.stringify(file, null, 2)}\n`);
    },
    down: () => rm(pathIn(dataDir), { force: true }),
  };
}

/** What a start may be given from outside instead of choosing it. */
const announcedNames = new Set([
  ...['EVENTSTORE_URL', 'DATABASE_URL', 'KEYS_DATABASE_URL', 'NATS_URL', 'SMTP_URL'],
  ...['STRIPE_API_BASE', 'STRIPE_SECRET_KEY', 'STRIPE_PUBLISHABLE_KEY', 'STRIPE_WEBHOOK_SECRET'],
  ...['KEYS_MASTER_KEY', 'TOKEN_SIGNING_KEY', 'TICKET_SIGNING_KEY', 'GIFT_CODE_SECRET'],
  ...['BLIND_INDEX_KEY', 'ADMIN_PASSWORD'],
]);

/**
 * What a running platform left in its data folder; null: none is up there. A file that a killed
 * start left behind is not believed: the folder's lock says who lives.
 */
export async function announcedIn(dataDir: string): Promise<Announced | null> {
  const owner = await dataFolderOwner(dataDir);
  if (owner === undefined) return null;
  let text: string;
  try {
    text = await readFile(pathIn(dataDir), 'utf8');
  } catch (error) {
    // Starting: it is left there once everything answers.
    if (isMissing(error)) return null;
    throw error;
  }
  const announced = addressesFile.parse(JSON.parse(text));
  return announced.pid === owner ? announced : null;
}
