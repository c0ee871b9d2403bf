import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { query } from '../../../embedded/event-store/_fixtures/harness.ts';
import { mountRoom, type Room, whyNoRoom } from './room.ts';
import type { Stage, StageOptions } from './stage.ts';
import { type Injection, whyNoTracing } from './strace.ts';
import { injectIntoWriter } from './writing-backend.ts';

/** The disk that the tables of the log are on. */
export type TableDisk = {
  readonly options: Pick<StageOptions, 'makeDatabase' | 'afterwards'>;
  fill(stage: Stage): Promise<void>;
  clear(): Promise<void>;
};

/** A small one where this user may mount it, else one that strace tells Postgres is full. */
export const tableDisk = async (): Promise<TableDisk | { readonly reason: string }> => {
  const unmountable = whyNoRoom();
  if (unmountable === undefined) return smallDisk();
  const untraceable = await whyNoTracing();
  if (untraceable === undefined) return pretendedDisk();
  return { reason: `${unmountable}; ${untraceable}` };
};

const smallDisk = (): TableDisk => {
  let room: Room | undefined;
  return {
    options: {
      makeDatabase: async (postgres, dataDir) => {
        const folder = join(dataDir, 'small');
        mkdirSync(folder, { mode: 0o700 });
        room = mountRoom(folder, 32);
        const admin = postgres.url('postgres');
        await query(admin, `create tablespace small location '${folder}'`);
        await query(admin, 'create database events tablespace small');
        return postgres.url('events');
      },
      afterwards: () => room?.close(),
    },
    async fill() {
      if (room === undefined) throw new Error('nothing was mounted');
      room.fill();
    },
    clear: async () => room?.clear(),
  };
};

/** The table, what it keeps of large events, and their indexes. */
const FILES = `
  with tables as (
    select oid, reltoastrelid from pg_class where oid = 'event_store.event'::regclass),
  all_tables as (select oid from tables union select reltoastrelid from tables)
  select pg_relation_filepath(oid) as file from all_tables
  union
  select pg_relation_filepath(indexrelid) from pg_index join all_tables on indrelid = oid`;

const pretendedDisk = (): TableDisk => {
  let injection: Injection | undefined;
  return {
    options: {},
    async fill(stage) {
      const { databaseUrl, folder } = stage.cluster;
      const found = await query<{ file: string }>(databaseUrl, FILES);
      const files = found.map(({ file }) => join(folder, file));
      const rule = 'pwrite64,pwritev,fallocate:error=ENOSPC';
      injection = await injectIntoWriter(stage, rule, files);
    },
    async clear() {
      injection?.letGo();
      await injection?.over;
    },
  };
};
