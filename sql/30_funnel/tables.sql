create table vibe.funnels (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    funnel_id bigint generated always as identity,
    name text not null check (length(name) between 1 and 100),
    within interval check (within >= interval '0' and extract(year from within) = 0 and extract(month from within) = 0),
    created_at timestamptz not null default now(),
    primary key (site_id, funnel_id),
    constraint funnels_name_key unique (site_id, name)
);
comment on table vibe.funnels is 'stored funnels: named sequences of steps that visitors should go through';
comment on column vibe.funnels.within is 'the time from the first step to the last, in days or smaller units; null for any';

create table vibe.funnel_steps (
    site_id integer not null,
    funnel_id bigint not null,
    position integer not null check (position between 1 and 32),
    name text not null check (length(name) between 1 and 100),
    event_name text not null check (length(event_name) between 1 and 100),
    page_pattern text check (length(page_pattern) between 1 and 2000),
    primary key (site_id, funnel_id, position),
    constraint funnel_steps_funnel_fkey foreign key (site_id, funnel_id)
        references vibe.funnels (site_id, funnel_id) on delete cascade
);
comment on table vibe.funnel_steps is 'what an event must be to count as a step of a funnel';
comment on column vibe.funnel_steps.position is '1 is the first step';
comment on column vibe.funnel_steps.page_pattern is 'the event''s page must be like this (% is any text, _ any character); null for any page';

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
