import { type Append, type LogEvent, NO_EVENTS, type Seen } from './history.ts';

/**
 * What is wrong with a log, by those who wrote it and those who followed it: one line for each
 * fault, none when all promises were kept. Pure, so that `oracle.spec.ts` can show it every fault.
 */
export const faultsOf = (history: {
  readonly log: readonly LogEvent[];
  readonly appends: readonly Append[];
  readonly seen: readonly Seen[];
}): string[] => {
  const { log, appends, seen } = history;
  const byId = new Map<string, LogEvent[]>();
  for (const event of log) {
    const same = byId.get(event.id);
    if (same === undefined) byId.set(event.id, [event]);
    else same.push(event);
  }
  return [
    ...orderFaults(log),
    ...[...byId.values()].filter((same) => same.length > 1).map(doubled),
    ...appends.flatMap((append) => appendFaults(append, byId)),
    ...strangers(log, appends),
    ...seen.flatMap((one) => seenFaults(one, log)),
  ];
};

const at = ({ stream, revision, position }: LogEvent): string =>
  `${stream} ${revision} at position ${position}`;

const doubled = (same: readonly LogEvent[]): string =>
  `one event, written ${same.length} times: ${same.map(at).join(', ')}`;

/** Positions one after the other, revisions of each stream likewise. */
const orderFaults = (log: readonly LogEvent[]): string[] => {
  const faults: string[] = [];
  const heads = new Map<string, number>();
  for (const [index, event] of log.entries()) {
    const before = log[index - 1];
    if (before !== undefined && event.position !== before.position + 1) {
      faults.push(`${at(event)} comes after position ${before.position}`);
    }
    const head = heads.get(event.stream) ?? NO_EVENTS;
    if (event.revision !== head + 1) faults.push(`${at(event)} comes after revision ${head}`);
    heads.set(event.stream, event.revision);
  }
  return faults;
};

const appendFaults = (append: Append, byId: ReadonlyMap<string, readonly LogEvent[]>): string[] => {
  const { outcome, ids } = append;
  const stored = ids.map((id) => byId.get(id)?.[0]).filter((event) => event !== undefined);
  if (outcome.kind === 'refused') return refusedFaults(append, outcome.current, stored);
  if (outcome.kind === 'open' && stored.length === 0) return [];
  const missing = ids.length - stored.length;
  if (missing > 0) {
    const what = outcome.kind === 'open' ? 'is there in parts' : 'was acknowledged';
    return [`${nameOf(append)} ${what}, but ${missing} of its events are not there`];
  }
  return placeFaults(append, stored);
};

const nameOf = ({ stream, expected, ids }: Append): string =>
  `the append of ${ids.length} to ${stream} after ${expected}`;

/** Writers expect what an answer told them, and a stream never gets shorter. */
const refusedFaults = (append: Append, current: number, stored: readonly LogEvent[]): string[] => {
  if (stored.length > 0) return [`${nameOf(append)} was refused and is there`];
  const rightly = append.expected !== 'any' && current > append.expected;
  return rightly ? [] : [`${nameOf(append)} was refused although the stream was at ${current}`];
};

/** All of its events are there: in one piece, where they were wanted, and where the answer says. */
const placeFaults = (append: Append, stored: readonly LogEvent[]): string[] => {
  const { stream, expected, outcome } = append;
  const [first] = stored;
  const last = stored.at(-1);
  if (first === undefined || last === undefined) return [];
  const follows = (event: LogEvent, n: number) =>
    event.position === first.position + n && event.stream === stream;
  const told = outcome.kind === 'written' ? outcome : last;
  const checks: readonly [boolean, string][] = [
    [stored.every(follows), `is not in one piece: ${stored.map(at).join(', ')}`],
    [expected === 'any' || first.revision === expected + 1, `begins as ${at(first)}`],
    [
      told.revision === last.revision,
      `was answered with revision ${told.revision}, but is ${at(last)}`,
    ],
    [
      told.position === last.position,
      `was answered with position ${told.position}, but is ${at(last)}`,
    ],
  ];
  return checks.filter(([kept]) => !kept).map(([, what]) => `${nameOf(append)} ${what}`);
};

/** Streams whose names begin with `$` are the node's own. */
export const ofWriters = (stream: string): boolean => !stream.startsWith('$');

const strangers = (log: readonly LogEvent[], appends: readonly Append[]): string[] => {
  const sent = new Set(appends.flatMap(({ ids }) => ids));
  return log
    .filter(({ id, stream }) => ofWriters(stream) && !sent.has(id))
    .map((event) => `nobody has sent ${at(event)}`);
};

const sameEvent = (one: LogEvent | undefined, other: LogEvent | undefined): boolean =>
  one?.id === other?.id && one?.stream === other?.stream && one?.revision === other?.revision;

/** Every event once and in order: the first difference says it all. */
const seenFaults = ({ subscriber, wanted, events }: Seen, log: readonly LogEvent[]): string[] => {
  const due = log.filter(({ stream }) => wanted(stream));
  const length = Math.max(due.length, events.length);
  for (let n = 0; n < length; n++) {
    const [should, was] = [due[n], events[n]];
    if (sameEvent(should, was)) continue;
    const told = (event: LogEvent | undefined): string =>
      event === undefined ? 'none' : at(event);
    return [`${subscriber} was handed as event ${n} ${told(was)} instead of ${told(should)}`];
  }
  return [];
};
