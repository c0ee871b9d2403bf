/** Waits for a promise, but no longer than this; then the error says what was waited for. */
export const within = async <T>(ms: number, promise: Promise<T>, late: () => Error): Promise<T> => {
  const { promise: never, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late()), ms);
  try {
    return await Promise.race([promise, never]);
  } finally {
    clearTimeout(timer);
  }
};
