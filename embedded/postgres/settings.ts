export type Durability = 'full' | 'none';

/**
 * Settings for one small machine, handed over on the command line, so that a new release changes
 * them in old data folders too.
 */
export function serverSettings(options: {
  port: number;
  durability: Durability;
  extra?: Readonly<Record<string, string>>;
}): string[] {
  const settings: Record<string, string> = {
    port: String(options.port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: '128MB',
    effective_cache_size: '512MB',
    work_mem: '8MB',
    maintenance_work_mem: '64MB',
    // Many small transactions: fewer full-page images and checkpoints, at the price of a longer
    // recovery (seconds).
    max_wal_size: '1GB',
    checkpoint_timeout: '15min',
    wal_compression: 'on',
    // When a child crashes the whole server ends, and its supervisor starts it. The other way back,
    // the postmaster's own, does not stand a second crash: one in the midst of it leaves Postgres 18
    // without a startup process and in "recovery mode" for ever (3 of 12 runs of 200 kills each, in
    // `test/faults/event-store`).
    restart_after_crash: 'off',
    // Short statements only: compiling them costs more than it saves.
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    log_line_prefix: '%m [%p] %q%d ',
    password_encryption: 'scram-sha-256',
    ...durabilitySettings[options.durability],
    ...options.extra,
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

const durabilitySettings: Record<Durability, Record<string, string>> = {
  full: { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' },
  /** For throw-away data: survives a killed process, not a power cut. */
  none: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
};
