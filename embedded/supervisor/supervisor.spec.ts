import { describe, expect, test, vi } from 'vitest';
import { definePart, type Exit, inProcess, type Part, type PartSpec } from './part.ts';
import { createSupervisor, type PartEvent, PartFailed } from './supervisor.ts';

/** A part made of promises: what it does at its start, and how it goes away. */
function fakePart(name: string, needs: Part<unknown>[] = [], spec: Partial<PartSpec<string>> = {}) {
  const lives: PromiseWithResolvers<Exit>[] = [];
  const part = definePart({
    name,
    title: name,
    needs,
    async start() {
      const life = Promise.withResolvers<Exit>();
      lives.push(life);
      return {
        value: `${name}#${lives.length}`,
        exited: life.promise,
        stop: async () => life.resolve({ code: 0, signal: null }),
        kill: (signal) => life.resolve({ code: null, signal }),
      };
    },
    ...spec,
  });
  const die = () => lives.at(-1)?.resolve({ code: null, signal: 'SIGKILL' });
  return { part, lives, die };
}

function supervise(parts: Part<unknown>[]) {
  const events: PartEvent[] = [];
  const supervisor = createSupervisor({
    parts,
    onEvent: (event) => events.push(event),
    backOffMs: [1, 5, 10],
  });
  const order = (type: PartEvent['type']) =>
    events.filter((event) => event.type === type).map((event) => event.part);
  return { supervisor, events, order };
}

test('starts parts after what they need, and stops them before it', async () => {
  const database = fakePart('database');
  const store = fakePart('store', [database.part]);
  const api = fakePart('api', [store.part, database.part]);
  const { supervisor, order } = supervise([api.part, store.part, database.part]);

  expect(await supervisor.start()).toBe('up');
  expect(order('ready')).toEqual(['database', 'store', 'api']);
  expect(api.part.value()).toBe('api#1');
  await supervisor.stop();
  expect(order('stopped')).toEqual(['api', 'store', 'database']);
});

test('independent parts start side by side', async () => {
  const gate = Promise.withResolvers<void>();
  const started: string[] = [];
  const meet = (name: string) =>
    fakePart(name, [], {
      async start() {
        started.push(name);
        if (started.length === 2) gate.resolve();
        await gate.promise;
        return inProcess(name, async () => undefined);
      },
    }).part;
  const { supervisor } = supervise([meet('mailbox'), meet('sandbox')]);
  // One after the other would wait for ever.
  expect(await supervisor.start()).toBe('up');
});

test('a part that goes away unasked is started again, and says so', async () => {
  const database = fakePart('database');
  const { supervisor, events, order } = supervise([database.part]);
  await supervisor.start();
  for (const life of [2, 3, 4]) {
    database.die();
    await vi.waitFor(() => expect(database.part.value()).toBe(`database#${life}`));
  }
  expect(order('exited')).toHaveLength(3);
  const waits = events.flatMap((event) => (event.type === 'exited' ? [event.retryInMs] : []));
  expect(waits).toEqual([1, 5, 10]);
  await supervisor.stop();
  expect(database.lives).toHaveLength(4);
});

test('a part that is down holds up the restart of those that need it', async () => {
  const database = fakePart('database');
  const reopen = Promise.withResolvers<void>();
  const start = database.part.start;
  const slow = definePart({
    ...database.part,
    async start(context) {
      if (context.attempt > 1) await reopen.promise;
      return start(context);
    },
  });
  const api = fakePart('api', [slow]);
  const { supervisor, events, order } = supervise([slow, api.part]);
  await supervisor.start();
  database.die();
  await vi.waitFor(() => expect(order('exited')).toEqual(['database']));
  api.die();
  await vi.waitFor(() => expect(order('exited')).toEqual(['database', 'api']));
  reopen.resolve();
  await vi.waitFor(() => expect(order('ready')).toEqual(['database', 'api', 'database', 'api']));
  expect(events.filter((event) => event.type === 'failed')).toEqual([]);
  await supervisor.stop();
});

describe('a first start that fails', () => {
  const failing = (critical: boolean) =>
    fakePart('broken', [], {
      critical,
      start: async ({ attempt }) => {
        if (critical || attempt < 3) throw new Error('no disk');
        return inProcess('at last', async () => undefined);
      },
    }).part;

  test('ends the whole when the part is critical, and stops what runs', async () => {
    const database = fakePart('database');
    const needy = fakePart('needy', [database.part]);
    const broken = failing(true);
    const { supervisor, order } = supervise([database.part, needy.part, broken]);
    await expect(supervisor.start()).rejects.toThrow(new PartFailed('broken: no disk'));
    expect(order('stopped')).toContain('database');
    expect(database.lives).toHaveLength(1);
  });

  test('is tried again when it is not', async () => {
    const database = fakePart('database');
    const part = failing(false);
    const { supervisor, order } = supervise([database.part, part]);
    expect(await supervisor.start()).toBe('up');
    await vi.waitFor(() => expect(part.value()).toBe('at last'));
    expect(order('failed')).toEqual(['broken', 'broken']);
    await supervisor.stop();
  });
});

test('stop in the middle of a start lets it give up, and starts nothing more', async () => {
  const slow = fakePart('slow', [], {
    start: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('given up')));
      }),
  });
  const after = fakePart('after', [slow.part]);
  const { supervisor, order } = supervise([slow.part, after.part]);
  const started = supervisor.start();
  await vi.waitFor(() => expect(order('starting')).toEqual(['slow']));
  await supervisor.stop();
  expect(await started).toBe('stopped');
  expect(after.lives).toHaveLength(0);
});

test('a part that does not stop in its time is killed, and the rest still stops', async () => {
  const database = fakePart('database');
  const life = Promise.withResolvers<Exit>();
  const stuck = fakePart('stuck', [database.part], {
    stopPatienceMs: 20,
    start: async () => ({
      value: 'stuck',
      exited: life.promise,
      stop: () => new Promise<void>(() => undefined),
      kill: (signal) => life.resolve({ code: null, signal }),
    }),
  });
  const { supervisor, events, order } = supervise([database.part, stuck.part]);
  await supervisor.start();
  await supervisor.stop();
  expect(await life.promise).toEqual({ code: null, signal: 'SIGKILL' });
  expect(events).toContainEqual(expect.objectContaining({ type: 'killed', part: 'stuck' }));
  expect(order('stopped')).toEqual(['stuck', 'database']);
});

test('hurry kills what is still there', async () => {
  const life = Promise.withResolvers<Exit>();
  const stuck = fakePart('stuck', [], {
    start: async () => ({
      value: 'stuck',
      exited: life.promise,
      stop: async () => void (await life.promise),
      kill: (signal) => life.resolve({ code: null, signal }),
    }),
  });
  const { supervisor, order } = supervise([stuck.part]);
  await supervisor.start();
  const stopped = supervisor.stop();
  await vi.waitFor(() => expect(order('stopping')).toEqual(['stuck']));
  supervisor.hurry();
  await stopped;
  expect(await life.promise).toEqual({ code: null, signal: 'SIGKILL' });
});

test('a value that was not waited for is a mistake with a name', () => {
  expect(() => fakePart('database').part.value()).toThrow('database has not been started yet');
});
