import type { CommandBus, Principal } from '../../commands/_runtime/index.ts';
import type { MemberCredentials } from '../../commands/member/directory.ts';
import type { Role } from '../../domain/_kernel/roles.ts';
import type { Config } from '../../platform/config/index.ts';

const system: Principal = { kind: 'system', id: 'first-start' };
const administratorRoles: readonly Role[] = ['admin', 'staff', 'finance', 'auditor', 'analyst'];

/**
 * The administrator of a first start. There is no default account: without `ADMIN_PASSWORD` none is
 * made, and once somebody has the address, nothing of it is changed.
 */
export async function ensureAdministrator(options: {
  config: Config;
  bus: CommandBus;
  findCredentials: (email: string) => Promise<MemberCredentials | null>;
}): Promise<void> {
  const { bus, config, findCredentials } = options;
  const { adminEmail: email, adminPassword: password } = config;
  if (password === undefined) return;
  const found = await findCredentials(email);
  const key = `administrator:${email}`;
  const memberId =
    found?.memberId ??
    (
      (
        await bus.execute(
          'register-member',
          { params: {}, body: { email, name: 'Administrator', password } },
          { principal: system, key },
        )
      ).reply as { id: string }
    ).id;
  // An account that already had a role beside `member` was set up by people: leave it alone.
  if (found !== null && !isHalfMade(found.roles)) return;
  for (const role of administratorRoles) {
    await bus.execute(
      'grant-role',
      { params: { memberId }, body: { role } },
      { principal: system, key: `${key}:${role}` },
    );
  }
}

/** A first start that was cut while it granted roles: the last one is missing, the first are there. */
function isHalfMade(roles: readonly Role[]): boolean {
  return (
    !roles.includes('analyst') &&
    roles.every((role) => role === 'member' || administratorRoles.includes(role))
  );
}
