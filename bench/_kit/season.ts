import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { createDriver, type Driver, type Person } from '../../test/acceptance/driver.ts';
import { startPlatform, type TestPlatform } from '../../test/support/platform.ts';
import { type Answer, type Connections, headerOf, openConnections } from './connections.ts';
import { progress } from './report.ts';

/** A platform as `npm start` runs it, with members and activities, and who enrolls in them. */
export type Season = {
  readonly platform: TestPlatform;
  readonly driver: Driver;
  readonly members: readonly Person[];
  /** Published, each with a seat for everybody. */
  readonly activities: readonly string[];
  readonly hot: string;
  readonly write: Connections;
  readonly read: Connections;
  /** The n-th enrollment, spread over the activities, or all of them in one. */
  enroll(n: number, activityId?: string): Promise<Enrolled>;
  /** Counts an answer that is not what was asked for. */
  refuse(what: string, answer: Answer): void;
  /** Requests that were not answered with what they asked for: fast and wrong is not a figure. */
  refused(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
};

export type Enrolled = {
  readonly id: string;
  readonly member: Person;
  readonly consistency: string;
};

export type SeasonOptions = {
  readonly members: number;
  readonly activities: number;
  readonly connections: number;
};

const enrolled = z.object({ id: z.string() });
/** Members registering at the same time: each costs two password hashes. */
const REGISTERING = 8;
/** To open one takes two commands, and a person may send 300 at once. */
const ACTIVITIES_PER_STAFF = 120;

export async function startSeason(options: SeasonOptions): Promise<Season> {
  progress('starting the platform');
  const platform = await startPlatform();
  const driver = createDriver(platform);
  const refused: Record<string, number> = {};
  const refuse: Season['refuse'] = (what, { status, body }) => {
    const line = `${what}: ${status} ${body.slice(0, 200)}`;
    refused[line] = (refused[line] ?? 0) + 1;
  };
  try {
    const { members, activities, hot } = await prepare(driver, options);
    const write = openConnections(platform.writeUrl, options.connections);
    const read = openConnections(platform.readUrl, options.connections);
    return {
      ...{ platform, driver, members, activities, hot, write, read },
      enroll: async (n, activityId = activities[n % activities.length] ?? hot) => {
        // Nobody has all their places in one activity.
        const member = at(members, Math.floor(n / activities.length) + n);
        const answer = await write.send({
          method: 'POST',
          path: `/v1/activities/${activityId}/enrollments`,
          headers: { authorization: `Bearer ${member.token}`, 'idempotency-key': randomUUID() },
          body: { attendee: { name: 'Žofie', email: 'zofie@member.example' } },
        });
        if (answer.status === 201) return enrolledBy(member, answer);
        refuse('enroll', answer);
        return { id: '', member, consistency: '' };
      },
      refuse,
      refused: () => refused,
      stop: async () => {
        write.close();
        read.close();
        driver.close();
        await platform.stop();
      },
    };
  } catch (error) {
    driver.close();
    await platform.stop();
    throw error;
  }
}

async function prepare(driver: Driver, { members: count, activities }: SeasonOptions) {
  progress(`registering ${count} members`);
  const members: Person[] = [];
  while (members.length < count) {
    const batch = Math.min(REGISTERING, count - members.length);
    members.push(...(await Promise.all(Array.from({ length: batch }, () => driver.register()))));
  }
  const opened: string[] = [];
  let staff: Person | undefined;
  for (let index = 0; index <= activities; index += 1) {
    if (staff === undefined || index % ACTIVITIES_PER_STAFF === 0) {
      progress(`opening activities: ${index} of ${activities}`);
      staff = await driver.official('staff');
    }
    const open = { capacity: 100_000, seatsPerMember: 1000, price: 2500 };
    opened.push((await driver.openActivity(staff, open)).id);
  }
  const [hot = '', ...others] = opened;
  return { members, activities: others, hot };
}

function enrolledBy(member: Person, answer: Answer): Enrolled {
  const { id } = enrolled.parse(JSON.parse(answer.body));
  return { id, member, consistency: headerOf(answer, 'consistency-token') ?? '' };
}

export function at<T>(items: readonly T[], n: number): T {
  const item = items[n % items.length];
  if (item === undefined) throw new RangeError('nothing to choose from');
  return item;
}
