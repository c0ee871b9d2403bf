import type { RecordedEvent } from '../core/model.ts';

export type FilterSpec = {
  readonly on: 'stream' | 'type';
  readonly regex: string;
  readonly prefixes: readonly string[];
};
export type EventFilter = (event: RecordedEvent) => boolean;

const CHECKPOINT_OF_GROUP = /^\$persistentsubscription-\$all::.*-(checkpoint|parked)$/;

/** Bookkeeping of the store that no reader of `$all` gets to see, as in the real server. */
export const isHidden = (stream: string): boolean =>
  stream.startsWith('$') && (stream === '$epoch-information' || CHECKPOINT_OF_GROUP.test(stream));

/** A regular expression searches (it need not match the whole) and wins over prefixes. */
export const createFilter = ({ on, regex, prefixes }: FilterSpec): EventFilter => {
  const subject =
    on === 'stream' ? (event: RecordedEvent) => event.stream : (event: RecordedEvent) => event.type;
  if (regex !== '') {
    const pattern = new RegExp(regex);
    return (event) => pattern.test(subject(event));
  }
  return (event) => {
    const value = subject(event);
    return prefixes.some((prefix) => value.startsWith(prefix));
  };
};
