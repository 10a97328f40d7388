create type vibe_private.visitor_day as (
    place integer,
    user_id bigint,
    page_views bigint,
    events bigint,
    last_received_at timestamptz
);
comment on type vibe_private.visitor_day is 'what one visitor did on one day of a count, which place numbers from 1; never stored';
