import type { FastifyRequest } from 'fastify';
import { addressKey, HttpProblem, retryLater } from '../../platform/http/index.ts';
import { createWaitingRoom } from '../waiting-room.ts';

/** Streams that are open at the same time. */
export type StreamLimits = {
  readonly perPerson: number;
  /** Of those who are not logged in; an address may be a whole office. */
  readonly perAddress: number;
  /** Of all of them, in this process. */
  readonly inAll: number;
};

export const defaultStreamLimits: StreamLimits = { perPerson: 20, perAddress: 200, inAll: 5000 };

/** Takes a place for a stream and gives what leaves it; throws 429 or 503 when there is none. */
export function createPlaces({ perPerson, perAddress, inAll }: StreamLimits) {
  const persons = createWaitingRoom({ perClient: perPerson, inAll });
  const addresses = createWaitingRoom({ perClient: perAddress, inAll });
  return (request: FastifyRequest): (() => void) => {
    if (persons.waiting() + addresses.waiting() >= inAll) throw retryLater('overloaded');
    const { caller } = request;
    const leave =
      caller.kind === 'person' ? persons.enter(caller.id) : addresses.enter(addressKey(request.ip));
    if (leave === null) {
      throw new HttpProblem('too-many-streams', { headers: { 'Retry-After': '10' } });
    }
    return leave;
  };
}
