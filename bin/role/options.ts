import { parseArgs } from 'node:util';
import { z } from 'zod';

export const roleNames = ['write-api', 'read-api', 'projections', 'sagas', 'exporters'] as const;
export type RoleName = (typeof roleNames)[number];

export const usage = `Runs one or more roles of the platform in this process.

  node bin/role.ts --role write-api
  node bin/role.ts --role read-api,projections,sagas,exporters

  --role NAME[,NAME…]   ${roleNames.join(', ')}
  --help                this text

Everything else comes from the environment: see .env.example.
`;

const roleList = z
  .string({ error: '--role is missing' })
  .transform((text) => text.split(',').map((name) => name.trim()))
  .pipe(
    z
      .array(
        z.enum(roleNames, { error: `--role takes ${roleNames.join(', ')}, separated by commas` }),
      )
      .min(1),
  );

/** The roles asked for, or a wish for help. Throws a `RangeError` that says what would be right. */
export function readRoleOptions(
  argv: readonly string[],
): { help: true } | { help: false; roles: ReadonlySet<RoleName> } {
  const values = parse(argv);
  if (values.help) return { help: true };
  const result = roleList.safeParse(values.role);
  if (!result.success)
    throw new RangeError(result.error.issues.map((issue) => issue.message).join('; '));
  return { help: false, roles: new Set(result.data) };
}

function parse(argv: readonly string[]): { role?: string | undefined; help: boolean } {
  const options = { role: { type: 'string' }, help: { type: 'boolean', default: false } } as const;
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (cause) {
    // A mistake of whoever typed it, not a bug: told without a stack.
    throw new RangeError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
