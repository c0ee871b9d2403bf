import type { RecordedEvent } from '../core/model.ts';
import { guarded, isHarmless } from './guarded.ts';

export type FilterSpec = {
  readonly on: 'stream' | 'type';
  readonly regex: string;
  readonly prefixes: readonly string[];
};
/** Those of some events that pass. Throws `TooSlowError` when the expression goes on and on. */
export type EventFilter = (events: readonly RecordedEvent[]) => readonly RecordedEvent[];

/** The filter asks for more than a node does for one reader; the message is for the caller. */
export class FilterLimitError extends Error {
  override name = 'FilterLimitError';
}

const MOST_PREFIXES = 1_000;
const MOST_CHARACTERS = 4_096;

const CHECKPOINT_OF_GROUP = /^\$persistentsubscription-\$all::.*-(checkpoint|parked)$/;

/** Bookkeeping of the store that no reader of `$all` gets to see, as in the real server. */
export const isHidden = (stream: string): boolean =>
  stream.startsWith('$') && (stream === '$epoch-information' || CHECKPOINT_OF_GROUP.test(stream));

type Subject = (event: RecordedEvent) => string;

const byExpression = (expression: string, subject: Subject): EventFilter => {
  if (expression.length > MOST_CHARACTERS) {
    throw new FilterLimitError(
      `a regular expression of a filter has at most ${MOST_CHARACTERS} characters`,
    );
  }
  if (isHarmless(expression)) {
    const pattern = new RegExp(expression);
    return (events) => events.filter((event) => pattern.test(subject(event)));
  }
  // Compiling is put off to the first match, so the guard is around that, too.
  const pattern = guarded(() => new RegExp(expression));
  return (events) =>
    events.length === 0
      ? events
      : guarded(() => events.filter((event) => pattern.test(subject(event))));
};

const byPrefix = (prefixes: readonly string[], subject: Subject): EventFilter => {
  if (prefixes.length > MOST_PREFIXES) {
    throw new FilterLimitError(`a filter has at most ${MOST_PREFIXES} prefixes`);
  }
  const passes = startsWithAny(prefixes);
  return (events) => events.filter((event) => passes(subject(event)));
};

/**
 * Whether a text begins with one of them. Without those that another one covers, only the last in order
 * that is not behind the text can be a prefix of it: a thousand cost no more than ten.
 */
const startsWithAny = (prefixes: readonly string[]): ((text: string) => boolean) => {
  const kept: string[] = [];
  for (const prefix of prefixes.toSorted()) {
    const shorter = kept.at(-1);
    if (shorter === undefined || !prefix.startsWith(shorter)) kept.push(prefix);
  }
  return (text) => {
    let [from, to] = [0, kept.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((kept[middle] ?? '') <= text) from = middle + 1;
      else to = middle;
    }
    const nearest = kept[from - 1];
    return nearest !== undefined && text.startsWith(nearest);
  };
};

/** A regular expression searches (it need not match the whole) and wins over prefixes. */
export const createFilter = ({ on, regex, prefixes }: FilterSpec): EventFilter => {
  const subject: Subject = on === 'stream' ? (event) => event.stream : (event) => event.type;
  return regex === '' ? byPrefix(prefixes, subject) : byExpression(regex, subject);
};
