-- Which part of the money that was taken goes back, and why?
-- Failed refunds are left out: their money is still here.
with refunded as (
  select
    payment_id,
    sum(amount) as amount,
    string_agg(distinct cause, ', ' order by cause) as causes
  from analytics.refunds
  where status <> 'failed'
  group by payment_id
)
select
  a.title,
  p.currency,
  count(*) as payments,
  count(r.payment_id) as refunded_payments,
  sum(p.amount) as taken_minor_units,
  coalesce(sum(r.amount), 0) as refunded_minor_units,
  round(100.0 * coalesce(sum(r.amount), 0) / sum(p.amount), 1) as refunded_percent,
  string_agg(distinct r.causes, ', ') as causes
from analytics.payments p
join analytics.activities a using (activity_id)
left join refunded r using (payment_id)
group by a.activity_id, a.title, p.currency
order by a.title, p.currency;
