import { readRoleOptions, roleNames } from '../../../bin/role/options.ts';
import { ConfigError, loadConfig } from '../../../platform/config/index.ts';
import { environmentSchema } from '../../../platform/config/schema.ts';
import type { Service } from './compose.ts';

/** What Node itself reads. */
const nodeVariables = new Set(['NODE_ENV', 'NODE_OPTIONS', 'UV_THREADPOOL_SIZE', 'TZ']);

/** Where a process with these roles is asked: an API's own port comes before the probe's. */
const doors: readonly (readonly [role: string, host: string, port: string])[] = [
  ['write-api', 'WRITE_API_HOST', 'WRITE_API_PORT'],
  ['read-api', 'READ_API_HOST', 'READ_API_PORT'],
];
const probe = ['', 'PROBE_HOST', 'PROBE_PORT'] as const;

/** Variables that no part of the application reads. */
export function unknownVariables({ environment }: Service): string[] {
  return Object.keys(environment)
    .filter((name) => !(name in environmentSchema.shape) && !nodeVariables.has(name))
    .map((name) => `${name} is no variable of the configuration (platform/config/schema.ts)`);
}

/** The roles of a service that runs `bin/role.ts`, and the port it answers `/health` on. */
export function readRole(service: Service): {
  roles: readonly string[];
  port: number | undefined;
  findings: string[];
} {
  const { environment } = service;
  const findings = [...unknownVariables(service), ...configProblems(environment)];
  const roles = rolesOf(service.command, findings);
  const served = doors.filter(([role]) => roles.includes(role));
  const [first, ...others] = served.length === 0 ? [probe] : served;
  for (const [, host, port] of first === undefined ? others : [first, ...others]) {
    if (environment[host] !== '0.0.0.0') {
      findings.push(`${host} is not 0.0.0.0: nobody outside of the container would reach it`);
    }
    if (environment[port] === undefined) findings.push(`${port} is not set`);
  }
  const given = environment[first?.[2] ?? ''];
  return { roles, port: given === undefined ? undefined : Number(given), findings };
}

function configProblems(environment: Readonly<Record<string, string>>): string[] {
  try {
    loadConfig(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // The first line is the title.
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
}

function rolesOf(command: readonly string[], findings: string[]): readonly string[] {
  try {
    const options = readRoleOptions(command);
    return options.help ? [] : [...options.roles];
  } catch (error) {
    findings.push(error instanceof Error ? error.message : String(error));
    return [];
  }
}

/** Roles that no service runs. */
export function missingRoles(running: readonly string[]): string[] {
  return roleNames
    .filter((role) => !running.includes(role))
    .map((role) => `no service runs the role ${role}`);
}
