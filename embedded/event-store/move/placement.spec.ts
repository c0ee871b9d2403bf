import { expect, test } from 'vitest';
import { createPlacement } from './placement.ts';

const placed = (line: number, stream: string, revision = 0n) => ({
  line,
  offset: line * 100,
  event: {
    ...{ stream, revision, id: `id-${line}`, type: 't', contentType: 'application/json' },
    ...{ data: Buffer.alloc(0), metadata: Buffer.alloc(0), created: 0n },
    position: { commit: 0n, prepare: 0n },
  },
});
const at = (position: bigint) => ({ commit: position, prepare: position });

test('positions rise with the lines, or the order is lost', () => {
  const placement = createPlacement();
  placement.placed(placed(2, 'a'), at(10n));
  placement.placed(placed(3, 'b'), at(11n));
  // Sent once more, and known already.
  placement.placed(placed(2, 'a'), at(10n));
  placement.placed(placed(3, 'b'), at(11n));
  placement.placed(placed(4, 'c'), at(20n));
  expect(() => placement.placed(placed(5, 'd'), at(15n))).toThrow(
    'line 5: event 0 of d stands at position 15 of the target, before event 0 of c (20): the order of the log is lost',
  );
});

test('a run is of one stream and its metadata', () => {
  const placement = createPlacement();
  expect(placement.run).toBeUndefined();
  for (const [line, stream] of ['a', 'b', '$$b', 'b'].entries()) {
    placement.placed(placed(line + 2, stream), at(BigInt(line)));
  }
  expect(placement.run).toMatchObject({ line: 3, position: at(1n) });
  placement.placed(placed(6, 'c'), at(9n));
  expect(placement.run).toMatchObject({ line: 6, offset: 600 });
});
