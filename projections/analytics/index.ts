import type { ViewSet } from '../_runtime/views.ts';
import { projections } from '../index.ts';
import { activities } from './activities.ts';
import { articles, giftBatches, giftRedemptions } from './content.ts';
import { checkIns, enrollments } from './enrollments.ts';
import { ANALYTICS, freshness } from './freshness.ts';
import { cashTills, journalLines, payments, refunds } from './money.ts';

/** What analysts query in SQL. Names, types and order of columns are a promise: `contract.json`. */
export const analyticsViews: Omit<ViewSet, 'readableBy'> = {
  schema: ANALYTICS,
  comment: 'For analysts: read-only, without personal data; columns are only ever added.',
  views: [
    activities,
    enrollments,
    checkIns,
    payments,
    refunds,
    journalLines,
    cashTills,
    giftBatches,
    giftRedemptions,
    articles,
    freshness,
  ],
  projections,
};
