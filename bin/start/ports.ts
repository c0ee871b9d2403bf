import { join } from 'node:path';
import { type ChosenPorts, choosePorts, type PortWish } from '../../embedded/supervisor/index.ts';
import { partsHere, type StartEnvironment } from './options.ts';

export type PortName =
  | 'write-api'
  | 'read-api'
  | 'postgres'
  | 'event-store'
  | 'stripe-sandbox'
  | 'mailbox-smtp'
  | 'mailbox-http'
  | 'nats';

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
  return choosePorts(
    portWishes(env).filter(({ name }) => runs[name]),
    join(dataDir, 'ports.json'),
  );
}

function portWishes(env: StartEnvironment): PortWish<PortName>[] {
  return [
    {
      name: 'write-api',
      title: 'write-api',
      usual: 4000,
      asked: env.WRITE_API_PORT,
      prefer: 'usual',
    },
    {
      name: 'read-api',
      title: 'read-api',
      usual: 4001,
      asked: env.READ_API_PORT,
      prefer: 'usual',
    },
    {
      name: 'postgres',
      title: 'Postgres',
      usual: 25_432,
      asked: env.POSTGRES_PORT,
      prefer: 'last',
    },
    {
      name: 'event-store',
      title: 'the event store',
      usual: 2113,
      asked: env.EVENTSTORE_PORT,
      prefer: 'last',
    },
    {
      name: 'stripe-sandbox',
      title: 'the Stripe sandbox',
      usual: 12_111,
      asked: env.STRIPE_SANDBOX_PORT,
      prefer: 'last',
    },
    {
      name: 'mailbox-smtp',
      title: 'SMTP',
      usual: 1025,
      asked: env.MAILBOX_SMTP_PORT,
      prefer: 'last',
    },
    {
      name: 'mailbox-http',
      title: 'the mailbox',
      usual: 8025,
      asked: env.MAILBOX_HTTP_PORT,
      prefer: 'last',
    },
    {
      name: 'nats',
      title: 'NATS',
      usual: 4222,
      asked: env.NATS_PORT,
      prefer: 'last',
    },
  ];
}
