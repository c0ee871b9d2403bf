import { calm } from './world/faults.ts';
import type { World } from './world/index.ts';

/** Rounds until rest: each is one look at what is left to do. */
const MOST_ROUNDS = 400;

/** Nothing fails any more, everybody is there, what was held back comes: time goes on until all is done. */
export async function comeToRest(world: World): Promise<void> {
  const { scheduler, network, postman, processes, stripe } = world;
  network.weather = { ...calm };
  for (const process of processes) process.start();
  postman.release();
  for (const { id, status } of stripe.intents.values()) {
    if (status === 'processing') stripe.answerOfBank(id, world.chance.percent(50));
  }
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    await scheduler.settle();
    const next = await nextOf(world);
    if (next === null) return;
    if (next > scheduler.now()) scheduler.leap(next);
    else await scheduler.step();
  }
  throw new RangeError(
    `not at rest after ${MOST_ROUNDS} rounds: ${JSON.stringify(await left(world))}`,
  );
}

type Left = {
  readonly position: number;
  readonly outbox: string | null;
  readonly timer: string | null;
  readonly inbox: string | null;
};

async function left({ database }: World): Promise<Left | undefined> {
  const [row] = await database.look<Left>(
    `select coalesce((select position::int from saga.checkpoints), 0) as position,
            (select min(case when status = 'leased' then lease_until else next_attempt_at end)::text
               from saga.outbox where status in ('pending', 'leased')) as outbox,
            (select min(due_at)::text from saga.timers where status = 'pending') as timer,
            (select min(next_attempt_at)::text from stripe.inbox where status = 'pending') as inbox`,
  );
  return row;
}

/** The moment of true time when something is to be done; now: something is under way. Null: nothing is. */
async function nextOf(world: World): Promise<number | null> {
  const { scheduler, database, sagas, store, clients } = world;
  const now = scheduler.now();
  const row = await left(world);
  if (row === undefined) throw new RangeError('the database gives no row');
  const behind = row.position < store.all.length;
  const outside = scheduler.nextOutside();
  const moments = [
    ...(behind || (clients.open() > 0 && outside === null) ? [now] : []),
    ...(outside === null ? [] : [outside]),
    ...[row.outbox, row.inbox].flatMap((at) =>
      at === null ? [] : [Date.parse(at) - database.clock.offset],
    ),
    // Timers go by the clocks of the sagas' processes: the one that is ahead comes first.
    ...(row.timer === null
      ? []
      : [Date.parse(row.timer) - Math.max(...sagas.map(({ clock }) => clock.offset))]),
  ];
  if (moments.length === 0) return null;
  // Work that is due is seen by the loops that look each second; a leap past it wakes them all.
  return Math.max(now, Math.min(...moments));
}
