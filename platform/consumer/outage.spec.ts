import pino from 'pino';
import { expect, test } from 'vitest';
import { createOutage } from './outage.ts';

function watched() {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  let at = 0;
  const outage = createOutage(log, 'tickets', () => at);
  const said = () =>
    lines.splice(0).map((line) => {
      const { level, msg } = JSON.parse(line);
      return `${pino.levels.labels[level]}: ${msg}`;
    });
  const failAt = (ms: number) => {
    at = ms;
    outage.failed(new Error('away'), 100);
  };
  const overAt = (ms: number) => {
    at = ms;
    outage.over();
  };
  return { said, failAt, overAt };
}

test('an outage is said once, and its end once', () => {
  const { said, failAt, overAt } = watched();
  for (const ms of [0, 100, 300, 5_300]) failAt(ms);
  overAt(6_200);
  overAt(6_300);
  expect(said()).toEqual([
    'warn: consumer tickets was interrupted and tries again',
    ...Array(3).fill('debug: consumer tickets is still interrupted'),
    'warn: consumer tickets goes on after 6.2 s',
  ]);
  failAt(9_000);
  expect(said()).toEqual(['warn: consumer tickets was interrupted and tries again']);
});

test('a long outage is said again every minute', () => {
  const { said, failAt } = watched();
  for (let ms = 0; ms <= 120_000; ms += 5_000) failAt(ms);
  expect(said().filter((line) => line.startsWith('warn'))).toHaveLength(3);
});

test('where nothing failed, nothing is over', () => {
  const { said, overAt } = watched();
  overAt(1);
  expect(said()).toEqual([]);
});
