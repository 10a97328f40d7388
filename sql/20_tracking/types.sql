-- Shapes that travel between the steps of ingest; never stored.
create type vibe_private.envelope_head as (
    ord int,
    site_id int,
    item_count int,
    problem jsonb,
    errors jsonb
);
comment on type vibe_private.envelope_head is
    'one request of a tracker: problem is set when it is refused whole, errors lists its refused items';

create type vibe_private.tracked_item as (
    ord int,
    place int,
    site_id int,
    kind text,
    event_id uuid,
    occurred_at timestamptz,
    anonymous_id text,
    event_name text,
    page text,
    url text,
    referrer text,
    title text,
    properties jsonb,
    external_id text,
    traits jsonb,
    user_id bigint,
    session_id bigint,
    starts_session boolean,
    query text,
    is_bot boolean
);
comment on type vibe_private.tracked_item is
    'one checked item: ord is its envelope, place its position there; user_id, session_id, starts_session and is_bot are filled in by later steps';

create type vibe_private.held_visitor as (
    site_id int,
    user_id bigint,
    anonymous_id text,
    first_at timestamptz,
    last_at timestamptz,
    person_id bigint,
    name text,
    external_id text,
    segment text
);
comment on type vibe_private.held_visitor is
    'a visitor whose row is locked until commit, the span of their items in this call, and the person they are';

create type vibe_private.touched_visit as (
    site_id int,
    session_id bigint,
    user_id bigint,
    started_at timestamptz,
    last_seen_at timestamptz,
    page_views int,
    events int,
    referrer text,
    device text,
    browser text,
    is_bot boolean,
    page text,
    has_heartbeat boolean
);
comment on type vibe_private.touched_visit is
    'a visit after this call was counted in; page is the last one, has_heartbeat of the call''s items';
