import type { SagaDefinition } from '../../../sagas/_runtime/definition.ts';
import { anchor, page, table } from './markdown.ts';

type Listed = Pick<SagaDefinition, 'name' | 'summary' | 'listens'>;

/** Every saga: its sentence, and the events that move it. */
export function sagasPage(sagas: readonly Listed[]): string {
  return page(
    'Sagas',
    'the definitions in `sagas/`',
    'What follows from an event in another stream or outside of the platform. A saga takes events (and timers, and refusals of its own commands) and wants commands, timers and side effects; all of it is saved in one transaction with its state ([why](../adr/0008-own-outbox-and-timers.md)).',
    'Beside them `follow-stripe` takes in what Stripe says: it stores each webhook once, fetches the object it is about again, reads the account statement, and sends what it found as commands.',
    table(
      ['saga', 'does'],
      sagas.map(({ name, summary }) => [`[${name}](#${anchor(name)})`, summary]),
    ),
    ...sagas.map(({ name, summary, listens }) =>
      [
        `## ${name}`,
        summary,
        `Moved by ${listens.map((type) => `[${type}](events.md#${type.toLowerCase()})`).join(', ')}.`,
      ].join('\n\n'),
    ),
  );
}
