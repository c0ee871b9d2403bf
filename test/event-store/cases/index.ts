import type { Case } from '../case.ts';
import type { SecuredCase } from '../secured.ts';
import { access } from './access.ts';
import { accessLive } from './access-live.ts';
import { append } from './append.ts';
import { connection } from './connection.ts';
import { deletion } from './deletion.ts';
import { expectedRevision } from './expected-revision.ts';
import { framesBatch } from './frames-batch.ts';
import { framesCalls } from './frames-calls.ts';
import { framesHostile } from './frames-hostile.ts';
import { framesReads } from './frames-reads.ts';
import { limits } from './limits.ts';
import { links } from './links.ts';
import { metadata } from './metadata.ts';
import { projections } from './projections.ts';
import { readAll } from './read-all.ts';
import { readStream } from './read-stream.ts';
import { repeats } from './repeats.ts';
import { secure } from './secure.ts';
import { subscribeAll } from './subscribe-all.ts';
import { subscribeStream } from './subscribe-stream.ts';

/** Every case that any node has to pass, by the file it stands in. */
export const subjects: Readonly<Record<string, readonly Case[]>> = {
  connection,
  append,
  'expected-revision': expectedRevision,
  repeats,
  'read-stream': readStream,
  'read-all': readAll,
  links,
  limits,
  metadata,
  deletion,
  'subscribe-stream': subscribeStream,
  'subscribe-all': subscribeAll,
  'frames-batch': framesBatch,
  'frames-calls': framesCalls,
  'frames-reads': framesReads,
  'frames-hostile': framesHostile,
};

/** Those that run on one where the standard projections are switched on. */
export const projectedSubjects: Readonly<Record<string, readonly Case[]>> = { projections };

/** Those that run on a node with TLS and users, likewise. */
export const securedSubjects: Readonly<Record<string, readonly SecuredCase[]>> = {
  secure,
  access,
  'access-live': accessLive,
};
