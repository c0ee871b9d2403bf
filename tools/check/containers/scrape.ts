import { parse } from 'yaml';
import { z } from 'zod';

const target = z.looseObject({ names: z.array(z.string()), port: z.number() });
const file = z.looseObject({
  scrape_configs: z.array(z.looseObject({ dns_sd_configs: z.array(target) })),
});

/** Every role is scraped where it answers, and nobody is who is not there. */
export function scrapeProblems(
  source: string,
  ports: ReadonlyMap<string, number>,
  services: ReadonlySet<string>,
): string[] {
  const targets = file
    .parse(parse(source))
    .scrape_configs.flatMap((job) => job.dns_sd_configs)
    .flatMap(({ names, port }) => names.map((name) => ({ name, port })));
  const absent = targets
    .filter(({ name }) => !services.has(name))
    .map(({ name }) => `scrapes ${name}, which is no service`);
  const wrong = [...ports].flatMap(([service, port]) => {
    const found = targets.filter(({ name }) => name === service);
    if (found.length === 0) return [`does not scrape ${service}`];
    return found.some((each) => each.port === port)
      ? []
      : [`scrapes ${service} on ${found[0]?.port}, which answers on ${port}`];
  });
  return [...absent, ...wrong];
}
