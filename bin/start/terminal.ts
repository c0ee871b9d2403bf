import { relative } from 'node:path';
import { styleText } from 'node:util';
import { importantText, type PartEvent } from '../../embedded/supervisor/index.ts';
import { messageOf, type Reporter, type UpReport } from './reporter.ts';
import { type Paint, seasonReport } from './season-report.ts';

/**
 * A short start-up for a person: one line per part, then a table of addresses. Log lines go to
 * files; only warnings and worse come here as well. Colours follow NO_COLOR and the terminal.
 */
export function terminalReporter(options: {
  dataDir: string;
  verbose: boolean;
  out?: NodeJS.WritableStream;
}): Reporter {
  const out = options.out ?? process.stdout;
  const paint: Paint = (colour, text) => styleText(colour, text, { stream: out });
  const say = (line: string) => void out.write(`${line}\n`);
  const folder = relative(process.cwd(), options.dataDir) || '.';
  const inFolder = folder.startsWith('..') ? options.dataDir : folder;
  let stopping = false;
  let ended = false;
  let lastFailure: string | undefined;

  say(`\n${paint('bold', 'Pawprint')} starts, data in ${inFolder}\n`);

  function log(title: string, line: string): void {
    const text = options.verbose ? line : importantText(line);
    // On the way down the parts miss each other; the files have it all.
    const heard = text !== undefined && (options.verbose || !stopping);
    if (heard) say(`${paint('cyan', `${title} |`)} ${text}`);
  }

  function part(event: PartEvent): void {
    const { title } = event;
    switch (event.type) {
      case 'ready': {
        const again = event.attempt > 1 ? ` ${paint('dim', 'again')}` : '';
        say(`  ${paint('green', '✓')} ${title.padEnd(30)}${seconds(event.ms).padStart(7)}${again}`);
        return;
      }
      case 'exited': {
        const how = event.exit.signal ?? `exit code ${event.exit.code}`;
        say(`  ${paint('yellow', '↻')} ${title} ended (${how}): starting it again`);
        return;
      }
      case 'failed': {
        lastFailure = `${title}: ${event.reason}`;
        const then = event.retryInMs === undefined ? '' : ', trying again';
        say(`  ${paint('red', '✗')} ${title} did not start${then}: ${event.reason}`);
        return;
      }
      case 'killed':
        say(`  ${paint('yellow', '!')} ${title} was killed: ${event.reason}`);
        return;
      case 'log':
        log(title, event.line);
        return;
      case 'starting':
      case 'stopping':
      case 'stopped':
        return;
    }
  }

  function up(report: UpReport): void {
    const { addresses } = report;
    const row = (name: string, value: string | undefined) => {
      if (value !== undefined) say(`  ${paint('dim', name.padEnd(16))}${value}`);
    };
    say('');
    row('write API', `${addresses.writeUrl}   docs: ${addresses.writeUrl}/docs`);
    row('read API', `${addresses.readUrl}   docs: ${addresses.readUrl}/docs`);
    row('mailbox', addresses.mailboxUrl);
    row('Stripe sandbox', addresses.stripeUrl);
    if (addresses.natsUrl !== undefined) row('NATS', withoutPassword(addresses.natsUrl));
    row('event store', withoutPassword(addresses.eventStoreUrl));
    row('Postgres', withoutPassword(addresses.databaseUrl));
    row('analysts', analysts(report, inFolder));
    row('data, logs', inFolder);
    row('administrator', administrator(report, inFolder));
    say(`\nReady in ${seconds(report.ms)}. Ctrl-C stops everything.\n`);
  }

  /** One line that grows on a terminal, one line an act where it would not. */
  function act(name: string, done: number, total: number): void {
    const isTerminal = 'isTTY' in out && out.isTTY === true;
    const bar = '█'.repeat(Math.round((20 * done) / Math.max(1, total))).padEnd(20, '░');
    const line = `  ${paint('cyan', bar)} ${name} ${done}/${total}`;
    if (isTerminal) out.write(`\r\u001B[K${line}${done === total ? '\n' : ''}`);
    else if (done === total) say(line);
  }

  return {
    act,
    played(result, addresses) {
      for (const line of seasonReport(result, addresses, paint)) say(line);
    },
    notice: (line) => say(`  ${paint('yellow', '!')} ${line}`),
    part,
    up,
    stopping(reason) {
      stopping = true;
      ended = reason === 'done';
      if (reason !== 'error' && !ended) say('\nStopping (a second Ctrl-C hurries)');
    },
    stopped() {
      // What a script reads last is what it asked for.
      if (!ended) say('Stopped.');
    },
    error(error) {
      const message = messageOf(error);
      // A part that does not come up ends the start with what was said of it.
      if (message !== lastFailure) say(`\n${paint('red', 'Error:')} ${message}`);
    },
  };
}

function administrator(report: UpReport, inFolder: string): string {
  const kept = `password in ${inFolder}/secrets.json`;
  return report.newAdminPassword === undefined
    ? `${report.adminEmail}, ${kept}`
    : `${report.adminEmail}, password ${report.newAdminPassword}  (shown once; kept in ${inFolder}/secrets.json)`;
}

/** psql asks for the password, so it is in no list of processes either. */
function analysts({ addresses: { analystUrl } }: UpReport, inFolder: string): string | undefined {
  const url = analystUrl === undefined ? null : URL.parse(analystUrl);
  if (url === null) return undefined;
  url.password = '';
  return `psql ${url.href}   ANALYST_PASSWORD in ${inFolder}/secrets.json`;
}

/** A terminal is read by others too: over a shoulder, in a screenshot, in a build log. */
export function withoutPassword(address: string): string {
  const url = URL.parse(address);
  // The hosts of a cluster are no URL, and the password stands in front of them all the same.
  if (url === null) return address.replace(/^([^:]+:\/\/[^:@]*:)[^@]*@/, '$1…@');
  if (url.password === '') return address;
  url.password = '…';
  return decodeURIComponent(url.href);
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
