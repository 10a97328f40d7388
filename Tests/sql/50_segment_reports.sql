-- What a page about segments asks: names, sizes, members, profiles of clusters and who went from one to another.
set timezone = 'UTC';
\set SHOW_CONTEXT never
select vibe.create_site('shop', time_zone => 'America/Sao_Paulo', currency => 'BRL') as shop \gset
select vibe.create_site('other') as other \gset
select place, clusters, vibe.cluster_label(place, clusters), vibe.cluster_label(place, clusters, 'pt')
from (values (1, 1), (1, 2), (2, 2), (1, 3), (2, 3), (3, 3), (2, 5), (4, 5), (0, 3), (4, 3), (null, 3)) as n (place, clusters);

insert into vibe.customers (site_id, customer_id, external_id, name, email) overriding system value
    select :shop, c, 'c' || c, 'Ana ' || c, 'C' || c || '@example.org' from generate_series(1, 60) as c;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
    select :shop, c, c || '-' || n, timestamptz '2026-01-05 12:00Z' + n * interval '3 days', c * 10, 'BRL'
    from generate_series(1, 60) as c cross join lateral generate_series(1, 1 + c / 20) as n;

-- Profiles say what calculate_clusters() answered; none before it.
select * from vibe.segmentation_profiles('shop');
select segment_id, segment, tier, customers, share, centroid from vibe.calculate_clusters('shop', as_of => '2026-03-01');
select segmentation, segment_id, segment, place, label_en, label_pt, color, tier, customers, share, centroid from vibe.segmentation_profiles('shop');
select count(*) from vibe.segmentation_profiles('shop', 'another');

-- The list.
select vibe.create_segment('shop', 'Big', '{"version": 1, "all": [{"customer": "total_spent", "op": "ge", "value": 1000}]}') as big \gset
select vibe.create_segment('shop', 'Friends', description => 'by hand', subject => 'user') as friends \gset
insert into vibe.site_users (site_id, user_id, anonymous_id, customer_id, name, last_seen_at) overriding system value values
    (:shop, 1, 'phone', 60, null, '2026-02-01'), (:shop, 2, 'laptop', 60, 'Ana on a laptop', '2026-02-02'), (:shop, 3, 'nobody', null, null, '2026-02-02');
select vibe.add_to_segment('shop', 'Friends', array[2, 3]);
select vibe.remove_from_segment('shop', 'Friends', array[3]);
select name, name_pt, description, kind, subject, tier, criteria, size, entered_30_days, departed_30_days, sized_at is not null as is_sized, error, segmentation
from vibe.segment_list('shop');
select count(*) from vibe.segment_list('other');

-- Members with names, and the visitor that a customer last came as.
select subject_id, subject, customer_id, user_id, external_id, name, email from vibe.segment_people('shop', 'Big') order by subject_id desc limit 2;
select subject_id, subject, customer_id, user_id, external_id, name, email from vibe.segment_people('shop', 'Friends');
select count(*) = (select size from vibe.segments where name = 'Big') as is_whole from vibe.segment_people('shop', 'Big');
select subject_id from vibe.segment_people('shop', 'Big', 'ANA 59');
select subject_id from vibe.segment_people('shop', 'Big', '%');
select * from vibe.segment_people('shop', 'nothing');

-- Movement between clusters: memberships as they would be after two months.
update vibe.segment_members set entered_at = '2026-02-10' where segment_id in (select segment_id from vibe.segmentation_profiles('shop'));
update vibe.segment_members set left_at = '2026-03-31 12:00Z' where segment_id = (select segment_id from vibe.segments where name = 'Low value') and subject_id <= 4;
insert into vibe.segment_members (site_id, segment_id, subject_id, entered_at)
    select :shop, (select segment_id from vibe.segments where name = 'High value'), c, '2026-03-31 12:00Z' from generate_series(1, 2) as c;
select * from vibe.segmentation_movement('shop', '2026-01', '2026-02');
select * from vibe.segmentation_movement('shop', '2026-02', '2026-03');
-- Reference: counted at the two instants, the site's midnights.
with places as (
    select m.subject_id, s.name, i.at from vibe.segment_members as m
    join vibe.segments as s using (segment_id)
    cross join (values (1, timestamptz '2026-03-01 03:00Z'), (2, '2026-04-01 03:00Z')) as i (place, at)
    where s.kind = 'cluster' and m.entered_at < i.at and (m.left_at is null or m.left_at >= i.at)
), pairs as (
    select coalesce(a.name, 'new') as from_segment, coalesce(b.name, 'gone') as to_segment, count(*) as customers
    from (select * from places where at = '2026-03-01 03:00Z') as a
    full join (select * from places where at = '2026-04-01 03:00Z') as b using (subject_id)
    group by 1, 2
)
select count(*) as different from pairs as r
full join vibe.segmentation_movement('shop', '2026-02', '2026-03') as m using (from_segment, to_segment)
where m.customers is distinct from r.customers;
select * from vibe.segmentation_movers('shop', '2026-02', '2026-03');
select count(*) from vibe.segmentation_movers('shop', '2026-02', '2026-03', moved_to => 'gone');
select count(*) = (select customers from vibe.segmentation_movement('shop', '2026-02', '2026-03') where from_segment = 'High value' and to_segment = 'High value') as stayers
from vibe.segmentation_movers('shop', '2026-02', '2026-03', 'value', 'High value', 'High value');
select vibe.segmentation_movers('shop', null, '2026-03');
select vibe.segmentation_movers('shop', '2026-02', 'March');
select count(*) from vibe.segmentation_movement('other', '2026-02', '2026-03');
