import { createMailer } from '../../platform/mail/index.ts';
import { startSagas } from '../../sagas/_runtime/index.ts';
import { sagas as definitions, sagaEffects, startFollowStripe } from '../../sagas/index.ts';
import type { CommandPath } from './command-path.ts';
import type { RoleContext } from './context.ts';

/** Sagas with their timers and side effects, and what follows Stripe. */
export async function startSagasRole(
  { closers, config, eventStore, log, secrets }: RoleContext,
  { bus, gateway }: CommandPath,
): Promise<void> {
  const mailer = createMailer({ smtpUrl: config.smtpUrl, from: config.mailFrom });
  closers.add('mailer', () => mailer.close());
  const sagas = await startSagas({
    eventStore,
    bus,
    onHeard: bus.hear,
    url: config.databaseUrl,
    definitions,
    effects: sagaEffects({ eventStore, gateway, mailer, secrets, log }),
    log,
  });
  closers.add('sagas', () => sagas.stop());
  const follow = await startFollowStripe({
    bus,
    gateway,
    url: config.databaseUrl,
    statementPollSeconds: config.stripeStatementPollSeconds,
    log,
  });
  closers.add('follow Stripe', () => follow.stop());
}
