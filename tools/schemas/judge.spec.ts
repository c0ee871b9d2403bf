import { expect, test } from 'vitest';
import { z } from 'zod';
import { buildCatalogue } from '../../domain/_kernel/catalogue.ts';
import { defineEvent, defineEvents, type EventDefinition } from '../../domain/_kernel/event.ts';
import { accepted, type Evidence, judge } from './judge.ts';
import type { Sample } from './samples.ts';

const summary = 'A seat is kept.';
const v1 = defineEvent({ type: 'SeatHeld', summary, data: { seat: z.int() } });
const widened = defineEvent({
  type: 'SeatHeld',
  summary,
  data: { seat: z.int(), note: z.string().optional() },
});
const broken = defineEvent({
  type: 'SeatHeld',
  summary,
  data: { seat: z.int(), row: z.string() },
});
const v2 = (row: unknown, version = 2) =>
  defineEvent({
    type: 'SeatHeld',
    summary,
    version,
    upcasters: { 1: (old) => ({ ...old, row }), 2: (old) => old },
    data: { seat: z.int(), row: z.string() },
  });

const sample = (version: number, data: Record<string, unknown>): Sample => ({
  file: `SeatHeld.v${version}.json`,
  type: 'SeatHeld',
  version,
  data,
});
const one = sample(1, { seat: 7 });
const two = sample(2, { seat: 7, row: 'B' });

const catalogueOf = (event: EventDefinition, category = 'seating') =>
  buildCatalogue([defineEvents(category, [event])]);
const unreleased = { next: '0.1.0', isReleased: () => false };
const released = { next: '0.2.0', isReleased: (version: string) => version === '0.1.0' };
const start: Evidence = {
  catalogue: catalogueOf(v1),
  lock: {},
  samples: [one],
  releases: unreleased,
};

/** Version 1 was accepted for 0.1.0. */
const locked: Evidence = { ...start, lock: accepted(start) };
const remedies = (evidence: Evidence) => judge(evidence).map(({ remedy }) => remedy);
const texts = (evidence: Evidence) =>
  judge(evidence)
    .map(({ text }) => text)
    .join('\n');

test('a new event may be accepted, and then there is nothing to say', () => {
  expect(judge(start)).toEqual([
    { event: 'SeatHeld', text: 'SeatHeld v1 is new.', remedy: 'accept' },
  ]);
  expect(judge(locked)).toEqual([]);
});

test('a changed schema under the same version explains itself', () => {
  const changed = { ...locked, catalogue: catalogueOf(broken), samples: [] };
  expect(texts(changed)).toContain(
    'SeatHeld v1 changed: field `row` was added and is required. Stored events of version 1 would no longer decode. Add version 2 with an upcaster: docs/how-to/change-an-event.md',
  );
});

test('before its release a version may be replaced on demand, with a sample that fits', () => {
  const samples = [sample(1, { seat: 7, row: 'A' })];
  const changed = { ...locked, catalogue: catalogueOf(broken), samples };
  expect(remedies(changed)).toEqual(['unreleased', 'accept']);
  expect(judge({ ...changed, lock: accepted(changed) })).toEqual([]);
});

test('after its release neither schema, category, sample nor the event itself may go', () => {
  const after = { ...locked, releases: released };
  expect(remedies({ ...after, catalogue: catalogueOf(broken) })).toContain('never');
  expect(judge({ ...after, catalogue: catalogueOf(v1, 'seats') })).toMatchObject([
    { text: expect.stringContaining('moved from category seating to seats'), remedy: 'never' },
  ]);
  expect(judge({ ...after, samples: [sample(1, { seat: 8 })] })).toMatchObject([
    { text: expect.stringContaining('its stored sample was edited'), remedy: 'never' },
  ]);
  expect(judge({ ...after, catalogue: buildCatalogue([]), samples: [] })).toMatchObject([
    { text: expect.stringContaining('SeatHeld is no longer in the catalogue'), remedy: 'never' },
  ]);
});

test('a proven widening is told and may be accepted, released or not', () => {
  const changed = { ...locked, catalogue: catalogueOf(widened), releases: released };
  expect(judge(changed)).toMatchObject([
    {
      text: expect.stringContaining('SeatHeld v1 was widened: field `note` was added'),
      remedy: 'accept',
    },
  ]);
  const lock = accepted(changed);
  // Still a version of the release that had it first: it stays frozen.
  expect(lock.SeatHeld?.versions[1]?.since).toBe('0.1.0');
  expect(judge({ ...changed, lock })).toEqual([]);
});

test('a new version stands beside the old one, and needs a sample', () => {
  const raised = { ...locked, catalogue: catalogueOf(v2('A')), releases: released };
  expect(texts(raised)).toContain('SeatHeld v2 has no stored sample');
  const sampled = { ...raised, samples: [one, two] };
  expect(remedies(sampled)).toEqual(['accept']);
  const lock = accepted(sampled);
  expect(lock.SeatHeld?.versions[1]).toEqual(locked.lock.SeatHeld?.versions[1]);
  expect(lock.SeatHeld?.versions[2]?.since).toBe('0.2.0');
  expect(judge({ ...sampled, lock })).toEqual([]);
});

test('an upcaster that gives something else than the schema wants is red with the place', () => {
  const wrong = { ...locked, catalogue: catalogueOf(v2(1)), samples: [one, two] };
  expect(texts(wrong)).toContain(
    'SeatHeld.v1.json no longer decodes: SeatHeld v1 does not fit its schema at /row',
  );
});

test('versions go up one by one and never back', () => {
  const skipped = { ...locked, catalogue: catalogueOf(v2('A', 3)), samples: [one, two] };
  expect(texts(skipped)).toContain('is at version 3, but the last accepted one is 1');
  const raised = { ...locked, catalogue: catalogueOf(v2('A')), samples: [one, two] };
  const back = { ...raised, lock: accepted(raised), catalogue: catalogueOf(v1) };
  expect(texts(back)).toContain('SeatHeld went back to version 1; version 2 was accepted');
});

test('a new event waits for the next version when package.json names a released one', () => {
  const late = { ...start, releases: { next: '0.1.0', isReleased: () => true } };
  expect(judge(late)).toMatchObject([
    { text: expect.stringContaining('raise the version first'), remedy: 'never' },
  ]);
});
