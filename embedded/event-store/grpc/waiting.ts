import { type RecordedEvent, weightOf } from '../core/model.ts';

/** Live events that wait for a slow subscriber; beyond that it reads the log again. */
const MOST_EVENTS = 512;
const MOST_BYTES = 1024 * 1024;

/** What has come live and was not delivered yet. */
export type Waiting = {
  readonly length: number;
  /** Some events were left out, since there was no room or nobody knows: the log has to be read. */
  readonly missed: boolean;
  /** `undefined`: events may have been missed. */
  push(event: RecordedEvent | undefined): void;
  /** All that wait, which then no longer do; also forgets what was missed. */
  take(): readonly RecordedEvent[];
};

export const createWaiting = (): Waiting => {
  let events: RecordedEvent[] = [];
  let bytes = 0;
  // Nothing was read yet.
  let missed = true;
  return {
    get length() {
      return events.length;
    },
    get missed() {
      return missed;
    },
    push(event) {
      bytes += event === undefined ? 0 : weightOf(event);
      if (event === undefined || events.length >= MOST_EVENTS || bytes > MOST_BYTES) {
        missed = true;
        events = [];
        bytes = 0;
      } else if (!missed) events.push(event);
    },
    take() {
      const taken = events;
      events = [];
      bytes = 0;
      missed = false;
      return taken;
    },
  };
};
