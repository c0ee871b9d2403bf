import type { DomainEvent } from './event.ts';

/**
 * A history that no release of ours can have written: a fold met an event that its state does not
 * allow. Folding on would make a state that never was, so the reader stops and says where.
 */
export class ImpossibleHistoryError extends Error {
  override readonly name = 'ImpossibleHistoryError';
}

/** For the branches of a fold that no history leads to. */
export function impossible(event: DomainEvent, status: string): never {
  throw new ImpossibleHistoryError(`${event.type} cannot follow the status "${status}"`);
}
