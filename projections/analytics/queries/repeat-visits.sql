-- How many members came once, twice, three times?
-- A visit is an activity to which a member was admitted, however many seats the member had there.
with visits as (
  select member_key, count(distinct activity_id) as visits
  from analytics.enrollments
  where admitted_at is not null
  group by member_key
)
select
  visits,
  count(*) as members,
  round(100.0 * count(*) / sum(count(*)) over (), 1) as members_percent
from visits
group by visits
order by visits;
