-- How many days before it starts do people enroll?
-- Days are counted on the calendar of the venue; 0 is the day itself.
with bookings as (
  select
    a.activity_id,
    a.title,
    a.starts_on - (e.requested_at at time zone a.time_zone)::date as days_before
  from analytics.enrollments e
  join analytics.activities a using (activity_id)
)
select
  title,
  days_before,
  count(*) as enrolled,
  sum(count(*)) over (partition by activity_id order by days_before desc) as enrolled_so_far
from bookings
group by activity_id, title, days_before
order by title, activity_id, days_before desc;
