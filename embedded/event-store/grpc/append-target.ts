import { closedToWriters } from '../core/decide.ts';
import type { Expected, Failure } from '../core/model.ts';
import { type ExpectedOptions, readExpected } from './proposed.ts';
import { BadRequestError, streamNameFrom } from './read-request.ts';

/** What an append says before its events. */
export type AppendTarget = { readonly stream: string; readonly expected: Expected };
export type AppendHeader = AppendTarget & {
  /** Nothing that follows could change it. */
  readonly refused: Failure | undefined;
};

/** An answer names a stream and an expectation even when the request did not. */
const NO_TARGET: AppendTarget = { stream: '', expected: 'any' };

export const appendHeader = (
  name: Uint8Array | undefined,
  options: ExpectedOptions,
  exact: () => string,
): AppendHeader => {
  try {
    const stream = streamNameFrom(name);
    const expected = readExpected(options, exact);
    return { stream, expected, refused: closedToWriters(stream) };
  } catch (error) {
    if (!(error instanceof BadRequestError)) throw error;
    return { ...NO_TARGET, refused: { kind: 'bad-request', message: error.message } };
  }
};
