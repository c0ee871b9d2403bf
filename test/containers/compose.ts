import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import {
  DockerComposeEnvironment,
  type StartedDockerComposeEnvironment,
  Wait,
} from 'testcontainers';
import type { TestPlatform } from '../support/platform.ts';
import { removeFolder } from '../support/remove-folder.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

export type ComposedPlatform = {
  /** As the acceptance tests' driver knows it. There are no processes of this machine to kill. */
  readonly platform: TestPlatform;
  readonly mailpitUrl: string;
  readonly prometheusUrl: string;
  readonly started: StartedDockerComposeEnvironment;
  stop(): Promise<void>;
};

const services = [
  ...['event-store', 'postgres', 'nats', 'write-api', 'read-api', 'projections', 'sagas'],
  ...['prometheus', 'stripe-sandbox', 'mail'],
];
const published = ['WRITE_API', 'READ_API', 'PROMETHEUS', 'STRIPE_SANDBOX', 'MAILBOX_HTTP'];

/** `sh deploy/make-secrets.sh && docker compose up --build`, on free ports, under a name of its own. */
export async function composeUp(): Promise<ComposedPlatform> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-compose-'));
  try {
    const secretsFile = join(folder, '.env');
    execFileSync('sh', [join(repository, 'deploy/make-secrets.sh'), secretsFile]);
    const secrets = parseEnv(await readFile(secretsFile, 'utf8'));
    // The driver takes Stripe's keys from the file that `npm start` writes.
    await writeFile(join(folder, 'secrets.json'), JSON.stringify(secrets));
    const healthy = services.reduce(
      (environment, name) => environment.withWaitStrategy(`${name}-1`, Wait.forHealthCheck()),
      new DockerComposeEnvironment(repository, 'docker-compose.yml')
        .withEnvironmentFile(secretsFile)
        .withEnvironment(Object.fromEntries(published.map((name) => [`${name}_PORT`, '0'])))
        .withProfiles('sandbox')
        .withBuild()
        .withStartupTimeout(300_000),
    );
    const started = await healthy.up();
    const url = (service: string, port: number) => {
      const container = started.getContainer(`${service}-1`);
      return `http://${container.getHost()}:${container.getMappedPort(port)}`;
    };
    const stop = async () => {
      await started.down({ removeVolumes: true });
      removeFolder(folder);
    };
    const elsewhere = () => {
      throw new Error('the parts run in containers');
    };
    return {
      platform: {
        writeUrl: url('write-api', 4000),
        readUrl: url('read-api', 4001),
        stripeUrl: url('stripe-sandbox', 12_111),
        // Mailpit has another interface than our mailbox: see mailpitUrl.
        mailboxUrl: '',
        eventStoreUrl: '',
        databaseUrl: '',
        analystUrl: '',
        adminEmail: secrets['ADMIN_EMAIL'] ?? '',
        adminPassword: secrets['ADMIN_PASSWORD'] ?? '',
        ...{ dataDir: folder, pids: {}, lines: [], stop },
        kill: elsewhere,
        restarted: elsewhere,
      },
      mailpitUrl: url('mail', 8025),
      prometheusUrl: url('prometheus', 9090),
      started,
      stop,
    };
  } catch (error) {
    removeFolder(folder);
    throw error;
  }
}
