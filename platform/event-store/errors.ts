/** The store's answer is not known: the append may have been made. Send the same events again, or read. */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError';
  readonly retry = 'later';
}

/** The store cannot be reached or does not answer; nothing was changed by this call. */
export class EventStoreUnavailableError extends Error {
  override readonly name = 'EventStoreUnavailableError';
  readonly retry = 'later';
}

/** The append can never be made as it is (too large, stream deleted, access denied). */
export class AppendRefusedError extends Error {
  override readonly name = 'AppendRefusedError';
}

/** The store answers that the stream can never be read (it was deleted for good). */
export class ReadRefusedError extends Error {
  override readonly name = 'ReadRefusedError';
  readonly retry = 'never';
}
