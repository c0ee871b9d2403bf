import type { Entry } from './_cli/verb.ts';
import { health } from './health/verb.ts';
import { projectionsStatus } from './projections/status.ts';
import { token } from './token.ts';

/** Everything `npm run ops` can do, in the order in which help lists it. */
export const entries: readonly Entry[] = [
  health,
  {
    name: 'projections',
    summary: 'Look after the read models',
    verbs: [projectionsStatus],
  },
  token,
];
