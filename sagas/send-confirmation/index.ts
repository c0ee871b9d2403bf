export { confirmationEffects } from './handler.ts';
export { sendConfirmation } from './saga.ts';
