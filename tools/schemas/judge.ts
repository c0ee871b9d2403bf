import { type Catalogue, decodeData } from '../../domain/_kernel/catalogue.ts';
import { compareForms } from './compare.ts';
import { hashOf, type StoredForm, storedForm } from './json-schema.ts';
import type { Lock, LockedEvent, Releases } from './lock.ts';
import type { Sample } from './samples.ts';

/**
 * Something that the lock does not say yet. `accept`: `npm run schemas:accept` may write it down;
 * `unreleased`: only with `--unreleased`, because it breaks stored events of a version that no
 * release has; `never`: the code or the samples have to change.
 */
export type Finding = {
  readonly event: string;
  readonly text: string;
  readonly remedy: 'accept' | 'unreleased' | 'never';
};

export type Evidence = {
  readonly catalogue: Catalogue;
  readonly lock: Lock;
  readonly samples: readonly Sample[];
  readonly releases: Releases;
};

type Definition = Catalogue['types'] extends ReadonlyMap<string, infer D> ? D : never;

const howTo = 'docs/how-to/change-an-event.md';

export function judge(evidence: Evidence): Finding[] {
  const { catalogue, lock } = evidence;
  const removed = Object.entries(lock).filter(([type]) => !catalogue.types.has(type));
  return [
    ...removed.map(([type, locked]) => removedEvent(type, locked, evidence)),
    ...[...catalogue.types.values()].flatMap((definition) => judgeEvent(definition, evidence)),
    ...evidence.samples.flatMap((sample) => judgeSample(sample, catalogue)),
  ];
}

/** The lock as it would be with everything accepted. */
export function accepted({ catalogue, lock, samples, releases }: Evidence): Lock {
  const events = [...catalogue.types.values()].map((definition) => {
    const { type, version, category } = definition;
    const form = storedForm(definition);
    const known = lock[type]?.versions ?? {};
    const now = { since: releases.next, ...known[version], hash: hashOf(form), ...form };
    const kept = Object.entries(known).filter(([v]) => Number(v) < version);
    const versions = [...kept, [String(version), now] as const].map(([v, one]) => [
      v,
      { ...one, sample: sampleHash(samples, type, Number(v)) },
    ]);
    return [type, { category, versions: Object.fromEntries(versions) }];
  });
  return Object.fromEntries(events) as Lock;
}

function removedEvent(type: string, { versions }: LockedEvent, { releases }: Evidence): Finding {
  const text = `${type} is no longer in the catalogue. Stored events of this type would be unknown, and nobody skips an unknown event: keep the definition, even if nothing decides it any more.`;
  const since = Object.values(versions).map((version) => version.since);
  return { event: type, ...remedyOf(text, since, releases) };
}

function judgeEvent(definition: Definition, evidence: Evidence): Finding[] {
  const { type, version, category } = definition;
  const { lock, samples, releases } = evidence;
  const locked = lock[type];
  const findings: Omit<Finding, 'event'>[] = [];
  const newest = Math.max(0, ...Object.keys(locked?.versions ?? {}).map(Number));

  if (locked !== undefined && locked.category !== category) {
    const text = `${type} moved from category ${locked.category} to ${category}: it would be looked for in other streams than it stands in.`;
    const since = Object.values(locked.versions).map((one) => one.since);
    findings.push(remedyOf(text, since, releases));
  }
  if (version < newest) {
    const text = `${type} went back to version ${version}; version ${newest} was accepted and may be stored.`;
    findings.push(remedyOf(text, [locked?.versions[newest]?.since ?? ''], releases));
  }
  if (version > newest + 1) {
    const text = `${type} is at version ${version}, but the last accepted one is ${newest}: raise the version one by one, so that each has its schema here.`;
    findings.push({ text, remedy: 'never' });
  }
  findings.push(...judgeVersion(definition, evidence));
  for (let v = 1; v <= version; v += 1) {
    if (!samples.some((sample) => sample.type === type && sample.version === v)) {
      const text = `${type} v${v} has no stored sample. Put one into domain/_golden/: { "type": "${type}", "version": ${v}, "data": … }`;
      findings.push({ text, remedy: 'never' });
    }
    const before = locked?.versions[v];
    if (before !== undefined && before.sample !== sampleHash(samples, type, v)) {
      const text = `${type} v${v}: its stored sample was edited or added to. Samples stand for events that exist.`;
      findings.push(
        releases.isReleased(before.since) ? { text, remedy: 'never' } : { text, remedy: 'accept' },
      );
    }
  }
  return findings.map((finding) => ({ event: type, ...finding }));
}

/** The newest version against what was accepted for it. */
function judgeVersion(definition: Definition, { lock, releases }: Evidence) {
  const { type, version } = definition;
  const before = lock[type]?.versions[version];
  const form: StoredForm = storedForm(definition);
  if (before === undefined) return [newVersion(`${type} v${version}`, releases)];
  if (before.hash === hashOf(form)) return [];
  const changes = compareForms(before, form);
  const what = changes.map(({ text }) => text).join('; ');
  if (changes.every(({ widening }) => widening)) {
    const text = `${type} v${version} was widened: ${what}. Every stored event of this version still decodes; a process of an older release would not understand new ones.`;
    return [{ text, remedy: 'accept' } as const];
  }
  const text = `${type} v${version} changed: ${what}. Stored events of version ${version} would no longer decode. Add version ${version + 1} with an upcaster: ${howTo}`;
  return [remedyOf(text, [before.since], releases)];
}

function newVersion(name: string, { next, isReleased }: Releases): Omit<Finding, 'event'> {
  if (!isReleased(next)) return { text: `${name} is new.`, remedy: 'accept' };
  const text = `${name} is new, but package.json still says ${next}, which CHANGELOG.md calls released: raise the version first.`;
  return { text, remedy: 'never' };
}

/** What would break stored events may only happen to versions that no release has. */
function remedyOf(
  text: string,
  since: readonly string[],
  { isReleased }: Releases,
): Omit<Finding, 'event'> {
  if (since.some(isReleased)) return { text, remedy: 'never' };
  return {
    text: `${text}\n    No release has it yet: if no log that anybody keeps has it either, \`npm run schemas:accept -- --unreleased\` replaces it.`,
    remedy: 'unreleased',
  };
}

function judgeSample({ file, type, version, data }: Sample, catalogue: Catalogue): Finding[] {
  try {
    decodeData(catalogue, type, version, data);
    return [];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const text = `${file} no longer decodes: ${why}. It stands for events that are stored: do not edit it, mend the schema or the upcaster.`;
    return [{ event: type, text, remedy: 'never' }];
  }
}

function sampleHash(samples: readonly Sample[], type: string, version: number): string {
  const found = samples.filter((sample) => sample.type === type && sample.version === version);
  return hashOf(found.map(({ data }) => data));
}
