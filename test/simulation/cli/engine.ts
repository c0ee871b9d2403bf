import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../../../embedded/postgres/index.ts';
import { removeFolder } from '../../support/remove-folder.ts';
import { type Engine, openEngine } from '../world/database.ts';

/** A database of its own in a Postgres that was named, or in one that is started for the time. */
export async function withEngine<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
  const given = process.env['TEST_POSTGRES_URL'];
  if (given !== undefined) return inDatabase(given, work);
  const dataDir = await mkdtemp(join(tmpdir(), 'pawprint-simulation-'));
  try {
    const postgres = await startPostgres({
      ...{ dataDir, durability: 'none' },
      settings: { max_connections: '10', shared_buffers: '64MB' },
    });
    try {
      return await inDatabase(postgres.url('postgres'), work);
    } finally {
      await postgres.stop();
    }
  } finally {
    removeFolder(dataDir);
  }
}

async function inDatabase<T>(server: string, work: (engine: Engine) => Promise<T>): Promise<T> {
  const name = `simulation_${randomBytes(6).toString('hex')}`;
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  try {
    await admin.query(`create database ${name}`);
    const url = new URL(server);
    url.pathname = `/${name}`;
    try {
      const engine = await openEngine(url.href);
      try {
        return await work(engine);
      } finally {
        await engine.end();
      }
    } finally {
      await admin.query(`drop database ${name} with (force)`);
    }
  } finally {
    await admin.end();
  }
}
