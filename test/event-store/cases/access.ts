import { randomUUID } from 'node:crypto';
import type { EventStoreDBClient, StreamACL } from '@eventstore/db-client';
import { START } from '@eventstore/db-client';
import { failure, happened, newStream, rawMetadata, read } from '../kit.ts';
import {
  DENIED,
  listed,
  type Name,
  type SecuredContext,
  securedRule,
  withSettings,
} from '../secured.ts';

const systemStream = (): string => `$contract-${randomUUID()}`;

/** What each right allows, and everything that it takes. */
const rights: readonly (readonly [
  keyof StreamACL,
  string,
  (client: EventStoreDBClient, stream: string, acl: StreamACL) => Promise<unknown>,
])[] = [
  ['readRoles', 'reading', (client, stream) => read(client.readStream(stream))],
  ['writeRoles', 'writing', (client, stream) => client.appendToStream(stream, happened())],
  ['metaReadRoles', 'reading metadata', (client, stream) => client.getStreamMetadata(stream)],
  [
    'metaWriteRoles',
    'setting metadata',
    (client, stream, acl) => client.setStreamMetadata(stream, { acl }),
  ],
  ['deleteRoles', 'deleting', (client, stream) => client.deleteStream(stream)],
  ['deleteRoles', 'ending for ever', (client, stream) => client.tombstoneStream(stream)],
];

const roles: readonly (readonly [string, string | string[], readonly Name[]])[] = [
  ['the name of a user', 'zoe', ['admin', 'zoe']],
  ['a group', 'writers', ['admin', 'zoe', 'tim o’leary']],
  ['several', ['readers', 'ops'], ['admin', 'tim o’leary', 'ops']],
  ['$all', '$all', ['admin', 'zoe', 'tim o’leary', 'ops']],
  ['administrators', '$admins', ['admin']],
  ['nobody', [], ['admin']],
];

const everyone: readonly Name[] = ['admin', 'ops', 'zoe', 'tim o’leary'];

/** Who of all can read a stream. */
const readersOf = async ({ as }: SecuredContext, stream: string): Promise<Name[]> => {
  const found: Name[] = [];
  for (const name of everyone) {
    const answer = await read(as(name).readStream(stream)).catch((error: unknown) => error);
    if (Array.isArray(answer)) found.push(name);
  }
  return found;
};

