import type { Logger } from '../../platform/log/index.ts';
import type { Taken } from './take-inputs.ts';

/** A parked instance stands still until somebody looks: it is told loudly, once. */
export function reportParked(log: Logger, taken: Taken): void {
  for (const { input, cause } of taken.parked) {
    log.error(
      { err: cause, saga: input.saga.name, instance: input.instance, input: input.reference },
      'a saga could not take an input: the instance is parked, its later inputs wait',
    );
  }
}
