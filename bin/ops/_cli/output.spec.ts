import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createOutput, renderTable } from './output.ts';

const bare = (_colour: string, text: string) => text;

test('columns are as wide as what stands in them, numbers to the right, nothing is -', () => {
  const rows = [
    ['enrollments', 7, null],
    [{ text: 'pets', colour: 'red' }, 1234, 'x'],
  ] as const;
  expect(renderTable(['name', 'rows', 'note'], rows, bare)).toEqual([
    'name         rows  note',
    'enrollments     7  -',
    'pets         1234  x',
  ]);
});

test('colour goes around the padded text, so that columns stay where they are', () => {
  const [, line] = renderTable(
    ['state', 'n'],
    [[{ text: 'ok', colour: 'green' }, 1]],
    (colour, text) => `<${colour}>${text}</>`,
  );
  expect(line).toBe('<green>ok   </>  1');
});

test('what a terminal would obey is not printed as it is', () => {
  const [, line] = renderTable(['title'], [['a\u001B[2Jb\u202Ec\n']], bare);
  expect(line).toBe('a\uFFFD[2Jb\uFFFDc\uFFFD');
});

function outputOf(json: boolean) {
  const stdout = new PassThrough({ encoding: 'utf8' });
  const stderr = new PassThrough({ encoding: 'utf8' });
  const out = createOutput({ json, stdout, stderr, interactive: false });
  return {
    out,
    stdout: () => String(stdout.read() ?? ''),
    stderr: () => String(stderr.read() ?? ''),
  };
}

test('a script gets JSON, a person lines; what is not a terminal gets no colours', () => {
  const script = outputOf(true);
  script.out.show({ a: 1 }, () => ['a is 1']);
  expect(JSON.parse(script.stdout())).toEqual({ a: 1 });
  script.out.record({ a: 1 }, () => []);
  script.out.record({ a: 2 }, () => []);
  expect(script.stdout()).toBe('{"a":1}\n{"a":2}\n');

  const person = outputOf(false);
  person.out.show({ a: 1 }, () => [person.out.paint('red', 'a is 1')]);
  expect(person.stdout()).toBe('a is 1\n');
});

test('notes and progress never come between the lines of an answer', () => {
  const { out, stdout, stderr } = outputOf(true);
  out.note('by the way');
  out.progress('10 %');
  expect(stdout()).toBe('');
  expect(stderr()).toBe('by the way\n10 %\n');
});
