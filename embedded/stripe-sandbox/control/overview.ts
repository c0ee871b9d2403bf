import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { readBalance } from '../resources/balance.ts';
import { formatMoney } from '../settings.ts';
import type { Kind, Kinds } from '../store/kinds.ts';
import { deliveryCounts } from './deliveries.ts';
import type { ControlDeps } from './deps.ts';
import { escapeHtml, htmlPage, type PageColumn, tableOf, timeOf } from './html.ts';

const SHOWN = 50;

/** `GET /`: what a person wants to see first. */
export function mountOverview(app: FastifyInstance, { pool }: ControlDeps): void {
  app.get('/', async (_request, reply) => {
    const [balance, intents, refunds, counts] = await Promise.all([
      readBalance(pool),
      newest(pool, 'payment_intent'),
      newest(pool, 'refund'),
      deliveryCounts(pool),
    ]);
    const money = balance.available.map((available, index) => [
      available.currency.toUpperCase(),
      moneyOf(available.amount, available.currency),
      moneyOf(balance.pending[index]?.amount ?? 0, available.currency),
    ]);
    const content = `<h1>Stripe sandbox</h1>
<p class="quiet">Test money only. Webhooks: ${counts.delivered} delivered, ${counts.pending} pending, ${counts.givenUp} given up.</p>
<h2>Balance</h2>${table([text('Currency'), number('Available'), number('Pending')], money)}
<h2>Payments</h2>${table(
      [text('When (UTC)'), text('Payment'), text('Status'), number('Amount'), text('Description')],
      intents.map((intent) => [
        when(intent.created),
        `<code>${escapeHtml(intent.id)}</code>`,
        escapeHtml(intent.last_payment_error?.code ?? intent.status),
        moneyOf(intent.amount, intent.currency),
        escapeHtml(intent.description ?? ''),
      ]),
    )}
<h2>Refunds</h2>${table(
      [text('When (UTC)'), text('Refund'), text('Of'), number('Amount'), text('Reason')],
      refunds.map((refund) => [
        when(refund.created),
        `<code>${escapeHtml(refund.id)}</code>`,
        `<code>${escapeHtml(String(refund.payment_intent ?? refund.charge))}</code>`,
        moneyOf(refund.amount, refund.currency),
        escapeHtml(refund.reason ?? ''),
      ]),
    )}`;
    return htmlPage(reply, 'Stripe sandbox', content);
  });
}

async function newest<K extends Kind>(pool: Pool, kind: K): Promise<Kinds[K][]> {
  const { rows } = await pool.query<{ body: Kinds[K] }>(
    'SELECT body FROM stripe_sandbox.objects WHERE object = $1 ORDER BY seq DESC LIMIT $2',
    [kind, SHOWN],
  );
  return rows.map((row) => row.body);
}

const when = (seconds: number): string => timeOf(new Date(seconds * 1000).toISOString());
const moneyOf = (amount: number, currency: string): string =>
  escapeHtml(formatMoney(amount, currency));
const text = (name: string): PageColumn => ({ name });
/** Figures and the head above them stand to the right. */
const number = (name: string): PageColumn => ({ name, number: true });

const table = (columns: readonly PageColumn[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0 ? '<p class="quiet">None yet.</p>' : tableOf(columns, rows);
