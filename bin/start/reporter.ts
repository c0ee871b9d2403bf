import type { DemoResult } from '../../embedded/demo/index.ts';
import type { PartEvent } from '../../embedded/supervisor/index.ts';
import type { Addresses } from './parts.ts';

export type UpReport = {
  addresses: Addresses;
  dataDir: string;
  adminEmail: string;
  /** Only until it was shown once. */
  newAdminPassword: string | undefined;
  secretsFile: string;
  pids: Readonly<Record<string, number>>;
  /** Since this process began. */
  ms: number;
};

/** What is said while the platform runs: to a person (terminal) or to a program (JSON lines). */
export type Reporter = {
  notice(line: string): void;
  part(event: PartEvent): void;
  up(report: UpReport): void;
  /** How far an act of the demo is. */
  act(name: string, done: number, total: number): void;
  /** What the demo came to. */
  played(result: DemoResult, addresses: Addresses): void;
  stopping(reason: string): void;
  stopped(): void;
  error(error: unknown): void;
};

/** NDJSON: one object a line; `event` says which. */
export function jsonReporter(write: (text: string) => void): Reporter {
  const say = (line: Record<string, unknown>) => write(`${JSON.stringify(line)}\n`);
  return {
    notice: (line) => say({ event: 'notice', line }),
    part(event) {
      if (event.type === 'log') return;
      const { type, title: _title, ...rest } = event;
      say({ event: 'part', state: type, ...rest });
    },
    up({ addresses, newAdminPassword: _secret, ...rest }) {
      say({ event: 'ready', ...addresses, ...rest });
    },
    act(name, done, total) {
      if (done === total) say({ event: 'demo', act: name, done });
    },
    played({ settled, ...rest }) {
      const activities = settled.map(({ activity, ...figures }) => ({
        ...{ id: activity.id, title: activity.plan.title, capacity: activity.plan.capacity },
        ...figures,
      }));
      say({ event: 'played', activities, ...rest });
    },
    stopping: (reason) => say({ event: 'stopping', reason }),
    stopped: () => say({ event: 'stopped' }),
    error: (error) => say({ event: 'error', message: messageOf(error) }),
  };
}

/** An expected failure explains itself; only a bug needs its stack. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isBug = /^(Error|TypeError|RangeError|ReferenceError|SyntaxError|AssertionError)$/;
  return isBug.test(error.name) ? (error.stack ?? error.message) : error.message;
}
