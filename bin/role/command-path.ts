import { type CommandBus, createCommandBus } from '../../commands/_runtime/index.ts';
import { commands, heard } from '../../commands/index.ts';
import { createPasswords, type Passwords } from '../../platform/identity/index.ts';
import { createStripeGateway, type StripeGateway } from '../../platform/stripe/index.ts';
import type { RoleContext } from './context.ts';

export type CommandPath = {
  readonly bus: CommandBus;
  readonly gateway: StripeGateway;
  readonly passwords: Passwords;
};

/** The command path of a process that sends commands: the write API, and the sagas. */
export function openCommandPath({ config, eventStore, secrets, log }: RoleContext): CommandPath {
  const gateway = createStripeGateway(config);
  const passwords = createPasswords();
  const bus = createCommandBus({
    eventStore,
    ports: { payments: gateway, passwords, secrets },
    commands,
    heard,
    hashKey: config.blindIndexKey,
    log,
  });
  return { bus, gateway, passwords };
}
