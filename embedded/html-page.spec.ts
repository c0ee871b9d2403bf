import { expect, test } from 'vitest';
import { tableOf, timeOf } from './html-page.ts';

test('every cell carries the name of its column, which a phone shows before it', () => {
  const html = tableOf([{ name: 'Of "whom"' }, { name: 'Amount', number: true }], [['a', '1']]);
  expect(html).toContain('<th>Of &quot;whom&quot;</th><th class="number">Amount</th>');
  expect(html).toContain(
    '<tr><td data-name="Of &quot;whom&quot;">a</td><td class="number" data-name="Amount">1</td></tr>',
  );
});

test('a time is read to the second, in UTC, and stands in full in its attribute', () => {
  expect(timeOf('2027-05-01T10:00:00.5+02:00')).toBe(
    '<time datetime="2027-05-01T08:00:00.500Z">2027-05-01 08:00:00</time>',
  );
});
