/** A name says exactly which image: a version with at least two numbers, or a digest. */
export function pinProblem(image: string): string | undefined {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return undefined;
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  if (tag === undefined) return `${image} has no tag: that means latest`;
  if (!/^v?\d+\.\d+/.test(tag)) return `${image} is not pinned: name a version as 1.2`;
  return undefined;
}

type ImageRule = {
  readonly image: RegExp;
  /** Where it keeps what must outlive the container. */
  readonly state?: string;
  /** The variables of its own that are set here; a misspelled one would be ignored or refused. */
  readonly variables: readonly string[];
  readonly own?: RegExp;
};

/** What has to be known of images that others make. */
const rules: readonly ImageRule[] = [
  {
    image: /^eventstore\/eventstore:/,
    state: '/var/lib/eventstore',
    variables: [
      ...['EVENTSTORE_CLUSTER_SIZE', 'EVENTSTORE_INSECURE', 'EVENTSTORE_RUN_PROJECTIONS'],
      ...['EVENTSTORE_TELEMETRY_OPTOUT', 'EVENTSTORE_MEM_DB', 'EVENTSTORE_MAX_APPEND_SIZE'],
    ],
  },
  {
    image: /^postgres:/,
    state: '/var/lib/postgresql',
    variables: ['POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_DB', 'POSTGRES_INITDB_ARGS'],
    // Read by deploy/postgres/init.sql.
    own: /_DB_PASSWORD$/,
  },
  { image: /^nats:/, state: '/data', variables: [] },
  { image: /^prom\/prometheus:/, state: '/prometheus', variables: [] },
  { image: /^axllent\/mailpit:/, variables: ['MP_MAX_MESSAGES'] },
];

export function imageRule(image: string): ImageRule | undefined {
  return rules.find((rule) => rule.image.test(image));
}
