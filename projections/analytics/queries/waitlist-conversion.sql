-- What becomes of those who wait: do they get a place, how long does it take, do they take it?
select
  a.title,
  count(*) as waited,
  count(e.promoted_at) as promoted,
  count(e.confirmed_at) as confirmed,
  round(100.0 * count(e.confirmed_at) / count(*), 1) as confirmed_percent,
  percentile_cont(0.5) within group (order by e.promoted_at - e.waitlisted_at) as median_wait
from analytics.enrollments e
join analytics.activities a using (activity_id)
where e.waitlisted_at is not null
group by a.activity_id, a.title, a.starts_at
order by a.starts_at, a.activity_id;
