import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProjections } from '../../projections/_runtime/index.ts';
import { projections } from '../../projections/index.ts';
import { type LogOfRecord, startLogOfRecord } from '../support/log-of-record.ts';
import { ops, type Said } from './cli.ts';

let log: LogOfRecord;
beforeAll(async () => {
  log = await startLogOfRecord();
});
afterAll(() => log?.stop());

const run = (...args: string[]): Promise<Said> =>
  ops(args, { env: { EVENTSTORE_URL: log.url, DATABASE_URL: log.databaseUrl } });

test.each([
  ['projections', 'pause', 'articles'],
  ['projections', 'resume', 'articles'],
  ['projections', 'rebuild', 'articles', '--yes'],
  ['projections', 'compare', 'articles'],
  ['projections', 'switch', 'articles', '--to', '1'],
  ['projections', 'parked', '--json'],
  ['projections', 'unpark', '--all'],
  ['events', 'show', '1'],
  ['finance', 'verify', '--all'],
])('%s %s of a database without tables says what to start', async (...args) => {
  const said = await run(...args);
  expect(said).toMatchObject({ code: 3, out: '' });
  expect(said.err).toMatch(/start the role projections/);
  expect(said.err.trim()).not.toContain('\n');
});

test('what is not there is said to be so, and what is paused', async () => {
  const running = await startProjections({
    ...{ eventStore: log.eventStore, url: log.databaseUrl, definitions: projections, log: log.log },
  });
  try {
    const event = await run('events', 'show', 'activity-a@999999999999');
    expect(event).toMatchObject({ code: 1, out: '' });
    expect(event.err).toMatch(/^There is no such event/);
    expect(await run('projections', 'rebuild', 'nope', '--yes')).toMatchObject({
      ...{ code: 2, err: expect.stringMatching(/^there is no projection "nope"/) },
    });
    expect(await run('projections', 'pause', 'articles')).toMatchObject({ code: 0 });
    expect(await run('projections', 'rebuild', 'articles', '--yes')).toMatchObject({
      ...{ code: 3, err: expect.stringContaining('it is paused') },
    });
  } finally {
    await running.stop();
  }
});
