import type { StoredEvent } from '../../../domain/_kernel/event.ts';
import { type Chance, chanceOf } from './chance.ts';
import { type Clients, createClients } from './clients.ts';
import { createDatabase, type Engine, type SimulatedDatabase } from './database.ts';
import { createStore, type SimulatedStore } from './event-store.ts';
import { createNetwork, type Network } from './faults.ts';
import { createKeys } from './keys.ts';
import { createPostman, type Delivery, type Postman } from './postman.ts';
import { createSagaProcess, createWriter, type Process, type Writer } from './processes.ts';
import { createReadModels, type ReadModels } from './read-models.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { createStripe, type SimulatedStripe } from './stripe.ts';

export type World = {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly network: Network;
  readonly store: SimulatedStore;
  readonly database: SimulatedDatabase;
  readonly stripe: SimulatedStripe;
  readonly postman: Postman;
  readonly clients: Clients;
  readonly writers: readonly Writer[];
  readonly sagas: readonly Process[];
  /** Writers and sagas. */
  readonly processes: readonly Process[];
  readonly readModels: ReadModels;
  /** Decoded, in the order of the log. */
  readonly events: readonly StoredEvent[];
  /** Message ids, in the order in which the mail server took them. */
  readonly mails: readonly string[];
};

/** True time at the beginning of every run. */
export const BEGINNING = Date.parse('2027-03-01T09:00:00.000Z');

/** A world at its beginning: two write APIs and the processes of the sagas, all started, nothing written. */
export async function createWorld(options: {
  readonly engine: Engine;
  readonly seed: number;
  readonly delivery: Delivery;
  readonly sagaProcesses: number;
  /** How many refunds of a hundred the bank sends back. */
  readonly failingRefunds: number;
  readonly onEvent: (event: StoredEvent, world: World) => void;
}): Promise<World> {
  const { engine, delivery, failingRefunds, onEvent } = options;
  const chance = chanceOf(options.seed);
  const scheduler = createScheduler(chance, BEGINNING);
  const network = createNetwork(scheduler, chance);
  const database = await createDatabase({ engine, scheduler, network });
  const readModels = createReadModels();
  const events: StoredEvent[] = [];
  const mails: string[] = [];
  const store = createStore({
    ...{ scheduler, network, keys: createKeys() },
    onStored: (event, ordinal) => {
      events.push(event);
      scheduler.note('log', `${event.stream} ${event.revision} ${event.type}`);
      readModels.apply(event, ordinal);
      onEvent(event, world);
    },
  });
  const stripe = createStripe({
    ...{ scheduler, network, chance, failingRefunds },
    onEvent: (event) => postman.post(event),
  });
  const parts = { scheduler, chance, network, store, database, stripe };
  const surroundings = { ...parts, onMail: (messageId: string) => void mails.push(messageId) };
  const writers = ['write-api A', 'write-api B'].map((name) => createWriter(surroundings, name));
  const sagas = ['sagas A', 'sagas B']
    .slice(0, options.sagaProcesses)
    .map((name) => createSagaProcess(surroundings, name));
  const postman = createPostman({ scheduler, chance, writers, delivery });
  const clients = createClients({
    ...{ scheduler, chance, writers },
    onTold: ({ position }) =>
      position === null || store.all.length >= Number(position)
        ? null
        : `acknowledged at ${position}, where the log has nothing`,
  });
  const world: World = {
    ...{ ...parts, postman, clients, writers, sagas, readModels, events, mails },
    processes: [...writers, ...sagas],
  };
  for (const process of world.processes) process.start();
  return world;
}
