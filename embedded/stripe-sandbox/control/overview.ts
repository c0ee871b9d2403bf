import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { readBalance } from '../resources/balance.ts';
import { formatMoney } from '../settings.ts';
import type { Kind, Kinds } from '../store/kinds.ts';
import { deliveryCounts } from './deliveries.ts';
import type { ControlDeps } from './deps.ts';
import { escapeHtml, htmlPage } from './html.ts';

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
      cell(available.amount, available.currency),
      cell(balance.pending[index]?.amount ?? 0, available.currency),
    ]);
    const content = `<h1>Stripe sandbox</h1>
<p class="quiet">Test money only. Webhooks: ${counts.delivered} delivered, ${counts.pending} pending, ${counts.givenUp} given up.</p>
<h2>Balance</h2>${table(['Currency', number('Available'), number('Pending')], money)}
<h2>Payments</h2>${table(
      ['When', 'Payment', 'Status', number('Amount'), 'Description'],
      intents.map((intent) => [
        when(intent.created),
        `<code>${escapeHtml(intent.id)}</code>`,
        escapeHtml(intent.last_payment_error?.code ?? intent.status),
        cell(intent.amount, intent.currency),
        escapeHtml(intent.description ?? ''),
      ]),
    )}
<h2>Refunds</h2>${table(
      ['When', 'Refund', 'Of', number('Amount'), 'Reason'],
      refunds.map((refund) => [
        when(refund.created),
        `<code>${escapeHtml(refund.id)}</code>`,
        `<code>${escapeHtml(String(refund.payment_intent ?? refund.charge))}</code>`,
        cell(refund.amount, refund.currency),
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

const when = (seconds: number): string =>
  `<time>${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')}</time>`;
const cell = (amount: number, currency: string): string =>
  number(escapeHtml(formatMoney(amount, currency)));
/** Figures and the head above them stand to the right. */
const number = (html: string): string => `<div class="number">${html}</div>`;

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '<p class="quiet">None yet.</p>';
  const head = heads.map((text) => `<th>${text}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map((text) => `<td>${text}</td>`).join('')}</tr>`);
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}
