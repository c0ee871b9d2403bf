import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { moneySchema } from '../../domain/_kernel/money.ts';
import { closeTill as decideClose } from '../../domain/till/decide.ts';
import { till } from '../../domain/till/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' as const });

export const closeTill = defineCommand({
  name: 'close-till',
  summary: 'Count a till and close it',
  description:
    'A blind count: say what is in it, and hear what should be. Closed is closed; the difference is kept.',
  tag: 'Tills',
  path: '/v1/tills/:tillId/close',
  permission: roles('staff', 'admin'),
  params: z.strictObject({ tillId: idSchema('til') }),
  body: z.strictObject({
    counted: moneySchema.meta({ description: 'All cash in it, the float included' }),
  }),
  reply: z.strictObject({
    id: idSchema('til'),
    status: z.enum(['closed']),
    counted: moneySchema,
    expected: moneySchema.meta({ description: 'Float and takings less what was paid out' }),
    over: moneySchema,
    short: moneySchema,
  }),
  status: 200,
  refusals: ['not-found', 'till-closed', 'currency-differs'],
  example: {
    params: { tillId: exampleIds.tillId },
    body: { counted: eur(12_480) },
    reply: {
      id: exampleIds.tillId,
      status: 'closed',
      ...{ counted: eur(12_480), expected: eur(12_500), over: eur(0), short: eur(20) },
    },
  },
  execute: async ({ decide }, { params: { tillId }, body }) => {
    const { events } = await decide(till, tillId, { decide: (state) => decideClose(state, body) });
    const closed = events.find((event) => event.type === 'TillClosed');
    if (closed === undefined) throw new RangeError(`${tillId} was not closed by this command`);
    const { counted, expected, over, short } = closed.data;
    return { id: tillId, status: 'closed' as const, counted, expected, over, short };
  },
});
