import { join } from 'node:path';
import { type ChosenPorts, choosePorts, type PortWish } from '../../embedded/supervisor/index.ts';
import { partsHere, type StartEnvironment } from './options.ts';

type Wish = Pick<PortWish<string>, 'title' | 'usual' | 'prefer'> & {
  readonly variable: Extract<keyof StartEnvironment, `${string}_PORT`>;
};

/** Who listens, where if nobody says otherwise, and the variable that does. */
export const ports = {
  'write-api': { title: 'write-api', usual: 4000, prefer: 'usual', variable: 'WRITE_API_PORT' },
  'read-api': { title: 'read-api', usual: 4001, prefer: 'usual', variable: 'READ_API_PORT' },
  postgres: { title: 'Postgres', usual: 25_432, prefer: 'last', variable: 'POSTGRES_PORT' },
  'event-store': {
    ...{ title: 'the event store', usual: 2113, prefer: 'last', variable: 'EVENTSTORE_PORT' },
  },
  'stripe-sandbox': {
    ...{ title: 'the Stripe sandbox', usual: 12_111, prefer: 'last' },
    variable: 'STRIPE_SANDBOX_PORT',
  },
  'mailbox-smtp': { title: 'SMTP', usual: 1025, prefer: 'last', variable: 'MAILBOX_SMTP_PORT' },
  'mailbox-http': {
    ...{ title: 'the mailbox', usual: 8025, prefer: 'last', variable: 'MAILBOX_HTTP_PORT' },
  },
  nats: { title: 'NATS', usual: 4222, prefer: 'last', variable: 'NATS_PORT' },
} as const satisfies Readonly<Record<string, Wish>>;

export type PortName = keyof typeof ports;

/** Ports of the parts that run here. The port of one that does not may belong to anybody. */
export function chooseStartPorts(
  env: StartEnvironment,
  dataDir: string,
  natsHere: boolean,
): Promise<ChosenPorts<PortName>> {
  const here = partsHere(env);
  const runs: Record<PortName, boolean> = {
    'write-api': true,
    'read-api': true,
    postgres: here.postgres,
    'event-store': here.eventStore,
    'stripe-sandbox': here.sandbox,
    'mailbox-smtp': here.mailbox,
    'mailbox-http': here.mailbox,
    nats: natsHere,
  };
  const names = (Object.keys(ports) as PortName[]).filter((name) => runs[name]);
  return choosePorts(
    names.map((name): PortWish<PortName> => {
      const { variable, ...wish } = ports[name];
      return { name, ...wish, asked: env[variable] };
    }),
    join(dataDir, 'ports.json'),
  );
}
