import { buildCatalogue } from './_kernel/catalogue.ts';
import { activityEvents } from './activity/events.ts';
import { articleEvents } from './article/events.ts';
import { enrollmentEvents } from './enrollment/events.ts';
import { giftstockEvents } from './giftstock/events.ts';
import { installationEvents } from './installation/events.ts';
import { memberEvents } from './member/events.ts';
import { paymentEvents } from './payment/events.ts';
import { petEvents } from './pet/events.ts';
import { reservationEvents } from './reservation/events.ts';
import { seatingEvents } from './seating/events.ts';
import { settingsEvents } from './settings/events.ts';
import { statementEvents } from './statement/events.ts';
import { ticketEvents } from './ticket/events.ts';
import { tillEvents } from './till/events.ts';

/** All events of the platform. An aggregate that is not listed here cannot be stored or read. */
export const catalogue = buildCatalogue([
  activityEvents,
  articleEvents,
  enrollmentEvents,
  giftstockEvents,
  installationEvents,
  memberEvents,
  paymentEvents,
  petEvents,
  reservationEvents,
  seatingEvents,
  settingsEvents,
  statementEvents,
  ticketEvents,
  tillEvents,
]);
