import { test } from 'vitest';
import { deriveId } from '../_kernel/ids.ts';
import { spec } from '../_kernel/spec-kit.ts';
import { registerInstallation } from './decide.ts';
import { registered } from './examples.ts';
import { installation } from './state.ts';

test('a log is founded once and keeps its id', () => {
  spec(installation)
    .given()
    .when((state) => registerInstallation(state, registered.data))
    .then(registered);
  spec(installation)
    .given(registered)
    .when((state) => registerInstallation(state, { installationId: deriveId('ins', 'another') }))
    .then();
});
