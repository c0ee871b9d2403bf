/**
 * Why something failed, in one line: what was tried and what came of it. Messages of clients end in
 * their causes (`fetch failed` says nothing, its cause `connect ECONNREFUSED 127.0.0.1:4000` does).
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Several addresses of one name were tried: the last says as much as all of them.
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors.at(-1));
  const own = (error.message || error.name).replaceAll(/\s*\n\s*/g, ' ');
  return error.cause === undefined ? own : `${own}: ${reasonOf(error.cause)}`;
}
