import { playSeason } from '../../embedded/demo/index.ts';
import type { Secrets } from '../../embedded/supervisor/index.ts';
import type { StartOptions } from './options.ts';
import type { Addresses } from './parts.ts';
import type { Reporter } from './reporter.ts';

type Playing = {
  readonly options: StartOptions;
  readonly secrets: Secrets;
  readonly addresses: Addresses;
  readonly reporter: Reporter;
};

/** Plays the season and shows what it came to. False: the books have a difference. */
export async function playDemo({
  options,
  secrets,
  addresses,
  reporter,
}: Playing): Promise<boolean> {
  const { writeUrl, readUrl, stripeUrl } = addresses;
  if (stripeUrl === undefined) throw new TypeError('the demo needs the Stripe sandbox');
  const result = await playSeason({
    ...{ writeUrl, readUrl, stripeUrl, stripeKeys: secrets },
    adminEmail: options.env.ADMIN_EMAIL,
    adminPassword: secrets.ADMIN_PASSWORD,
    plantBreak: options['plant-break'],
    onProgress: (act, done, total) => reporter.act(act, done, total),
  });
  reporter.played(result, addresses);
  return result.breaks.length === 0;
}
