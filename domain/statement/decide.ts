import { type Decision, rejected } from '../_kernel/rejection.ts';
import type { StatementEvent } from './events.ts';
import type { StatementLine, StatementState } from './state.ts';

/**
 * What we read on Stripe's statement. A line is read again and again and never changes; one that
 * did would make a closed book wrong, so it is refused and named, not written over.
 */
export function recordLine(state: StatementState, line: StatementLine): Decision<StatementEvent> {
  switch (state.status) {
    case 'none':
      return [{ type: 'StatementLineRecorded', data: { ...line } }];
    case 'recorded': {
      const changed = changedFields(state.line, line);
      if (changed.length === 0) return [];
      return rejected('statement-changed', 'The line differs from what was recorded before.', {
        balanceTransactionId: line.balanceTransactionId,
        changed,
      });
    }
  }
}

function changedFields(recorded: StatementLine, read: StatementLine): string[] {
  const fields = Object.keys(recorded) as (keyof StatementLine)[];
  return fields.filter((field) => recorded[field] !== read[field]);
}
