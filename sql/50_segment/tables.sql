create table vibe.segmentations (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    segmentation_id bigint generated always as identity,
    name text not null check (length(name) between 1 and 100),
    features text[] not null,
    k integer not null check (k between 1 and 256),
    options jsonb not null default '{}',
    model vibe.kmeans_model,
    scored integer,
    calculated_at timestamptz,
    primary key (site_id, segmentation_id),
    constraint segmentations_name_key unique (site_id, name)
);
comment on table vibe.segmentations is 'customers divided into k clusters by their features; each cluster is a row of vibe.segments';
comment on column vibe.segmentations.name is 'what people call it, unique within the site';
comment on column vibe.segmentations.k is 'number of clusters';
comment on column vibe.segmentations.options is 'how the clusters were found, as given to the aggregate vibe.kmeans';
comment on column vibe.segmentations.features is 'names of the features, in the order in which the model takes them';
comment on column vibe.segmentations.model is 'the centroids and what it takes to score another customer by them';
comment on column vibe.segmentations.scored is 'how many customers had all the features and were put into a cluster';

alter table vibe.segmentations enable row level security;
create policy read on vibe.segmentations for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.segmentations is 'rows of a site are seen by its members';
grant select on vibe.segmentations to vibe_analyst;

create table vibe.segments (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    segment_id bigint generated always as identity,
    name text not null,
    description text check (length(description) <= 2000),
    kind text not null check (kind in ('rule', 'cluster', 'static')),
    subject text not null default 'customer' check (subject in ('customer', 'user')),
    criteria jsonb,
    segmentation_id bigint,
    cluster_number integer,
    tier text,
    size bigint check (size >= 0),
    sized_at timestamptz,
    error text,
    created_at timestamptz not null default now(),
    primary key (site_id, segment_id),
    constraint segments_name_key unique (site_id, name),
    -- A name of digits alone could be mistaken for another segment's id.
    constraint segments_name check (name ~ '^\S(.{0,98}\S)?$' and name !~ '^[0-9]+$'),
    constraint segments_segmentation_fkey foreign key (site_id, segmentation_id)
        references vibe.segmentations (site_id, segmentation_id) on delete cascade,
    constraint segments_rule check ((kind = 'rule') = (criteria is not null)),
    constraint segments_cluster check (
        (kind = 'cluster') = (segmentation_id is not null) and (kind = 'cluster') = (cluster_number is not null)
    )
);
comment on table vibe.segments is 'named sets of customers or users: by a rule, by a cluster, or listed by hand';
comment on column vibe.segments.name is 'what people call the segment, unique within the site';
comment on column vibe.segments.description is 'what it is for';
comment on column vibe.segments.cluster_number is 'which cluster of the segmentation it is, from 1';
comment on column vibe.segments.kind is
'rule: who meets the criteria; cluster: one cluster of a segmentation; static: who was added by hand';
comment on column vibe.segments.subject is 'what the members are: customers, or users (a person after merges)';
comment on column vibe.segments.criteria is 'the rule, as vibe.segment_schema() describes it';
comment on column vibe.segments.tier is 'what marketing calls a cluster: Premium, Standard or Value';
comment on column vibe.segments.size is 'members when the segment was last refreshed; null before the first time';
comment on column vibe.segments.sized_at is 'when the segment was last refreshed or its members changed';
comment on column vibe.segments.error is 'why the last nightly refresh failed; null when it did not';
create index segments_by_segmentation on vibe.segments (site_id, segmentation_id) where segmentation_id is not null;
comment on index vibe.segments_by_segmentation is 'the clusters of a segmentation, and its deletion';

alter table vibe.segments enable row level security;
create policy read on vibe.segments for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.segments is 'rows of a site are seen by its members';
create policy add on vibe.segments for insert with check (site_id = any (array(select vibe.my_sites('member'))));
comment on policy add on vibe.segments is 'viewers cannot write';
create policy change on vibe.segments for update using (site_id = any (array(select vibe.my_sites('member'))));
comment on policy change on vibe.segments is 'viewers cannot write';
create policy remove on vibe.segments for delete using (site_id = any (array(select vibe.my_sites('member'))));
comment on policy remove on vibe.segments is 'viewers cannot write';
grant select on vibe.segments to vibe_analyst;
-- What is derived (size, clusters) is not the members' to write.
grant insert (site_id, name, description, kind, subject, criteria), update (name, description, criteria), delete
    on vibe.segments to vibe_member;

-- The id means a customer or a user, as the segment says, so no foreign key can follow it: triggers below do.
create table vibe.segment_members (
    site_id integer not null,
    segment_id bigint not null,
    subject_id bigint not null,
    entered_at timestamptz not null,
    left_at timestamptz,
    primary key (site_id, segment_id, subject_id, entered_at),
    constraint segment_members_segment_fkey foreign key (site_id, segment_id)
        references vibe.segments (site_id, segment_id) on delete cascade,
    constraint segment_members_span check (left_at >= entered_at)
);
comment on table vibe.segment_members is
'who has been in which segment from when to when; a subject that comes back gets another row; erased subjects are gone';
comment on column vibe.segment_members.subject_id is 'customer_id or user_id, as the segment''s subject says';
comment on column vibe.segment_members.entered_at is 'the refresh that found the subject in the segment';
comment on column vibe.segment_members.left_at is 'the refresh that found it no longer there; null for members of now';
create unique index segment_members_now on vibe.segment_members (site_id, segment_id, subject_id) where left_at is null;
comment on index vibe.segment_members_now is 'the members of now: each subject is in a segment once';
create index segment_members_by_subject on vibe.segment_members (site_id, subject_id);
comment on index vibe.segment_members_by_subject is 'the segments of one subject, and its erasure';

alter table vibe.segment_members enable row level security;
create policy read on vibe.segment_members for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.segment_members is 'rows of a site are seen by its members';
grant select on vibe.segment_members to vibe_analyst;

create trigger forget_segment_members after delete on vibe.customers
    referencing old table as erased
    for each statement execute function vibe_private.forget_segment_members('customer', 'customer_id');
comment on trigger forget_segment_members on vibe.customers is 'erased customers leave no trace in segments';
create trigger forget_segment_members after delete on vibe.site_users
    referencing old table as erased
    for each statement execute function vibe_private.forget_segment_members('user', 'user_id');
comment on trigger forget_segment_members on vibe.site_users is 'erased users leave no trace in segments';

create trigger check_segment before insert or update of criteria on vibe.segments
    for each row execute function vibe.check_segment();
comment on trigger check_segment on vibe.segments is 'refuses criteria that cannot be answered';
create trigger keep_named_segments after delete on vibe.segments
    referencing old table as removed
    for each statement execute function vibe.keep_named_segments();
comment on trigger keep_named_segments on vibe.segments is 'a segment that others name stays';
