import { defineExamples, exampleIds } from '../_kernel/examples.ts';
import { registerInstallation } from './decide.ts';
import type { InstallationEvent } from './events.ts';
import { installation } from './state.ts';

const { installationId } = exampleIds;
export const registered: InstallationEvent = {
  type: 'InstallationRegistered',
  data: { installationId },
};

export const examples = defineExamples(installation, {
  statuses: { none: [], registered: [registered] },
  commands: { registerInstallation: (state) => registerInstallation(state, { installationId }) },
});