export const access = [
  securedRule('access.user-streams', 'every user does everything with it', async (context) => {
    const { expect, as } = context;
    for (const name of everyone) {
      for (const [, , use] of rights.slice(0, -1)) {
        const stream = newStream();
        await as('admin').appendToStream(stream, happened());
        await use(as(name), stream, {});
      }
      const stream = newStream();
      await as('admin').appendToStream(stream, happened());
      expect(await readersOf(context, stream)).toEqual(everyone);
    }
  }),
  securedRule(
    'access.system-streams',
    'no user but administrators does anything',
    async (context) => {
      const { expect, as } = context;
      for (const [, what, use] of rights) {
        const stream = systemStream();
        await as('admin').appendToStream(stream, happened());
        for (const name of ['zoe', 'ops'] as const) {
          expect(await failure(use(as(name), stream, {})), `${name}: ${what}`).toMatchObject(
            DENIED,
          );
        }
        await use(as('admin'), stream, {});
      }
    },
  ),
  securedRule('access.all', 'reading $all, and the list that opens it', async (context) => {
    const { expect, as, follow } = context;
    const readAll = (name: Name) => read(as(name).readAll({ maxCount: 3 }));
    expect(await readAll('admin')).toHaveLength(3);
    expect(await failure(readAll('zoe'))).toMatchObject(DENIED);
    expect(await failure(readAll('ops'))).toMatchObject(DENIED);
    const refused = follow(as('ops').subscribeToAll({ fromPosition: START }));
    await expect(refused.until(() => false)).rejects.toMatchObject(DENIED);
    expect(refused.events).toEqual([]);

    await as('admin').setStreamMetadata('$all', { acl: { readRoles: ['readers', '$ops'] } });
    expect(await readAll('ops')).toHaveLength(3);
    expect(await readAll('tim o’leary')).toHaveLength(3);
    expect(await failure(readAll('zoe'))).toMatchObject(DENIED);
    const allowed = follow(as('ops').subscribeToAll({ fromPosition: START }));
    await allowed.until(({ events }) => events.length >= 3);

    await as('admin').setStreamMetadata('$all', {});
    await expect(allowed.until(() => false)).rejects.toMatchObject(DENIED);
    expect(await failure(readAll('ops'))).toMatchObject(DENIED);
  }),
  securedRule('access.never', 'not even administrators', async ({ expect, as }) => {
    const admin = as('admin');
    const stream = newStream();
    await admin.setStreamMetadata(stream, { n: 1 });
    expect(await failure(admin.appendToStream('$all', happened()))).toMatchObject(DENIED);
    expect(await failure(admin.deleteStream('$all'))).toMatchObject(DENIED);
    expect(await failure(admin.tombstoneStream('$all'))).toMatchObject(DENIED);
    expect(await failure(admin.deleteStream(`$$${stream}`))).toMatchObject(DENIED);
    expect(await failure(admin.tombstoneStream(`$$${stream}`))).toMatchObject(DENIED);
    expect(await admin.getStreamMetadata(stream)).toMatchObject({ metadata: { n: 1 } });
  }),
  ...roles.map(([what, role, expected]) =>
    securedRule(['access.list', 'access.admins'], `a list with ${what}`, async (context) => {
      const stream = await listed(context, { readRoles: role as string[] });
      const found = await readersOf(context, stream);
      context.expect(found.toSorted()).toEqual([...expected].toSorted());
    }),
  ),
  ...rights.map(([right, what, use], index) =>
    securedRule(['access.list', 'access.each-right'], `${what} by ${right}`, async (context) => {
      const { expect, as } = context;
      // Only this right is tim's, and all others are everybody's.
      const acl = { [right]: ['readers'] };
      const stream = await listed(context, acl);
      for (const [other, , act] of rights.slice(0, 4)) {
        if (other === right)
          expect(await failure(act(as('zoe'), stream, acl))).toMatchObject(DENIED);
        else await act(as('zoe'), stream, acl);
      }
      if (index >= 4) expect(await failure(use(as('zoe'), stream, acl))).toMatchObject(DENIED);
      await use(as('tim o’leary'), stream, acl);
    }),
  ),
  securedRule(
    'access.metadata',
    'whoever has the rights of a stream has not those of its metadata',
    async (context) => {
      const { expect, as } = context;
      const stream = await listed(context, {
        ...{ readRoles: ['zoe'], writeRoles: ['zoe'], deleteRoles: ['zoe'] },
        ...{ metaReadRoles: ['ops'], metaWriteRoles: ['ops'] },
      });
      const [zoe, ops] = [as('zoe'), as('ops')];
      await zoe.appendToStream(stream, happened());
      expect(await failure(zoe.getStreamMetadata(stream))).toMatchObject(DENIED);
      expect(await failure(zoe.setStreamMetadata(stream, {}))).toMatchObject(DENIED);
      expect(await failure(read(zoe.readStream(`$$${stream}`)))).toMatchObject(DENIED);
      expect(await failure(ops.appendToStream(stream, happened()))).toMatchObject(DENIED);
      expect(await failure(read(ops.readStream(stream)))).toMatchObject(DENIED);
      const { metadata } = await ops.getStreamMetadata(stream);
      expect(metadata).toMatchObject({ acl: { readRoles: ['zoe'], metaReadRoles: ['ops'] } });
      await ops.setStreamMetadata(stream, { ...metadata, n: 1 });
      await zoe.deleteStream(stream);
    },
  ),
  securedRule('access.metadata', 'metadata of metadata is for administrators', async (context) => {
    const { expect, as } = context;
    const stream = newStream();
    await as('zoe').setStreamMetadata(stream, { n: 1 });
    expect(await failure(as('zoe').setStreamMetadata(`$$${stream}`, {}))).toMatchObject(DENIED);
    await as('admin').setStreamMetadata(`$$${stream}`, {});
  }),
  securedRule('access.malformed', 'malformed metadata has no list', async (context) => {
    const { expect, as } = context;
    const stream = await listed(context, { readRoles: ['ops'] });
    expect(await failure(read(as('zoe').readStream(stream)))).toMatchObject(DENIED);
    const malformed = rawMetadata('{"$acl":{"$r":"ops"},"$maxCount":"x"}');
    await as('admin').appendToStream(`$$${stream}`, malformed);
    expect(await readersOf(context, stream)).toEqual(everyone);
  }),
  securedRule(['access.defaults', 'access.each-right'], 'streams of users', async (context) => {
    const { expect, as } = context;
    const [plain, own] = [newStream(), await listed(context, { readRoles: ['$all'] })];
    await as('zoe').appendToStream(plain, happened());
    await withSettings(context, { $userStreamAcl: { $r: 'readers', $w: ['ops'] } }, async () => {
      expect(await readersOf(context, plain)).toEqual(['admin', 'tim o’leary']);
      expect(await readersOf(context, own)).toEqual(everyone);
      // Of the own list only reading: writing is decided by the defaults.
      for (const stream of [plain, own]) {
        expect(await failure(as('zoe').appendToStream(stream, happened()))).toMatchObject(DENIED);
        await as('ops').appendToStream(stream, happened());
      }
      // Named nowhere: what is built in.
      await as('zoe').setStreamMetadata(plain, {});
    });
    expect(await readersOf(context, plain)).toEqual(everyone);
  }),
  securedRule('access.defaults', 'streams of the system', async (context) => {
    const { expect, as } = context;
    const stream = systemStream();
    await as('admin').appendToStream(stream, happened());
    await withSettings(context, { $systemStreamAcl: { $r: ['$ops'] } }, async () => {
      expect(await readersOf(context, stream)).toEqual(['admin', 'ops']);
      expect(await failure(as('ops').appendToStream(stream, happened()))).toMatchObject(DENIED);
    });
    expect(await readersOf(context, stream)).toEqual(['admin']);
  }),
  securedRule('access.operate', 'operators switch projections, others may not', async (context) => {
    const { expect, as } = context;
    const name = '$streams';
    for (const user of [undefined, 'zoe'] as const) {
      const calls = [
        as(user).enableProjection(name),
        as(user).disableProjection(name),
        as(user).restartSubsystem(),
        as(user).listProjections(),
      ];
      for (const call of calls) expect(await failure(call)).toMatchObject(DENIED);
    }
    for (const user of ['ops', 'admin'] as const) {
      await as(user).enableProjection(name);
      const status = await as(user).getProjectionStatus(name);
      expect(status.projectionStatus).toBe('Running');
      await as(user).disableProjection(name);
      await as(user).restartSubsystem();
    }
    expect(await as('ops').listProjections()).toHaveLength(4);
  }),
];
