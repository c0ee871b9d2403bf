export { paymentEffects, recordRefund } from './handlers.ts';
export { holdSeatUntilPaid } from './saga.ts';
