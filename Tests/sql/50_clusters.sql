-- What is known of customers as of a time, and their clusters by worth (S2-6, S2-43..57, A-34).
set timezone = 'UTC';
\set SHOW_CONTEXT never
select vibe.create_site('shop', time_zone => 'America/Sao_Paulo', currency => 'BRL') as shop \gset

insert into vibe.customers (site_id, customer_id, external_id, birth_date) overriding system value values
    (:shop, 1, 'ana', '1990-06-15'), (:shop, 2, 'bia', null), (:shop, 3, 'cid', null), (:shop, 4, 'dora', null), (:shop, 5, 'eva', null);
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, is_refund, is_cancelled) values
    (:shop, 1, '1', '2026-01-01 02:59Z', 100, 'BRL', false, false),   -- still 2025 in São Paulo
    (:shop, 1, '2', '2026-01-31 02:59Z', 50, 'BRL', false, false),
    (:shop, 1, '3', '2026-02-01 12:00Z', -20, 'BRL', true, false),
    (:shop, 1, '4', '2026-02-02 12:00Z', 999, 'BRL', false, true),
    (:shop, 1, '5', '2026-06-01 03:00Z', 7, 'BRL', false, false),     -- at as_of below: not seen
    (:shop, 2, '6', '2026-05-31 20:00Z', 10, 'USD', false, false),
    (:shop, 3, '7', '2026-05-01 12:00Z', -5, 'BRL', true, false),     -- a refund alone is no customer
    (:shop, 4, '8', '2026-05-01 12:00Z', 5, 'BRL', false, false),
    (:shop, 4, '9', '2026-05-02 12:00Z', -8, 'BRL', true, false);
insert into vibe.site_users (site_id, user_id, anonymous_id, customer_id, merged_into) overriding system value values
    (:shop, 1, 'phone', null, null), (:shop, 2, 'laptop', 1, null);
update vibe.site_users set merged_into = 2 where site_id = :shop and user_id = 1;
insert into vibe.site_sessions (site_id, user_id, started_at, last_seen_at, page_views, is_bot) values
    (:shop, 1, '2026-05-01', '2026-05-01', 3, false), (:shop, 2, '2026-03-04', '2026-03-04', 4, false),
    (:shop, 2, '2026-03-02', '2026-03-02', 50, false), (:shop, 2, '2026-05-02', '2026-05-02', 60, true),
    (:shop, 2, '2026-06-02', '2026-06-02', 70, false);
\x on
select * from vibe.customer_features('shop', '2026-06-01 03:00Z') order by customer_id;
\x off
-- Later rows change nothing before them; what changes at as_of is seen after it.
select customer_id, order_count, total_spent from vibe.customer_features('shop', '2026-06-01 03:00:01Z') order by customer_id;
select count(*) from vibe.customer_features('shop', '2026-01-01 02:59Z');
select count(*) from vibe.customer_features('shop', '-infinity');
select * from vibe.customer_features('nowhere');

-- The columns that vibe.customers keeps agree with those as of now.
select count(*) as customers, count(*) filter (where (f.order_count, f.total_spent, f.purchase_frequency, f.foreign_orders)
    is distinct from (c.order_count, c.total_spent, c.purchase_frequency, c.foreign_orders)) as different
from vibe.customer_features('shop', '2100-01-01') as f join vibe.customers as c using (customer_id) where c.site_id = :shop;

-- Three kinds of customers: nine who buy much and lately, nine in the middle, nine long gone.
select vibe.create_site('mall', currency => 'USD') as mall \gset
insert into vibe.customers (site_id, customer_id, external_id) overriding system value select :mall, 1000 + i, i from generate_series(0, 26) as i;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
    select :mall, 1000 + i, i || '-' || o, timestamptz '2026-06-01 12:00Z' - (array[3, 40, 300])[1 + i % 3] * interval '1 day' - o * interval '9 days' - i * interval '1 hour',
        (array[400, 90, 12])[1 + i % 3] + i, 'USD'
    from generate_series(0, 26) as i, generate_series(1, (array[12, 4, 1])[1 + i % 3]) as o;
