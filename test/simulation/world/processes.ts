import { createHash } from 'node:crypto';
import { type CommandBus, createCommandBus } from '../../../commands/_runtime/index.ts';
import { commands, heard } from '../../../commands/index.ts';
import { createSecrets } from '../../../commands/secrets.ts';
import type { EventStore } from '../../../platform/event-store/index.ts';
import type { Host } from '../../../platform/host/index.ts';
import { createLogger } from '../../../platform/log/index.ts';
import { type Mailer, MailUnavailableError } from '../../../platform/mail/index.ts';
import { gatewayTo, type StripeGateway } from '../../../platform/stripe/index.ts';
import { runSagas } from '../../../sagas/_runtime/index.ts';
import { type StripeInbox, stripeInbox } from '../../../sagas/follow-stripe/inbox.ts';
import { runFollowStripe } from '../../../sagas/follow-stripe/index.ts';
import { sagaEffects, sagas } from '../../../sagas/index.ts';
import type { Chance } from './chance.ts';
import type { SimulatedDatabase } from './database.ts';
import type { SimulatedStore } from './event-store.ts';
import type { Network } from './faults.ts';
import { hostOf, type WallClock } from './process.ts';
import type { Owner, Scheduler } from './scheduler.ts';
import type { SimulatedStripe } from './stripe.ts';

const keyOf = (purpose: string): Buffer => createHash('sha256').update(purpose).digest();
const secrets = createSecrets({
  blindIndexKey: keyOf('blind index'),
  giftCodeSecret: keyOf('gift codes'),
  ticketSigningKey: keyOf('tickets'),
});
const log = createLogger({ level: process.env['LOG_LEVEL'] ?? 'silent', name: 'simulation' });

/** Whoever asks a process that dies gets no answer: the connection is cut. */
export class ConnectionCutError extends Error {
  override readonly name = 'ConnectionCutError';
}

export type Process = {
  readonly name: string;
  readonly clock: WallClock;
  alive(): boolean;
  /** SIGKILL: what it had in memory is gone, what it had sent may arrive. */
  crash(): Promise<void>;
  start(): void;
};

/** A process of the write API: the command path, and the inbox of webhooks. */
export type Writer = Process & {
  /** As a request does: rejects with `ConnectionCutError` when the process dies, or is not there. */
  ask<T>(
    work: (api: { bus: CommandBus; inbox: StripeInbox; host: Host }) => Promise<T>,
  ): Promise<T>;
};

export type Surroundings = {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly network: Network;
  readonly store: SimulatedStore;
  readonly database: SimulatedDatabase;
  readonly stripe: SimulatedStripe;
  /** Told of every mail that the server took. */
  readonly onMail: (messageId: string) => void;
};

type Life = {
  readonly owner: Owner;
  readonly host: Host;
  readonly eventStore: EventStore;
  readonly gateway: StripeGateway;
  readonly bus: CommandBus;
};

/** What a process is made of each time it starts, as `bin/role` puts it together. */
function beginLife(world: Surroundings, name: string, clock: WallClock): Life {
  const { scheduler, chance, store, stripe } = world;
  const owner: Owner = { name, alive: true };
  const host = hostOf({ scheduler, chance, owner, clock });
  const eventStore = store.open(owner, host);
  const gateway = gatewayTo(stripe.open(owner), [], host);
  const passwords = { hash: async () => '', verify: async () => true };
  const bus = createCommandBus({
    ...{ eventStore, commands, heard, log, host },
    ports: { payments: gateway, passwords, secrets },
    hashKey: keyOf('inputs'),
  });
  return { owner, host, eventStore, gateway, bus };
}

/** The lives of one process, one after the other. */
function living(world: Surroundings, name: string, begin: (life: Life) => void) {
  const clock: WallClock = { offset: 0 };
  let life: Life | null = null;
  const cuts = new Set<() => void>();
  return {
    name,
    clock,
    alive: () => life !== null,
    life: () => life,
    cuts,
    start: (): void => {
      if (life !== null) return;
      world.scheduler.note(name, 'starts');
      life = beginLife(world, name, clock);
      begin(life);
    },
    crash: async (): Promise<void> => {
      if (life === null) return;
      const { owner } = life;
      world.scheduler.note(name, 'is killed');
      owner.alive = false;
      life = null;
      world.network.died(owner);
      await world.database.died(owner);
      for (const cut of cuts) cut();
      cuts.clear();
    },
  };
}

export function createWriter(world: Surroundings, name: string): Writer {
  let inbox: StripeInbox | null = null;
  const process = living(world, name, ({ owner, host }) => {
    const { pool } = world.database.open(owner, host);
    inbox = stripeInbox({ pool, key: keyOf('inbox') });
  });
  return {
    ...process,
    ask: (work) =>
      new Promise((resolve, reject) => {
        const life = process.life();
        const cut = (): void => reject(new ConnectionCutError(`${name} is gone`));
        if (life === null || inbox === null) {
          cut();
          return;
        }
        process.cuts.add(cut);
        const over = (): void => void process.cuts.delete(cut);
        work({ bus: life.bus, inbox, host: life.host }).then(resolve, reject).finally(over);
      }),
  };
}

/** A process that runs the sagas and follows Stripe. */
export function createSagaProcess(world: Surroundings, name: string): Process {
  const { database, network, onMail } = world;
  return living(world, name, ({ owner, host, eventStore, gateway, bus }) => {
    const mailer: Mailer = {
      domain: 'pawprint.example',
      close: () => undefined,
      send: ({ messageId }) =>
        network.call({
          ...{ owner, label: 'send mail' },
          work: () => onMail(messageId),
          lost: () => new MailUnavailableError('simulated: the connection was cut'),
        }),
    };
    runSagas({
      ...{ eventStore, bus, log, host, definitions: sagas },
      onHeard: bus.hear,
      database: database.open(owner, host),
      effects: sagaEffects({ eventStore, gateway, mailer, secrets, log }),
    });
    runFollowStripe({
      ...{ gateway, bus, log, host },
      database: database.open(owner, host),
      statementPollSeconds: 60,
    });
  });
}
