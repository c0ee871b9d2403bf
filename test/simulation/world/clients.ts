import { isDeepStrictEqual } from 'node:util';
import {
  CommandRefused,
  type CommandResult,
  OutcomeUnknown,
  Overloaded,
  type Principal,
} from '../../../commands/_runtime/index.ts';
import { EventStoreUnavailableError } from '../../../platform/event-store/index.ts';
import { StripeUnavailableError } from '../../../platform/stripe/index.ts';
import type { Chance } from './chance.ts';
import { ConnectionCutError, type Writer } from './processes.ts';
import type { Owner, Scheduler } from './scheduler.ts';

export type Wish = {
  readonly command: string;
  readonly params: object;
  readonly body: object;
  readonly principal: Principal;
  readonly key: string;
};

/** What a client was told, and by whom. */
export type Told = Wish & { readonly reply: unknown; readonly position: bigint | null };

export type Clients = {
  /** Sends a command as a good client does: what has no certain answer is sent again, with the same key. */
  send(wish: Wish, then?: (told: Told) => void): void;
  /** Sends an answered command once more, to any process: the answer has to be the same. */
  repeat(told: Told): void;
  readonly told: readonly Told[];
  /** How many wait for an answer. */
  open(): number;
  readonly complaints: readonly string[];
};

const person: Owner = { name: 'clients', alive: true, outside: true };
const PAUSES_MS = [50, 500, 2000, 5000, 10_000, 30_000, 60_000, 120_000];

/** Nobody knows what became of it: the same key will tell. */
const uncertain = [
  ...[ConnectionCutError, OutcomeUnknown, Overloaded],
  ...[StripeUnavailableError, EventStoreUnavailableError],
];

export function createClients(options: {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly writers: readonly Writer[];
  readonly onTold: (told: Told) => string | null;
}): Clients {
  const { scheduler, chance, writers, onTold } = options;
  const answered: Told[] = [];
  const complaints: string[] = [];
  let open = 0;

  const complain = (wish: Wish, what: string): void =>
    void complaints.push(`${wish.command} (${wish.key}): ${what}`);

  const compare = (told: Told, before: Told): void => {
    if (isDeepStrictEqual(told.reply, before.reply)) return;
    const [first, second] = [before.reply, told.reply].map((reply) => JSON.stringify(reply));
    complain(told, `the repeat answers ${second}, the first time it was ${first}`);
  };

  const attempt = async (wish: Wish): Promise<CommandResult | Error> => {
    const { command, params, body, principal, key } = wish;
    const writer = writers[chance.below(writers.length)];
    if (writer === undefined) throw new RangeError('there is no write API');
    return writer
      .ask(({ bus }) => bus.execute(command, { params, body }, { principal, key }))
      .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  };

  const pursue = async (wish: Wish, then: (told: Told) => void): Promise<void> => {
    for (const pause of PAUSES_MS) {
      const result = await attempt(wish);
      if (!(result instanceof Error)) {
        const told = { ...wish, reply: result.reply, position: result.position };
        const trouble = onTold(told);
        if (trouble !== null) complain(wish, trouble);
        then(told);
        return;
      }
      if (result instanceof CommandRefused) {
        scheduler.note('clients', `${wish.command} is refused: ${result.rejection.code}`);
        return;
      }
      if (!uncertain.some((kind) => result instanceof kind)) {
        complain(wish, `${result.name}: ${result.message}`);
        return;
      }
      await new Promise<void>((resolve) => {
        const label = `${wish.command} once more`;
        scheduler.at(scheduler.now() + pause, { owner: person, label, run: resolve });
      });
    }
  };

  const start = (label: string, wish: Wish, then: (told: Told) => void): void => {
    open += 1;
    const run = (): void => {
      void pursue(wish, then).finally(() => {
        open -= 1;
      });
    };
    scheduler.ready({ owner: person, label, run });
  };

  return {
    send: (wish, then = () => undefined) =>
      start(wish.command, wish, (told) => {
        answered.push(told);
        scheduler.note('clients', `${told.command} is done`);
        then(told);
      }),
    repeat: (told) => start(`${told.command} repeated`, told, (again) => compare(again, told)),
    told: answered,
    open: () => open,
    complaints,
  };
}
