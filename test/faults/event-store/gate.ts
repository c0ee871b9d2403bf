/** Something that comes and goes: whoever needs it waits while it is away. */
export type Gate<T> = {
  /** What is there now. */
  readonly now: T | undefined;
  open(value: T): void;
  shut(): void;
  /** Nobody waits any longer than this: it will not come any more. */
  fail(error: Error): void;
  passed(): Promise<T>;
};

export const createGate = <T>(): Gate<T> => {
  let now: T | undefined;
  let waiting = Promise.withResolvers<T>();
  // Whether anybody waits when it fails is not known; those who do get the error.
  const quietly = (): void => void waiting.promise.catch(() => undefined);
  quietly();
  return {
    get now() {
      return now;
    },
    open(value) {
      now = value;
      waiting.resolve(value);
    },
    shut() {
      if (now === undefined) return;
      now = undefined;
      waiting = Promise.withResolvers<T>();
      quietly();
    },
    fail(error) {
      now = undefined;
      waiting.reject(error);
    },
    passed: () => waiting.promise,
  };
};
