import { createHash } from 'node:crypto';
import type { StripeWebhook } from '../../../platform/stripe/index.ts';
import type { Chance } from './chance.ts';
import type { Writer } from './processes.ts';
import type { Owner, Scheduler } from './scheduler.ts';
import type { StripeEvent } from './stripe.ts';

/**
 * How webhooks come. `in-order`: each once, one after the other. `storm`: each five times, shuffled
 * over seconds, every tenth held back until `release`. `lost`: not before `release`.
 */
export type Delivery = 'in-order' | 'storm' | 'lost';

export type Postman = {
  post(event: StripeEvent): void;
  /** What was held back goes out now. */
  release(): void;
  /** What has not been taken in, held back or on its way. */
  waiting(): number;
};

const postman: Owner = { name: 'webhooks', alive: true, outside: true };
const COPIES = 5;
const SPREAD_MS = 8000;
/** Stripe tries again later what was not answered with 2xx. */
const AGAIN_MS = 10_000;

const webhookOf = ({ id, type, object }: StripeEvent): StripeWebhook => ({
  ...{ id, type, object },
  payloadHash: createHash('sha256').update(id).digest('hex'),
});

/** Delivers Stripe's webhooks to either write API, until one of them has stored each. */
export function createPostman(options: {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly writers: readonly Writer[];
  readonly delivery: Delivery;
}): Postman {
  const { scheduler, chance, writers, delivery } = options;
  const held: StripeEvent[] = [];
  const line: StripeEvent[] = [];
  let released = false;
  let waiting = 0;
  let busy = false;

  const hand = (event: StripeEvent, done: () => void): void => {
    const writer = writers[chance.below(writers.length)];
    const again = (): void => {
      scheduler.at(scheduler.now() + AGAIN_MS, {
        ...{ owner: postman, label: `${event.type} again` },
        run: () => hand(event, done),
      });
    };
    if (writer === undefined) return;
    // Not answered with 2xx, for whatever reason: Stripe tries again.
    writer
      .ask(({ inbox }) => inbox.receive(webhookOf(event), Buffer.from(event.id)))
      .then(done, again);
  };

  const deliver = (event: StripeEvent, delay: number): void => {
    waiting += 1;
    scheduler.at(scheduler.now() + delay, {
      ...{ owner: postman, label: `${event.type} for ${event.object.id}` },
      run: () =>
        hand(event, () => {
          waiting -= 1;
        }),
    });
  };

  const next = (): void => {
    const event = line.shift();
    busy = event !== undefined;
    if (event === undefined) return;
    scheduler.ready({
      ...{ owner: postman, label: `${event.type} for ${event.object.id}` },
      run: () =>
        hand(event, () => {
          waiting -= 1;
          next();
        }),
    });
  };

  const posting: Readonly<Record<Delivery, (event: StripeEvent) => void>> = {
    'in-order': (event) => {
      waiting += 1;
      line.push(event);
      if (!busy) next();
    },
    storm: (event) => {
      if (!released && chance.percent(10)) {
        held.push(event);
        return;
      }
      for (let copy = 0; copy < COPIES; copy += 1) deliver(event, chance.below(SPREAD_MS));
    },
    lost: (event) => {
      if (released) deliver(event, 0);
      else held.push(event);
    },
  };

  return {
    post: posting[delivery],
    release: () => {
      released = true;
      for (const event of held.splice(0)) {
        for (let copy = 0; copy < COPIES; copy += 1) deliver(event, chance.below(1000));
      }
    },
    waiting: () => waiting + held.length,
  };
}
