/** The move cannot go on, and trying again will not help: the message says what stands in the way. */
export class MoveRefusedError extends Error {
  override readonly name = 'MoveRefusedError';
}

/** The server did not answer for too long. What was moved stays; the same command goes on later. */
export class ServerAwayError extends Error {
  override readonly name = 'ServerAwayError';
}
