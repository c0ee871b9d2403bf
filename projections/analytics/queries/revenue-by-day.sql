-- What revenue does each activity make, by day in its own time zone?
-- Revenue is booked when an enrollment is confirmed and taken back when a refund is promised.
select
  a.title,
  (j.occurred_at at time zone a.time_zone)::date as day,
  j.currency,
  sum(j.credit - j.debit) as revenue_minor_units
from analytics.journal_lines j
join analytics.activities a using (activity_id)
where j.account in ('activity-revenue', 'service-fee-revenue')
group by a.activity_id, a.title, day, j.currency
having sum(j.credit - j.debit) <> 0
order by day, a.title, j.currency;
