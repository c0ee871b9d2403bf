export { followTheTill } from './saga.ts';
