import { balanceRoutes } from '../resources/balance.ts';
import { chargeRoutes } from '../resources/charges.ts';
import { customerRoutes } from '../resources/customers.ts';
import { eventRoutes } from '../resources/events.ts';
import { paymentIntentRoutes } from '../resources/payment-intents/routes.ts';
import { paymentMethodRoutes } from '../resources/payment-methods.ts';
import { refundRoutes } from '../resources/refunds.ts';
import type { Route } from './route.ts';

/** Everything the sandbox answers under `/v1`. */
export const ROUTES: readonly Route[] = [
  ...balanceRoutes,
  ...chargeRoutes,
  ...customerRoutes,
  ...eventRoutes,
  ...paymentIntentRoutes,
  ...paymentMethodRoutes,
  ...refundRoutes,
];
