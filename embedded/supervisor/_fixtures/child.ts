/**
 * A part for specs. Environment: `MODE` = obedient | deaf (ignores the end of its IPC channel and
 * SIGTERM) | silent (never ready) | crash (ends before it is ready).
 */
const mode = process.env['MODE'] ?? 'obedient';

process.stdout.write(`hello from ${process.pid}\n`);
if (mode === 'crash') {
  process.stderr.write('Error: no such thing\n');
  process.exit(3);
}
if (mode === 'deaf') {
  process.on('disconnect', () => undefined);
  process.on('SIGTERM', () => undefined);
} else {
  process.on('disconnect', () => {
    process.stdout.write('goodbye\n');
    process.exit(0);
  });
}
if (mode !== 'silent') process.send?.({ type: 'ready', url: 'http://127.0.0.1:1' });
setInterval(() => undefined, 60_000);
