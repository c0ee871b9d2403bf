import { expect, test } from 'vitest';
import { projectedSubjects, securedSubjects, subjects } from './cases/index.ts';
import { rulebook } from './rules.ts';

const files = { ...subjects, ...projectedSubjects, ...securedSubjects };
const cases = Object.values(files).flat();
const rules = new Set(rulebook.flatMap((chapter) => chapter.rules.map(({ id }) => id)));
const shown = new Set<string>(cases.flatMap((one) => one.rules));

test('every rule has a case', () => {
  expect([...rules].filter((id) => !shown.has(id))).toEqual([]);
});

test('every case names rules that there are, each once', () => {
  expect([...shown].filter((id) => !rules.has(id))).toEqual([]);
  for (const one of cases) {
    expect(one.rules, one.title).toEqual([...new Set(one.rules)]);
    expect(one.rules, one.title).not.toEqual([]);
  }
});

test('no rule stands in two chapters, and no two cases of a file have the same title', () => {
  const ids = rulebook.flatMap((chapter) => chapter.rules.map(({ id }) => id));
  expect(ids).toEqual([...rules]);
  for (const [file, those] of Object.entries(files)) {
    const titles = those.map(({ title }) => title);
    expect(titles, file).toEqual([...new Set(titles)]);
  }
});

test('there are at least two hundred cases', () => {
  expect(cases.length).toBeGreaterThanOrEqual(200);
});
