import type { Id } from '../_kernel/ids.ts';
import type { Decision } from '../_kernel/rejection.ts';
import type { InstallationEvent } from './events.ts';
import type { InstallationState } from './state.ts';

export type RegisterInstallation = { readonly installationId: Id<'ins'> };

/** A log keeps the id it was founded with, whoever starts on it later. */
export function registerInstallation(
  state: InstallationState,
  { installationId }: RegisterInstallation,
): Decision<InstallationEvent> {
  switch (state.status) {
    case 'none':
      return [{ type: 'InstallationRegistered', data: { installationId } }];
    case 'registered':
      return [];
  }
}
