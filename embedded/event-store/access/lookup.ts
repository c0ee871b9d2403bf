import { boundedMap } from '../core/bounded-map.ts';

/** What has to be looked up now and then, kept up to date by whoever hears of a change. */
export type Lookup<T> = {
  /** A promise only when it has to be asked for. */
  get(key: string): T | Promise<T>;
  /** From now on this is the answer, also for questions that are still being asked. */
  learn(key: string, value: T): void;
  /** Anything may have changed. */
  forget(): void;
};

/** Capacity as of a {@link boundedMap}; with 0 every question is asked. */
export const createLookup = <T>(capacity: number, ask: (key: string) => Promise<T>): Lookup<T> => {
  const known = boundedMap<{ readonly value: T }>(capacity);
  /** By key the question that is being asked, unless something was learned meanwhile. */
  const asking = new Map<string, { readonly answer: Promise<T> }>();

  const question = (key: string): Promise<T> => {
    const asked = {
      answer: ask(key).then((value) => {
        // What was learned meanwhile is newer than what was read.
        if (asking.get(key) === asked) known.set(key, { value });
        return value;
      }),
    };
    asking.set(key, asked);
    const over = (): void => {
      if (asking.get(key) === asked) asking.delete(key);
    };
    // Whoever asked hears of an error.
    asked.answer.then(over, over);
    return asked.answer;
  };

  return {
    get(key) {
      const found = known.get(key);
      return found === undefined ? (asking.get(key)?.answer ?? question(key)) : found.value;
    },
    learn(key, value) {
      // Whoever asks from now on must not share the answer to an older question.
      asking.delete(key);
      known.set(key, { value });
    },
    forget() {
      asking.clear();
      known.clear();
    },
  };
};
