-- How far have the views seen, and is anything missing?
-- `parked_events` above 0 means that something could not be taken in: ask operations.
select view_name, events_seen, newest_event_at, parked_events, current
from analytics.freshness
order by view_name;
