import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LARGE_BLOCKS } from './heap.ts';

test('npm run event-store starts the node under the same allocator as the supervisor', () => {
  const file = join(import.meta.dirname, '../../package.json');
  const { scripts } = JSON.parse(readFileSync(file, 'utf8'));
  const variables = Object.entries(LARGE_BLOCKS).map(([name, value]) => `${name}=${value}`);
  expect(scripts['event-store']).toBe(`${variables.join(' ')} exec node bin/event-store.ts`);
});
