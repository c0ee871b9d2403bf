import { ConfigError, loadConfig } from '../platform/config/index.ts';
import { armCrashPoint } from '../platform/crash-points/index.ts';
import { createLogger } from '../platform/log/index.ts';
import { collectProcessMetrics } from '../platform/telemetry/index.ts';
import { openContext, type RoleContext } from './role/context.ts';
import { asked, createClosers, endWithin } from './role/lifecycle.ts';
import { type RoleName, readRoleOptions, usage } from './role/options.ts';

/**
 * Runs roles of the platform: the one entry point of every long-running process of the
 * application, on one machine and on many. Heavy packages are only loaded by the roles that use them.
 */
async function startRoles(context: RoleContext, roles: ReadonlySet<RoleName>): Promise<void> {
  const commandPath =
    roles.has('write-api') || roles.has('sagas')
      ? (await import('./role/command-path.ts')).openCommandPath(context)
      : undefined;
  const readSide = async (): Promise<void> => {
    // Projections make the tables that the read API asks.
    if (roles.has('projections')) {
      await (await import('./role/projections.ts')).startProjectionsRole(context);
    }
    if (roles.has('read-api')) await (await import('./role/read-api.ts')).startReadApi(context);
  };
  const starts = [readSide()];
  if (roles.has('sagas') && commandPath !== undefined) {
    starts.push(
      import('./role/sagas.ts').then((role) => role.startSagasRole(context, commandPath)),
    );
  }
  if (roles.has('write-api') && commandPath !== undefined) {
    starts.push(
      import('./role/write-api.ts').then((role) => role.startWriteApi(context, commandPath)),
    );
  }
  if (roles.has('exporters')) {
    starts.push(import('./role/exporters.ts').then((role) => role.startExportersRole(context)));
  }
  await Promise.all(starts);
}

async function main(): Promise<void> {
  const options = readRoleOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(usage);
    return;
  }
  const config = loadConfig(process.env);
  const log = createLogger({ level: config.logLevel, name: [...options.roles].join(',') });
  if (config.crashAt !== undefined)
    log.warn({ at: config.crashAt }, 'this process will kill itself');
  armCrashPoint(config.crashAt);
  collectProcessMetrics();
  const closers = createClosers();
  const end = asked();
  const context = await openContext({ config, log, closers });
  await startRoles(context, options.roles);
  const { probeHost: host, probePort: port } = config;
  // An API answers these questions on its own port.
  if (port !== undefined && !options.roles.has('write-api') && !options.roles.has('read-api')) {
    await (await import('./role/probe.ts')).startProbe(context, { host, port });
  }
  // Stopped while it was starting, there is nobody left to tell.
  if (process.connected) process.send?.({ type: 'ready' });
  log.info('ready');
  const why = await end;
  log.info({ why }, 'stopping');
  await endWithin(closers.closeAll(log));
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    const plain = error instanceof ConfigError || error instanceof RangeError;
    process.stderr.write(`${plain ? error.message : String((error as Error).stack)}\n`);
    process.exit(1);
  }
}
