// The gate for event schemas: what was stored once has to decode for ever.
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Catalogue } from '../domain/_kernel/catalogue.ts';
import { count } from './check/step.ts';
import { accepted, type Evidence, type Finding, judge } from './schemas/judge.ts';
import { readLock, readReleases, writeLock } from './schemas/lock.ts';
import { readSamples } from './schemas/samples.ts';

const help = `node tools/event-schemas.ts [options]

Compares every event of domain/_catalogue.ts with domain/_golden/schemas.json and decodes every
stored sample.

Options:
  --accept       write new events, new versions and widenings into schemas.json
  --unreleased   with --accept: also replace versions that no release has (CHANGELOG.md says
                 which versions are released), although stored events of them would not decode
  --root <dir>   look at another tree
  --help         this text

Exit code 0 when schemas.json says what the code says, 1 when not, 2 for a wrong option.`;

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const options = parse(argv);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${help}`);
    return 2;
  }
  if (options.help) {
    console.log(help);
    return 0;
  }
  const evidence = await gather(options.root);
  const findings = judge(evidence);
  if (!options.accept) return report(findings, evidence);
  const open = findings.filter(({ remedy }) => !mayWrite(remedy, options.unreleased));
  if (open.length > 0) {
    console.log(`Nothing was written, because of:\n${list(open)}`);
    return 1;
  }
  await writeLock(options.root, accepted(evidence));
  console.log(findings.length === 0 ? 'Nothing to accept.' : `Accepted:\n${list(findings)}`);
  return 0;
}

function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        accept: { type: 'boolean', default: false },
        unreleased: { type: 'boolean', default: false },
        root: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.unreleased && !values.accept) return '--unreleased goes with --accept.';
    return values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function gather(root: string): Promise<Evidence> {
  const file = pathToFileURL(join(root, 'domain/_catalogue.ts')).href;
  const { catalogue } = (await import(file)) as { catalogue: Catalogue };
  const [lock, samples, releases] = await Promise.all([
    readLock(root),
    readSamples(root),
    readReleases(root),
  ]);
  return { catalogue, lock, samples, releases };
}

function mayWrite(remedy: Finding['remedy'], unreleased: boolean): boolean {
  return remedy === 'accept' || (remedy === 'unreleased' && unreleased);
}

function report(findings: readonly Finding[], { catalogue, samples }: Evidence): number {
  if (findings.length === 0) {
    console.log(`${count(catalogue.types.size, 'event')}, ${count(samples.length, 'sample')}`);
    return 0;
  }
  console.log(list(findings));
  if (findings.every(({ remedy }) => remedy === 'accept')) {
    console.log('All of this is safe: `npm run schemas:accept` writes it into schemas.json.');
  }
  return 1;
}

function list(findings: readonly Finding[]): string {
  return findings.map(({ text }) => `  ${text}`).join('\n');
}
