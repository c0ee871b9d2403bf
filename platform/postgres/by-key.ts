/**
 * For sessions that look rows up by key, and nothing else. A prepared plan that was made while a table
 * was small would go on reading all of it (half the speed after 10,000 events).
 */
const settings = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin'] as const;

/** For an open session. */
export const LOOK_UP_BY_KEY = settings.map((name) => `set ${name} = off;`).join('\n');
/**
 * For the start of one. Its named statements are planned once: an array of one and one of thirty ask
 * for the same plan, and Postgres, which guesses ten, would plan most of them each time anew.
 */
export const LOOK_UP_BY_KEY_OPTIONS = [
  ...settings.map((name) => `${name}=off`),
  'plan_cache_mode=force_generic_plan',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');
