import { expect, test } from 'vitest';
import { explainedSchema, timelineOf } from './timeline.ts';

const at = (minute: number) => `2026-05-01T10:0${minute}:00+02:00`;
const explained = explainedSchema.parse({
  ...{ saga: 'send-confirmation', instance: 'enr_a', state: {}, revision: 2, lastInput: 'x' },
  updatedAt: at(5),
  timers: [{ name: 'late', status: 'pending', due_at: at(9), updated_at: at(0) }],
  outbox: [
    {
      ...{ id: 'o', kind: 'side-effect', name: 'mail', status: 'dead', attempts: 1 },
      ...{ next_attempt_at: at(4), last_error: 'refused (550)', created_at: at(1), done_at: at(4) },
      attemptLog: [
        {
          ...{ attempt: 1, worker: 'w', started_at: at(2), ended_at: at(3) },
          ...{ outcome: 'never', error: 'refused (550)' },
        },
      ],
    },
  ],
  parked: [{ cause: 'TypeError: no seat', parked_at: at(5), input: {} }],
  requests: [{ kind: 'replay', asked_by: 'sam@desk', asked_at: at(6) }],
});

test('rows, attempts, timers and parked inputs come in the order of time, in UTC', () => {
  expect(timelineOf(explained)).toEqual([
    { at: '2026-05-01T08:01:00.000Z', what: 'wanted the side-effect mail', wrong: false },
    {
      at: '2026-05-01T08:03:00.000Z',
      what: 'side-effect mail, attempt 1: never (refused (550))',
      wrong: true,
    },
    {
      at: '2026-05-01T08:04:00.000Z',
      what: 'gave up on the side-effect mail: refused (550)',
      wrong: true,
    },
    { at: '2026-05-01T08:05:00.000Z', what: 'parked an input: TypeError: no seat', wrong: true },
    { at: '2026-05-01T08:06:00.000Z', what: 'sam@desk asked to replay it', wrong: false },
    { at: '2026-05-01T08:09:00.000Z', what: 'timer late is due', wrong: false },
  ]);
});
