create table vibe.funnels (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    funnel_id bigint generated always as identity,
    name text not null check (length(name) between 1 and 100),
    mode text not null default 'ordered' check (mode in ('ordered', 'strict', 'unordered')),
    within interval check (within >= interval '0' and extract(year from within) = 0 and extract(month from within) = 0),
    ties text not null default 'allow' check (ties in ('allow', 'strict')),
    hold text check (length(hold) between 1 and 100),
    created_at timestamptz not null default now(),
    primary key (site_id, funnel_id),
    constraint funnels_name_key unique (site_id, name)
);
comment on table vibe.funnels is 'stored funnels: named sequences of steps that visitors should go through';
comment on column vibe.funnels.name is 'what people call the funnel, unique within the site';
comment on column vibe.funnels.mode is
'ordered: step after step, whatever else happens; strict: nothing else of the user between; unordered: any order, and step n means any n of the steps';
comment on column vibe.funnels.within is 'the time from the first event to the last, in days or smaller units; null for any';
comment on column vibe.funnels.ties is 'allow: steps may share an instant; strict: a next step must be at a later one';
comment on column vibe.funnels.hold is
'an event property whose value all steps must share; the best value of a user counts, events without it do not; null for none';

create table vibe.funnel_steps (
    site_id integer not null,
    funnel_id bigint not null,
    position integer not null check (position between 1 and 32),
    name text not null check (length(name) between 1 and 100),
    event_name text not null check (length(event_name) between 1 and 100),
    page_pattern text check (length(page_pattern) between 1 and 2000),
    properties jsonb check (jsonb_typeof(properties) = 'object'),
    exclusion boolean not null default false,
    from_step integer,
    to_step integer,
    primary key (site_id, funnel_id, exclusion, position),
    constraint funnel_steps_funnel_fkey foreign key (site_id, funnel_id)
        references vibe.funnels (site_id, funnel_id) on delete cascade,
    constraint funnel_steps_span check (
        case when exclusion then from_step >= 1 and to_step > from_step and to_step <= 32 and from_step is not null and to_step is not null
            else from_step is null and to_step is null end
    )
);
comment on table vibe.funnel_steps is 'what an event must be to count as a step of a funnel, or as an exclusion between steps';
comment on column vibe.funnel_steps.name is 'what people call the step';
comment on column vibe.funnel_steps.position is '1 is the first step; exclusions are numbered by themselves';
comment on column vibe.funnel_steps.page_pattern is 'the event''s page must be like this (% is any text, _ any character); null for any page';
comment on column vibe.funnel_steps.properties is
'conditions on event properties, as {"list": "summer", "color": ["red", "blue"], "price": {">=": 100}}; null for none';
comment on column vibe.funnel_steps.exclusion is 'such an event ends a chain that is between from_step and to_step';
comment on column vibe.funnel_steps.from_step is 'of an exclusion: from this step on it ends a chain';
comment on column vibe.funnel_steps.to_step is 'of an exclusion: once this step is taken it no longer does';

-- Kept by the nightly job, so that a BI tool need not count events.
create table vibe.daily_funnel_stats (
    site_id integer not null,
    funnel_id bigint not null,
    day date not null,
    step integer not null check (step between 1 and 32),
    users bigint not null,
    calculated_at timestamptz not null default now(),
    primary key (site_id, funnel_id, day, step),
    constraint daily_funnel_stats_funnel_fkey foreign key (site_id, funnel_id)
        references vibe.funnels (site_id, funnel_id) on delete cascade
);
comment on table vibe.daily_funnel_stats is
'how far the users come who enter a stored funnel on a day of the site''s calendar; written by vibe.calculate_funnel_days()';
comment on column vibe.daily_funnel_stats.step is '1 is the first step';
comment on column vibe.daily_funnel_stats.users is 'users who entered on the day and reach the step within the funnel''s window (30 days if it has none)';
comment on column vibe.daily_funnel_stats.calculated_at is 'when the row last changed';

alter table vibe.daily_funnel_stats enable row level security;
create policy read on vibe.daily_funnel_stats for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.daily_funnel_stats is 'rows of a site are seen by its members';
grant select on vibe.daily_funnel_stats to vibe_analyst;

alter table vibe.funnels enable row level security;
create policy read on vibe.funnels for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.funnels is 'rows of a site are seen by its members';
create policy add on vibe.funnels for insert with check (site_id = any (array(select vibe.my_sites('member'))));
comment on policy add on vibe.funnels is 'viewers cannot write';
create policy change on vibe.funnels for update using (site_id = any (array(select vibe.my_sites('member'))));
comment on policy change on vibe.funnels is 'viewers cannot write';
create policy remove on vibe.funnels for delete using (site_id = any (array(select vibe.my_sites('member'))));
comment on policy remove on vibe.funnels is 'viewers cannot write';
grant select on vibe.funnels to vibe_analyst;
grant insert, update, delete on vibe.funnels to vibe_member;

alter table vibe.funnel_steps enable row level security;
create policy read on vibe.funnel_steps for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.funnel_steps is 'rows of a site are seen by its members';
create policy add on vibe.funnel_steps for insert with check (site_id = any (array(select vibe.my_sites('member'))));
comment on policy add on vibe.funnel_steps is 'viewers cannot write';
create policy change on vibe.funnel_steps for update using (site_id = any (array(select vibe.my_sites('member'))));
comment on policy change on vibe.funnel_steps is 'viewers cannot write';
create policy remove on vibe.funnel_steps for delete using (site_id = any (array(select vibe.my_sites('member'))));
comment on policy remove on vibe.funnel_steps is 'viewers cannot write';
grant select on vibe.funnel_steps to vibe_analyst;
grant insert, update, delete on vibe.funnel_steps to vibe_member;

create trigger forget_days after update of mode, within, ties, hold on vibe.funnels
    for each row execute function vibe_private.forget_funnel_days();
comment on trigger forget_days on vibe.funnels is 'days that were counted by another definition are no longer true';
create trigger forget_days after insert or update or delete on vibe.funnel_steps
    for each row execute function vibe_private.forget_funnel_days();
comment on trigger forget_days on vibe.funnel_steps is 'days that were counted by another definition are no longer true';