select segment, tier, customers, share, centroid from vibe.calculate_clusters('mall', as_of => '2026-06-02');
-- Everyone is where they belong.
select s.name, count(*), count(*) filter (where (m.subject_id - 1000) % 3 = (array_position(array['High value', 'Medium value', 'Low value'], s.name) - 1)) as as_made
from vibe.segments as s join vibe.segment_members as m using (site_id, segment_id)
where s.site_id = :mall and m.left_at is null group by s.name, s.tier order by s.tier;
select name, features, k, options, scored, (model).normalise, (model).start, (model).converged from vibe.segmentations where site_id = :mall;

-- By chance from any seed the same clusters are found: a reference from another start.
select count(*) filter (where abs((r.m).inertia - (s.model).inertia) > 1e-9) as other_inertia,
    count(*) filter (where (r.m).sizes <> (s.model).sizes) as other_sizes
from (
    select seed, vibe.kmeans(3, jsonb_build_object('seed', seed, 'restarts', 5, 'normalise', 'log1p_zscore', 'tolerance', 0),
        f.recency_days, f.order_count, f.total_spent::float8) as m
    from vibe.customer_features('mall', '2026-06-02') as f, generate_series(1, 10) as seed group by seed
) as r, vibe.segmentations as s where s.site_id = :mall;
-- Against plain SQL: each customer's distance to each centroid, by the population's mean and deviation of ln(1 + x).
with f as (
    select customer_id, ln(1 + recency_days) as r, ln(1 + order_count) as f, ln(1 + total_spent::float8) as m
    from vibe.customer_features('mall', '2026-06-02')
), s as (
    select avg(r) as r, avg(f) as f, avg(m) as m, stddev_pop(r) as sr, stddev_pop(f) as sf, stddev_pop(m) as sm from f
), nearest as (
    select distinct on (f.customer_id) f.customer_id, c as cluster
    from f, s, vibe.segmentations as g, generate_series(1, 3) as c
    where g.site_id = :mall
    order by f.customer_id,
        ((f.r - ln(1 + (g.model).centroids[c][1])) / s.sr) ^ 2 + ((f.f - ln(1 + (g.model).centroids[c][2])) / s.sf) ^ 2
            + ((f.m - ln(1 + (g.model).centroids[c][3])) / s.sm) ^ 2
)
select count(*) as customers, count(*) filter (where n.cluster <> s.cluster_number) as different
from nearest as n
join vibe.segment_members as m on m.site_id = :mall and m.subject_id = n.customer_id and m.left_at is null
join vibe.segments as s using (site_id, segment_id);

-- Repeating it keeps the segments and their members' history; a change of worth changes the name, not the number.
create temp table before as select segment_id, name from vibe.segments where site_id = :mall;
select segment, customers from vibe.calculate_clusters('mall', as_of => '2026-06-02', options => '{"start": "k-means++", "restarts": 5, "seed": 4}');
select count(*) as segments, count(*) filter (where b.name = s.name) as same from vibe.segments as s left join before as b using (segment_id) where site_id = :mall;
select count(*) as spells, count(*) filter (where left_at is not null) as ended from vibe.segment_members where site_id = :mall;

-- New customers are scored by the stored model, which stays.
insert into vibe.customers (site_id, customer_id, external_id) overriding system value values (:mall, 1100, 'new');
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
    select :mall, 1100, 'new-' || o, timestamptz '2026-06-01' - o * interval '5 days', 500, 'USD' from generate_series(1, 11) as o;
create temp table model as select model from vibe.segmentations where site_id = :mall;
select vibe.score_clusters('mall', as_of => '2026-06-02');
select s.name from vibe.segments as s join vibe.segment_members as m using (site_id, segment_id) where m.subject_id = 1100;
select (select model from vibe.segmentations where site_id = :mall) is not distinct from model as same_model from model;
-- The nightly job does it, too.
select vibe_private.refresh_clusters(:mall);
select sum(size) as members, (select scored from vibe.segmentations where site_id = :mall) as scored from vibe.segments where site_id = :mall;
select vibe.score_clusters('mall', as_of => '2026-06-02');

