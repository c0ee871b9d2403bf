import type { Kind } from '../shot.ts';
import { batchShots } from './batch.ts';
import { classicShots } from './classic.ts';
import { connectionShots } from './connections.ts';
import { headerShots } from './headers.ts';
import { leavingShots } from './leaving.ts';
import { messageShots } from './messages.ts';
import { sizeShots } from './sizes.ts';
import { textShots } from './texts.ts';

/** Every kind of shot, by the name it has in the report. */
export const kinds: Readonly<Record<string, Kind>> = {
  ...messageShots,
  ...headerShots,
  ...batchShots,
  ...classicShots,
  ...sizeShots,
  ...textShots,
  ...leavingShots,
  ...connectionShots,
};
