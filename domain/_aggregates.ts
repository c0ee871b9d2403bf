import { type OpaqueAggregate, opaqueAggregate } from './_kernel/aggregate.ts';
import { activity } from './activity/state.ts';
import { article } from './article/state.ts';
import { enrollment } from './enrollment/state.ts';
import { giftstock } from './giftstock/state.ts';
import { installation } from './installation/state.ts';
import { member } from './member/state.ts';
import { payment } from './payment/state.ts';
import { pet } from './pet/state.ts';
import { reservation } from './reservation/state.ts';
import { seating } from './seating/state.ts';
import { settings } from './settings/state.ts';
import { statement } from './statement/state.ts';
import { ticket } from './ticket/state.ts';
import { till } from './till/state.ts';

/** Every aggregate by its category, for whoever folds a stream by its name alone. */
export const aggregates: ReadonlyMap<string, OpaqueAggregate> = new Map(
  [
    opaqueAggregate(activity),
    opaqueAggregate(article),
    opaqueAggregate(enrollment),
    opaqueAggregate(giftstock),
    opaqueAggregate(installation),
    opaqueAggregate(member),
    opaqueAggregate(payment),
    opaqueAggregate(pet),
    opaqueAggregate(reservation),
    opaqueAggregate(seating),
    opaqueAggregate(settings),
    opaqueAggregate(statement),
    opaqueAggregate(ticket),
    opaqueAggregate(till),
  ].map((aggregate) => [aggregate.category, aggregate]),
);
