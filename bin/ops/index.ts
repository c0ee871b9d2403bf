import { common } from './_cli/options.ts';
import type { Entry, OpsContext, Program } from './_cli/verb.ts';
import { eventsShow } from './events/show.ts';
import { eventsStream } from './events/stream.ts';
import { eventsTail } from './events/tail.ts';
import { explain } from './explain.ts';
import { financeExport } from './finance/export.ts';
import { financeVerify } from './finance/verify.ts';
import { health } from './health/verb.ts';
import { projectionsCompare } from './projections/compare.ts';
import { projectionsParked } from './projections/parked.ts';
import { projectionsPause, projectionsResume } from './projections/pause.ts';
import { projectionsRebuild } from './projections/rebuild.ts';
import { projectionsStatus } from './projections/status.ts';
import { projectionsSwitch } from './projections/switch.ts';
import { projectionsUnpark } from './projections/unpark.ts';
import { sagasCancel } from './sagas/cancel.ts';
import { sagasDead } from './sagas/dead.ts';
import { sagasList } from './sagas/list.ts';
import { sagasPoke } from './sagas/poke.ts';
import { sagasShow } from './sagas/show.ts';
import { token } from './token.ts';

/** Everything `npm run ops` can do, in the order in which help lists it. */
export const entries: readonly Entry[] = [
  health,
  {
    name: 'projections',
    summary: 'Look after the read models',
    verbs: [
      ...[projectionsStatus, projectionsPause, projectionsResume, projectionsCompare],
      ...[projectionsRebuild, projectionsSwitch, projectionsParked, projectionsUnpark],
    ],
  },
  explain,
  {
    name: 'sagas',
    summary: 'Look after what follows from events',
    verbs: [sagasList, sagasShow, sagasPoke, sagasCancel, sagasDead],
  },
  { name: 'events', summary: 'Read the log', verbs: [eventsShow, eventsStream, eventsTail] },
  {
    name: 'finance',
    summary: 'Files and checks for finance',
    verbs: [financeExport, financeVerify],
  },
  token,
];

export const ops: Program<OpsContext, typeof common> = {
  name: 'ops',
  command: 'npm run ops --',
  summary: 'Looks after a running platform: what is well, what is not, and what to do about it.',
  entries,
  common,
  unavailable: 'the platform could not be asked: nothing runs, or a part does not answer',
  notes: [
    'Beside `npm start` it finds the platform by the data folder. A variable of the configuration',
    '(DATABASE_URL, EVENTSTORE_URL, …) comes before what it finds there.',
  ],
};
