import type { RateLimits } from '../../../platform/http/rate-limit.ts';
import type { BucketLimit } from '../../../platform/http/token-buckets.ts';
import { defaultLoginLimits } from '../../../platform/identity/identity.ts';
import { defaultReadRateLimits } from '../../../read-api/index.ts';
import { defaultWriteRateLimits } from '../../../write-api/index.ts';
import { page, table } from './markdown.ts';

/** What each class of routes is; a class without a line here is a mistake. */
const classes: Readonly<Record<string, string>> = {
  command: 'commands that need a role',
  open: 'commands that anybody may send: registering',
  session: 'log in, refresh, log out',
  webhook: "Stripe's webhook",
  query: 'queries',
  other: 'pages, the reference, paths that are not there',
};

/** Every limit of both APIs, out of the tables that the servers enforce. */
export function rateLimitsPage(): string {
  const rows = [
    ...rowsOf('write', defaultWriteRateLimits),
    ...rowsOf('read', defaultReadRateLimits),
  ];
  const { perEmail, perPair } = defaultLoginLimits;
  return page(
    'Rate limits',
    'the tables of limits of the two APIs',
    'A limit is a bucket: so many requests at once, and so many a second come back. An answer says which limit counts the request in `RateLimit-Policy`, and what is left in `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11). A request too many is a 429 [`rate-limited`](problems.md#rate-limited) with `Retry-After`; nothing was done.',
    table(['API', 'requests', 'of', 'at once', 'a second'], rows),
    'Health and metrics have none.',
    table(
      ['failed log-ins', 'at once', 'one more every'],
      [
        ['of one address on one e-mail address', ...figures(perPair)],
        ['on one e-mail address, from everywhere', ...figures(perEmail)],
      ],
    ),
    'A right password is not tried either while the limit is used up; log-ins that succeed do not count.',
    'An **address** is an IPv4 address or an IPv6 network of 64 bits, for a household has as many addresses as it likes. It is that of the connection; `X-Forwarded-For` is believed only of the proxies named in [`TRUSTED_PROXIES`](configuration.md). A **person** is a member, however many tokens they have. Each process counts for itself and in memory, at most 50,000 buckets a limit: the one that was not used for the longest is forgotten first, which only helps its owner.',
  );
}

const rowsOf = (api: string, limits: RateLimits): string[][] =>
  Object.entries(limits).flatMap(([name, policies]) =>
    Object.entries(policies).map(([of, { burst, perSecond }]) => {
      const what = classes[name];
      if (what === undefined) throw new TypeError(`the class of limits ${name} is not described`);
      return [api, what, `one ${of}`, grouped(burst), grouped(perSecond)];
    }),
  );

const grouped = (value: number): string => value.toLocaleString('en-US');

const figures = ({ burst, perSecond }: BucketLimit): string[] => [
  grouped(burst),
  `${Math.round(1 / perSecond)} s`,
];
