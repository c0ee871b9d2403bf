import type { AppendReq, BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import {
  type Failure,
  MAX_APPEND_SIZE,
  MAX_APPEND_WEIGHT,
  type NewEvent,
  weightOf,
} from '../core/model.ts';
import { isFailure, readProposed } from './proposed.ts';

/** The events of an append as they come in. */
export type Collected = {
  readonly events: NewEvent[];
  /** bytes of data: what the rule of 1 MiB counts */
  size: number;
  /** everything: what the node has to hold */
  weight: number;
};

export const nothingYet = (): Collected => ({ events: [], size: 0, weight: 0 });

const tooLarge = (maximum: number): Failure => ({ kind: 'too-large', maximum });

/** Adds events; says why the append cannot go on, if so. */
export const collect = (
  into: Collected,
  messages: readonly (AppendReq.ProposedMessage | BatchAppendReq.ProposedMessage)[],
): Failure | undefined => {
  for (const message of messages) {
    const event = readProposed(message);
    if (isFailure(event)) return event;
    into.size += event.data.length;
    into.weight += weightOf(event);
    if (into.size > MAX_APPEND_SIZE) return tooLarge(MAX_APPEND_SIZE);
    if (into.weight > MAX_APPEND_WEIGHT) return tooLarge(MAX_APPEND_WEIGHT);
    into.events.push(event);
  }
  return undefined;
};
