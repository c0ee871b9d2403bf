/** What is needed could not be asked: nothing runs, or a part does not answer. In one line. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}
