import { defineExamples } from '../_kernel/examples.ts';
import { setHoldTime, setServiceFee } from './decide.ts';
import type { SettingsEvent } from './events.ts';
import { settings } from './state.ts';

export const now = '2026-05-01T08:00:00.000Z';
const later = '2026-06-01T00:00:00.000Z';
const earlier = '2026-04-01T00:00:00.000Z';

export const holdTimeSet: SettingsEvent = {
  type: 'HoldTimeSet',
  data: { minutes: 15, effectiveFrom: later },
};
export const serviceFeeSet: SettingsEvent = {
  type: 'ServiceFeeSet',
  data: { basisPoints: 250, effectiveFrom: later },
};

export const examples = defineExamples(settings, {
  statuses: { 'in-force': [] },
  situations: { 'the same was set': [holdTimeSet, serviceFeeSet] },
  commands: {
    setHoldTime: (state) => setHoldTime(state, { minutes: 15, effectiveFrom: later, now }),
    'setHoldTime (past date)': (state) =>
      setHoldTime(state, { minutes: 15, effectiveFrom: earlier, now }),
    setServiceFee: (state) => setServiceFee(state, { basisPoints: 250, effectiveFrom: later, now }),
    'setServiceFee (past date)': (state) =>
      setServiceFee(state, { basisPoints: 250, effectiveFrom: earlier, now }),
  },
});
