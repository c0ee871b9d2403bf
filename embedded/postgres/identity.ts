import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

/**
 * Who Postgres runs as. Postgres refuses to run as root, and initdb wants a user that has a name,
 * so a root shell needs a way around that makes no operating system user.
 */
export type Identity = {
  /** For a person, e.g. "as root in a user namespace". */
  description: string;
  /** Comes in front of the command line; every program in it replaces itself, so the pid stays. */
  wrap: readonly string[];
  /** Who has to own the data folder, seen from outside. */
  owner: { uid: number; gid: number };
  /** Said once at start when the usual way was not open. */
  notice?: string;
};

/** No way to run Postgres was open; the message says what was tried and what to do. */
export class NoIdentityForPostgres extends Error {
  override name = 'NoIdentityForPostgres';
}

type Named = { name: string; uid: number; gid: number };

export function chooseIdentity(postgres: string): Identity {
  const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (self.uid !== 0 && hasName()) return { description: 'directly', wrap: [], owner: self };

  const tried: string[] = [];
  for (const candidate of candidates(self)) {
    const failure = probe(candidate, postgres);
    if (failure === undefined) return candidate;
    tried.push(`${candidate.description}: ${failure}`);
  }
  throw new NoIdentityForPostgres(
    `Postgres cannot be started by this user (uid ${self.uid}). Run as an ordinary user, allow ` +
      'user namespaces, or set DATABASE_URL, KEYS_DATABASE_URL and EVENTSTORE_URL to servers of ' +
      `your own. Tried ${tried.join('; ')}`,
  );
}

function candidates(self: { uid: number; gid: number }): Identity[] {
  const users = namedUsers();
  const inside = users.find((user) => user.uid === 1000) ?? lastResort(users);
  const namespace: Identity = {
    description: 'in a user namespace',
    wrap: ['unshare', '--user', `--map-user=${inside.uid}`, `--map-group=${inside.gid}`],
    owner: self,
  };
  if (self.uid !== 0) return [namespace];

  const other = users.find((user) => user.name === 'postgres') ?? lastResort(users);
  const asOther = [
    'setpriv',
    `--reuid=${other.uid}`,
    `--regid=${other.gid}`,
    '--clear-groups',
    // The checkout of a root shell is often closed to everybody else (mode 0700): this one
    // capability opens the way to it, without being root.
    '--inh-caps=-all,+dac_override',
    '--ambient-caps=-all,+dac_override',
  ];
  const notice = `User namespaces are not available here: Postgres runs as the user "${other.name}", which now owns its data folder`;
  return [
    namespace,
    { description: `as "${other.name}"`, wrap: asOther, owner: other, notice },
    {
      description: `as "${other.name}" without capabilities`,
      wrap: asOther.slice(0, 4),
      owner: other,
      notice,
    },
  ];
}

/** undefined: it works. It really runs the binary: folders that cannot be entered show up here. */
function probe(candidate: Identity, postgres: string): string | undefined {
  const [command = postgres, ...args] = [...candidate.wrap, postgres, '--version'];
  const result = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 });
  if (result.error) return result.error.message;
  if (result.status === 0) return undefined;
  return (result.stderr || `exit code ${result.status}`).trim();
}

function hasName(): boolean {
  try {
    userInfo();
    return true;
  } catch {
    // os.userInfo() throws exactly when the uid has no entry: initdb would refuse it too.
    return false;
  }
}

function lastResort(users: Named[]): Named {
  return (
    users.find((user) => user.name === 'nobody') ??
    users.find((user) => user.uid !== 0) ?? { name: 'nobody', uid: 65_534, gid: 65_534 }
  );
}

function namedUsers(): Named[] {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}
