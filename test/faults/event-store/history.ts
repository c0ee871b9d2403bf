/** What is written down while parts are killed, and compared afterwards. Numbers are safe integers. */

/** Revision of a stream that has no events yet. */
export const NO_EVENTS = -1;

export type Append = {
  readonly stream: string;
  /** Revision it was to come after; `any` is sent once only, since a repeat of it may be written twice. */
  readonly expected: number | 'any';
  /** Ids of its events, in order. */
  readonly ids: readonly string[];
  readonly outcome:
    | { readonly kind: 'written'; readonly revision: number; readonly position: number }
    | { readonly kind: 'refused'; readonly current: number }
    /** Nobody ever heard what became of it. */
    | { readonly kind: 'open' };
};

export type LogEvent = {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
};

/** What a subscriber was handed, in its order, over all of its connections. */
export type Seen = {
  readonly subscriber: string;
  readonly wanted: (stream: string) => boolean;
  readonly events: readonly LogEvent[];
};