-- Other numbers of clusters and features: names by worth.
select segment, tier, customers from vibe.calculate_clusters('mall', 'money', 2, array['total_spent'], as_of => '2026-06-02');
select segment, tier from vibe.calculate_clusters('mall', 'five', 5, as_of => '2026-06-02');
select segment, tier, cluster_number from vibe.calculate_clusters('mall', 'five', 1, as_of => '2026-06-02');
select segment, tier, cluster_number, centroid from vibe.calculate_clusters('mall', 'gone', 2, array['recency_days'], '{"normalise": "none"}', '2026-06-02');
select name, kind from vibe.segments where site_id = :mall and name like 'five%' order by name;
select count(*) from vibe.calculate_clusters('mall', 'chance', options => '{"restarts": 3}', as_of => '2026-06-02');
select (model).start, (model).restarts, (model).seed from vibe.segmentations where name in ('chance', 'gone') order by name;
-- Customers without a feature are in no cluster: bought once, they have no frequency.
select segment, customers from vibe.calculate_clusters('mall', 'often', 2, array['purchase_frequency', 'age', 'order_count'], as_of => '2026-06-02');
select segment, customers from vibe.calculate_clusters('mall', 'often', 2, array['purchase_frequency', 'order_count'], as_of => '2026-06-02');

-- Bad parameters name themselves.
select vibe.calculate_clusters('mall', name => ' x');
select vibe.calculate_clusters('mall', name => repeat('x', 61));
select vibe.calculate_clusters('mall', k => 0);
select vibe.calculate_clusters('mall', k => null);
select vibe.calculate_clusters('mall', k => 29, as_of => '2026-06-02');
select vibe.calculate_clusters('mall', features => '{}');
select vibe.calculate_clusters('mall', features => array['luck']);
select vibe.calculate_clusters('mall', features => array['total_spent', null]);
select vibe.calculate_clusters('mall', features => array['total_spent', 'total_spent']);
select vibe.calculate_clusters('mall', features => array['tenure_days', 'age']);
select vibe.calculate_clusters('mall', options => '[]');
select vibe.calculate_clusters('mall', options => '{"weighted": true}');
select vibe.calculate_clusters('mall', options => '{"start": "there"}');
select vibe.calculate_clusters('mall', options => '{"normalise": "log"}');
select vibe.calculate_clusters('mall', options => '{"start": [[1, 1, 1], [2, 2, 2], [3, 3, 3]], "restarts": 3}');
select vibe.calculate_clusters('mall', as_of => 'infinity');
select vibe.calculate_clusters('mall', as_of => '2020-01-01');
select vibe.calculate_clusters('nowhere');
select vibe.score_clusters('mall', 'none');
select vibe.score_clusters('mall', as_of => null);
insert into vibe.segments (site_id, name, kind) values (:shop, 'High value', 'static');
select vibe.calculate_clusters('shop', k => 2, as_of => '2026-06-02');

-- Rights: viewers see their site's clusters and calculate none; nobody sees another's; the caller's rights decide.
create role cluster_viewer in role vibe_analyst;
create role cluster_writer in role vibe_member;
insert into vibe.site_members (site_id, login_name, role) values (:mall, 'cluster_viewer', 'viewer');
set session authorization cluster_viewer;
select count(*) as segments, count(distinct site_id) as sites from vibe.segments;
select count(*) from vibe.segmentations;
select count(*) from vibe.customer_features('mall', '2026-06-02');
select count(*) from vibe.customer_features('shop');
select (vibe.kmeans(2, '{}', order_count)).sizes from vibe.customer_features('mall', '2026-06-02');
select vibe.calculate_clusters('mall');
select vibe.score_clusters('mall');
reset session authorization;
set session authorization cluster_writer;
select vibe.calculate_clusters('mall');
select vibe.score_clusters('mall');
select count(*) from vibe.customer_features('mall');
reset session authorization;
drop role cluster_viewer, cluster_writer;
