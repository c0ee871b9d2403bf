/**
 * Reads along on one connection, from its first byte, and tells the answers that are worth cutting
 * from everything else that is said.
 */
export type Conversation = {
  asks(chunk: Buffer): void;
  /** Keys of the questions that are answered in this chunk; a question that is sent again has its key again. */
  answers(chunk: Buffer): readonly string[];
};

export type Dialect = () => Conversation;
