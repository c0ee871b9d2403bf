import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../platform/postgres/index.ts';
import { createTestDatabase } from '../../test/support/database.ts';
import { projections } from '../index.ts';
import { requestDueAudit } from './audit.ts';
import { requestPause, requestResume } from './life-cycle.ts';
import { prepareReadModels } from './schema.ts';

test('one audit at a time; one whose projection is paused holds up no other', async () => {
  const database = await createTestDatabase();
  const pool = createPool({ url: database.url, name: 'spec' });
  onTestFinished(async () => {
    await pool.end();
    await database.drop();
  });
  await prepareReadModels(pool, projections);
  await pool.query('update projection.versions set caught_up_at = now()');
  const names = projections.map(({ name }) => name).toSorted();
  const due = (all = projections) => requestDueAudit(pool, all, 0);
  const [first = '', second = ''] = names;

  expect(await due()).toBe(first);
  expect(await due()).toBeNull();
  // Whoever ran it does so no more: the audit stands until it is resumed, which may be next week.
  await requestPause(pool, first);
  const running = projections.filter(({ name }) => name !== first);
  expect(await due(running)).toBe(second);
  expect(await due(running)).toBeNull();
  await pool.query('update projection.rebuilds set finished_at = now() where projection = $1', [
    second,
  ]);
  await requestResume(pool, first);
  expect(await due()).toBeNull();
});
