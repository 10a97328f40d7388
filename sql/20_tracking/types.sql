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
    starts_session boolean
);
comment on type vibe_private.tracked_item is
    'one checked item: ord is its envelope, place its position there; the last three are filled in by later steps';
