import { expect, test } from 'vitest';
import { withoutPassword } from './terminal.ts';

test.each([
  ['postgresql://u:hunter2@db.example.org/x', 'postgresql://u:…@db.example.org/x'],
  ['esdb://u:hunter2@a.example.org:2113?tls=true', 'esdb://u:…@a.example.org:2113?tls=true'],
  ['esdb://u:hunter2@a:2113,b:2113?tls=true', 'esdb://u:…@a:2113,b:2113?tls=true'],
  ['esdb://a:2113,b:2113', 'esdb://a:2113,b:2113'],
  ['esdb://127.0.0.1:2113?tls=false', 'esdb://127.0.0.1:2113?tls=false'],
])('%s is shown as %s', (address, shown) => {
  expect(withoutPassword(address)).toBe(shown);
});
