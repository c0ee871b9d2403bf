import { randomUUID } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashPassword } from '../../embedded/event-store/access/password.ts';
import { startEventStoreNode } from '../../embedded/event-store/index.ts';
import { createTestDatabase } from '../support/database.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { selfSigned } from '../support/self-signed.ts';
import { GROUPS, type SecuredTarget } from './secured.ts';

/** A node with a certificate of its own, trusted by whoever uses its url, and a password each. */
export const openSecured = async (): Promise<SecuredTarget> => {
  const folder = await mkdtemp(join(tmpdir(), 'event-store-tls-'));
  const database = await createTestDatabase();
  const { cert, key } = selfSigned(['localhost']);
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, cert);
  const passwords = new Map<string, string>();
  const users = [];
  for (const [name, groups] of Object.entries(GROUPS)) {
    const password = `${randomUUID()} @:/%é`;
    passwords.set(name, password);
    users.push({ name, groups, password: await hashPassword(password) });
  }
  const node = await startEventStoreNode({
    databaseUrl: database.url,
    secure: { cert, key, users },
  });
  return {
    url: `${node.url}&tlsCAFile=${encodeURIComponent(caFile)}`,
    port: node.port,
    ca: cert,
    passwordOf: (name) => passwords.get(name) ?? '',
    async close() {
      await node.stop();
      await database.drop();
      removeFolder(folder);
    },
  };
};
