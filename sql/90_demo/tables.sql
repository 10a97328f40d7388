create table vibe_private.demo_sites (
    site_id integer primary key references vibe.sites (site_id) on delete cascade,
    seed integer not null,
    visitors integer not null,
    days integer not null,
    ends timestamptz not null
);
comment on table vibe_private.demo_sites is 'sites whose past was made up by vibe.create_demo_site(), and from what';
comment on column vibe_private.demo_sites.ends is 'when it was made: the past is told up to here';
