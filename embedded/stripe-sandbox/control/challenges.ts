import type { FastifyInstance } from 'fastify';
import { resourceMissing } from '../http/errors.ts';
import { finishChallenge } from '../resources/payment-intents/attempt.ts';
import { publicView } from '../resources/payment-intents/build.ts';
import { usePaymentMethod } from '../resources/payment-methods.ts';
import { formatMoney } from '../settings.ts';
import type { Stored } from '../store/kinds.ts';
import { inTransaction } from '../store/transaction.ts';
import { startWork, type Work } from '../store/work.ts';
import type { ControlDeps } from './deps.ts';
import { escapeHtml, htmlPage } from './html.ts';

const PATH = '/_sandbox/challenges/:attempt';

/**
 * The bank's side of 3-D Secure: a page with two buttons, and the same as an endpoint for tests.
 * Who knows the address may answer, as with the bank's page.
 */
export function mountChallenges(app: FastifyInstance, deps: ControlDeps): void {
  app.get<{ Params: { attempt: string } }>(PATH, async (request, reply) => {
    const { attempt } = request.params;
    const intent = await inTransaction(deps.pool, 'BEGIN READ ONLY', (client) =>
      readIntent(startWork(client, { requestId: null, idempotencyKey: null }), attempt, ''),
    );
    return htmlPage(reply, '3-D Secure', challengePage(attempt, intent));
  });

  for (const [verdict, passed] of [
    ['pass', true],
    ['fail', false],
  ] as const) {
    app.post<{ Params: { attempt: string } }>(`${PATH}/${verdict}`, async (request, reply) => {
      const intent = await decide(deps, request.params.attempt, passed);
      deps.wake();
      const returnUrl = intent.hidden.returnUrl;
      const browser = request.headers.accept?.includes('text/html') === true;
      if (!browser || returnUrl === undefined) return reply.send(publicView(intent.body));
      const target = new URL(returnUrl);
      target.searchParams.set('payment_intent', intent.body.id);
      target.searchParams.set('payment_intent_client_secret', intent.body.client_secret ?? '');
      target.searchParams.set(
        'redirect_status',
        intent.body.status === 'succeeded' ? 'succeeded' : 'failed',
      );
      return reply.redirect(target.href, 303);
    });
  }
}

async function decide(
  deps: ControlDeps,
  attempt: string,
  passed: boolean,
): Promise<Stored<'payment_intent'>> {
  return inTransaction(deps.pool, 'BEGIN', async (client) => {
    const work = startWork(client, { requestId: null, idempotencyKey: null });
    const intent = await readIntent(work, attempt, 'FOR UPDATE');
    const method = await usePaymentMethod(work, String(intent.body.payment_method));
    finishChallenge({ work, intent, method }, passed);
    await work.flush();
    return intent;
  });
}

/** Only an open challenge is found: its mark goes with the first answer, or when it is moot. */
async function readIntent(
  work: Work,
  attempt: string,
  suffix: string,
): Promise<Stored<'payment_intent'>> {
  const { rows } = await work.client.query<Stored<'payment_intent'>>(
    `SELECT body, hidden FROM stripe_sandbox.objects
      WHERE object = 'payment_intent' AND hidden->>'attempt' = $1 ${suffix}`,
    [attempt],
  );
  const intent = rows[0];
  if (intent === undefined) throw resourceMissing('open challenge', attempt);
  return intent;
}

function challengePage(attempt: string, { body }: Stored<'payment_intent'>): string {
  const action = (verdict: string) => `/_sandbox/challenges/${escapeHtml(attempt)}/${verdict}`;
  return `<h1>Your bank asks: is this you?</h1>
<p class="big">${escapeHtml(formatMoney(body.amount, body.currency))}</p>
<p>${escapeHtml(body.description ?? body.id)}</p>
<form method="post" action="${action('pass')}"><button class="go">Complete authentication</button></form>
<form method="post" action="${action('fail')}"><button>Fail authentication</button></form>`;
}
