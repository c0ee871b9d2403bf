-- Who had a place and did not come, per activity that is over?
select
  a.title,
  a.starts_on,
  count(*) as places,
  count(*) filter (where e.admitted_at is null) as no_shows,
  round(100.0 * count(*) filter (where e.admitted_at is null) / count(*), 1) as no_show_percent
from analytics.activities a
join analytics.enrollments e using (activity_id)
where a.status = 'published' and a.ends_at < now() and e.status = 'confirmed'
group by a.activity_id, a.title, a.starts_at, a.starts_on
order by a.starts_at, a.activity_id;
