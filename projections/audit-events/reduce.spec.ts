import { expect, test } from 'vitest';
import { catalogue } from '../../domain/_catalogue.ts';
import { buildCatalogue } from '../../domain/_kernel/catalogue.ts';
import { defineEvent, defineEvents } from '../../domain/_kernel/event.ts';
import { deliver, rowsAfter } from '../_runtime/spec-kit.ts';
import { auditEventsProjection, versionFor, withoutPersonal } from './reduce.ts';
import { auditEvents } from './table.ts';

test('listens to every event of the catalogue', () => {
  expect([...auditEventsProjection.reducers.keys()]).toEqual([...catalogue.types.keys()]);
});

test('a new version of an event is a new version of the read model', () => {
  const raised = defineEvent({
    type: 'DogRenamed',
    summary: 'A dog has another name.',
    data: {},
    version: 3,
    upcasters: { 1: (data) => data, 2: (data) => data },
  });
  const before = defineEvent({ type: 'DogRenamed', summary: 'A dog has another name.', data: {} });
  const versionWith = (event: typeof raised) =>
    versionFor(buildCatalogue([defineEvents('dog', [event])]));
  expect([versionWith(before), versionWith(raised)]).toEqual([1, 3]);
});

test('a personal value leaves the same row before and after its person was erased', () => {
  const registered = (email: string | null) =>
    rowsAfter(
      auditEventsProjection,
      deliver([
        'member-a',
        {
          type: 'MemberRegistered',
          data: { memberId: 'mem_a', email, name: email, emailReservation: 'r' },
        },
      ]),
    ).of(auditEvents);
  expect(registered('ada@example.com')).toEqual(registered(null));
  expect(registered(null)[0]?.data).toEqual({
    memberId: 'mem_a',
    email: '[personal]',
    name: '[personal]',
    emailReservation: 'r',
  });
});

test('a personal value inside an object is left out, and what stands beside it is kept', () => {
  const mark = { subject: 'memberId', purpose: 'contact' } as const;
  const fields = [{ path: ['address', 'street'], mark }];
  expect(withoutPersonal({ address: { street: 'x', country: 'DE' } }, fields)).toEqual({
    address: { street: '[personal]', country: 'DE' },
  });
  expect(withoutPersonal({ other: 1 }, fields)).toEqual({ other: 1 });
});
