export { refundOnActivityCancelled } from './saga.ts';
