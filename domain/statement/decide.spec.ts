import { expect, test } from 'vitest';
import { spec } from '../_kernel/spec-kit.ts';
import { recordLine } from './decide.ts';
import { line, recorded } from './examples.ts';
import { statement } from './state.ts';

test('a line is recorded once, however often it is read', () => {
  spec(statement)
    .given()
    .when((state) => recordLine(state, line))
    .then(recorded);
  spec(statement)
    .given(recorded)
    .when((state) => recordLine(state, { ...line }))
    .then();
});

test('a line that changed is refused, and what changed is named', () => {
  const changes = { fee: 64, net: 2499, paymentId: null, availableAt: '2026-05-05T00:00:00.000Z' };
  for (const [field, value] of Object.entries(changes)) {
    const { decision } = spec(statement)
      .given(recorded)
      .when((state) => recordLine(state, { ...line, [field]: value }));
    expect(decision).toMatchObject({
      code: 'statement-changed',
      details: { balanceTransactionId: 'txn_example', changed: [field] },
    });
  }
});
