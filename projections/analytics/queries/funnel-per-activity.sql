-- How far do enrollments of each activity get, from enrolled to admitted?
-- A column counts the enrollments that ever reached the step, also those that ended later.
select
  a.title,
  a.starts_on,
  count(e.enrollment_id) as enrolled,
  count(e.waitlisted_at) as waitlisted,
  count(e.held_at) as held,
  count(e.confirmed_at) as confirmed,
  count(e.admitted_at) as admitted,
  round(100.0 * count(e.admitted_at) / nullif(count(e.enrollment_id), 0), 1) as admitted_percent
from analytics.activities a
left join analytics.enrollments e using (activity_id)
where a.status <> 'draft'
group by a.activity_id, a.title, a.starts_at, a.starts_on
order by a.starts_at, a.activity_id;
