create table vibe.imported_days (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    day date not null,
    source text not null,
    visitors bigint not null check (visitors >= 0),
    sessions bigint not null check (sessions >= 0),
    bounced_sessions bigint not null check (bounced_sessions >= 0),
    session_seconds bigint not null check (session_seconds >= 0),
    page_views bigint not null check (page_views >= 0),
    primary key (site_id, day)
);
comment on table vibe.imported_days is
'figures of days before a site had events, counted by the tool it came from; vibe.traffic_by_day shows them beside our own';
comment on column vibe.imported_days.source is 'what counted them: plausible';
comment on column vibe.imported_days.visitors is 'different visitors of the day; who came on two days cannot be told';
comment on column vibe.imported_days.sessions is 'visits begun on the day';
comment on column vibe.imported_days.bounced_sessions is 'visits with one page view';
comment on column vibe.imported_days.session_seconds is 'whole length of the visits, in seconds';
alter table vibe.imported_days enable row level security;
create policy read on vibe.imported_days for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.imported_days is 'rows of a site are seen by its members';
grant select on vibe.imported_days to vibe_analyst;
