import { MoveRefusedError } from './errors.ts';
import type { Position } from './format.ts';
import { baseOf } from './taken.ts';
import type { PlacedEvent } from './windows.ts';

/** A run longer than this is left: its metadata is then looked for by its stream alone. */
const MAX_RUN = 1_000;

/**
 * Holds the order of the copy against the order of the file: every event has to stand behind the one
 * before it. A server that lost one append of several and took the ones behind it would otherwise
 * give a log whose streams are right and whose order is not, and with it other read models.
 */
export type Placement = {
  /** Where the newest run of events of one stream and its metadata begins, and stands in the target. */
  readonly run: (PlacedEvent & { readonly position: Position }) | undefined;
  /** `position` is where the event stands in the target. Throws a `MoveRefusedError`. */
  placed(event: PlacedEvent, position: Position): void;
};

export const createPlacement = (): Placement => {
  let last: (PlacedEvent & { readonly position: Position }) | undefined;
  let run: Placement['run'];
  let length = 0;
  return {
    get run() {
      return run;
    },
    placed(placed, position) {
      const { event, line } = placed;
      // Sent once more after a failure, and known already.
      if (last !== undefined && line <= last.line) return;
      if (last !== undefined && position.commit <= last.position.commit) {
        throw new MoveRefusedError(
          `line ${line}: event ${event.revision} of ${event.stream} stands at position ${position.commit} of the target, before event ${last.event.revision} of ${last.event.stream} (${last.position.commit}): the order of the log is lost. Import into an empty target`,
        );
      }
      last = { ...placed, position };
      length += 1;
      if (
        run === undefined ||
        baseOf(run.event.stream) !== baseOf(event.stream) ||
        length > MAX_RUN
      ) {
        run = { ...placed, position };
        length = 1;
      }
    },
  };
};
