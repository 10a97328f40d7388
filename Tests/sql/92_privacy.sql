-- Erasing, exporting and expiring. The reference is the same site without the person: what is derived must equal it.
set time zone 'UTC';
set datestyle = iso;
\set VERBOSITY terse
\set SHOW_CONTEXT never
select vibe.create_demo_site('demo', 400, 60) as demo \gset
select vibe.create_site('other') as other \gset
select vibe.create_goal('demo', 'Buy', 'purchase', value_property => 'total') is not null as goal;
select (date_trunc('month', now()) - interval '1 month')::date as month, date_trunc('month', now())::date as next_month \gset
select vibe.calculate_rfm('demo', :'month', :'next_month') > 0 as rfm;
select vibe.create_segment('demo', 'spenders', '{"version": 1, "all": [{"customer": "total_spent", "op": "gt", "value": 0}]}') is not null as segment;
select sum(size) > 0 as members from vibe.refresh_segments('demo');

-- The person: known, merged from several browsers, a customer.
select u.user_id as person, u.external_id as known, u.email as email, u.customer_id as customer
from vibe.site_users as u
where u.site_id = :demo and u.customer_id is not null
  and exists (select from vibe.site_users as m where m.site_id = :demo and m.merged_into = u.user_id)
  and exists (select from vibe.rfm_analysis as a where a.customer_id = u.customer_id)
order by u.user_id limit 1 \gset
select array_agg(u.user_id) as visitors, string_agg(u.anonymous_id, '|') as browsers from vibe.site_users as u where :person in (u.user_id, u.merged_into) \gset
select u.user_id as browser from vibe.site_users as u where u.merged_into = :person order by 1 limit 1 \gset
select c.external_id as customer_number from vibe.customers as c where c.customer_id = :customer \gset

-- The export has every row that names the person.
select e.key, case jsonb_typeof(e.value) when 'array' then jsonb_array_length(e.value) = case e.key
    when 'visitors' then cardinality(:'visitors'::bigint[])
    when 'sessions' then (select count(*) from vibe.site_sessions where user_id = any (:'visitors'))
    when 'events' then (select count(*) from vibe.user_events where user_id = any (:'visitors'))
    when 'days' then (select count(*) from vibe.user_days where user_id = any (:'visitors'))
    when 'conversions' then (select count(*) from vibe.goal_conversions where user_id = any (:'visitors'))
    when 'merges' then (select count(*) from vibe.user_merges where user_id = any (:'visitors'))
    when 'identity_warnings' then 0
    when 'import_rejects' then 0
    when 'online' then (select count(*) from vibe.online_users where user_id = any (:'visitors'))
    when 'campaign_events' then (select count(*) from vibe.campaign_events where user_id = any (:'visitors') or customer_id = :customer)
    when 'deliveries' then 0
    when 'interactions' then 0
    when 'ai_model_events' then 0
    when 'customers' then 1
    when 'purchases' then (select count(*) from vibe.purchases where customer_id = :customer)
    when 'rfm' then (select count(*) from vibe.rfm_analysis where customer_id = :customer)
    when 'segments' then (select count(*) from vibe.segment_members where subject_id = :customer)
end else true end as complete
from jsonb_each(vibe.export_user('demo', :browser)) as e order by e.key;

-- Which tables name the person, before and after.
create function mentions(pattern text) returns setof text language plpgsql as $$
declare
    t regclass;
    n bigint;
begin
    for t in select c.oid::regclass from pg_class as c
        where c.relkind = 'r' and c.relnamespace in ('vibe'::regnamespace, 'vibe_private'::regnamespace) order by c.oid::regclass::text loop
        execute format('select count(*) from %s as r where r::text ~ $1', t) into n using pattern;
        if n > 0 then return next t::text; end if;
    end loop;
end
$$;
select * from mentions('(' || :'browsers' || '|' || :'known' || '|' || :'email' || ')(["'',)]|$)');

-- Erased by the id of a merged browser. Money stays in the books.
create temp table revenue as select sum(amount) as amount, count(*) as orders from vibe.purchases where site_id = :demo;
create temp table before as select day, active_users, total_users, page_views from vibe.daily_user_stats where site_id = :demo;
select key from jsonb_each(vibe.erase_user('demo', :browser)) as e where e.value <> '0' order by key;
select (select sum(amount) from vibe.purchases where site_id = :demo) = amount as revenue_kept from revenue;
select count(*) > 0 as changed from before join vibe.daily_user_stats as d using (day) where d.site_id = :demo and d.active_users < before.active_users;

-- No table says anything of the person any more.
select * from mentions('(' || :'browsers' || '|' || :'known' || '|' || :'email' || ')(["'',)]|$)');
select c.relname
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attname = 'user_id' and not a.attisdropped
cross join lateral (select (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %s where user_id::text = any (%L)', c.oid::regclass, :'visitors'::text[]), false, true, '')))[1]::text::bigint) as n (rows)
where c.relkind = 'r' and c.relnamespace in ('vibe'::regnamespace, 'vibe_private'::regnamespace) and n.rows > 0;
select count(*) as left_over from vibe.segment_members where subject_id = :customer and segment_id in (select segment_id from vibe.segments where subject = 'customer');

-- Counting everything again from the events changes nothing.
create temp table after as select * from vibe.daily_user_stats where site_id = :demo;
create temp table rfm_after as select customer_id, period, recency, frequency, monetary, r_score, f_score, m_score, cluster from vibe.rfm_analysis where site_id = :demo;
create temp table sizes_after as select name, size from vibe.segments where site_id = :demo;
select vibe.calculate_daily_stats('demo', min(day), max(day)) > 0 as recounted from after;
select vibe.calculate_rfm('demo', :'month', :'next_month') > 0 as rfm;
select count(*) > 0 as segments from vibe.refresh_segments('demo');
select count(*) as differing from (
    (select to_jsonb(a) - 'calculated_at' from after as a except select to_jsonb(d) - 'calculated_at' from vibe.daily_user_stats as d where d.site_id = :demo)
    union all
    (select to_jsonb(d) - 'calculated_at' from vibe.daily_user_stats as d where d.site_id = :demo except select to_jsonb(a) - 'calculated_at' from after as a)
) as x;
select count(*) as differing from rfm_after as a full join (
    select customer_id, period, recency, frequency, monetary, r_score, f_score, m_score, cluster from vibe.rfm_analysis where site_id = :demo
) as d using (customer_id, period, recency, frequency, monetary, r_score, f_score, m_score, cluster) where a is null or d is null;
select count(*) as differing from sizes_after as a join vibe.segments as s using (name) where s.site_id = :demo and s.size is distinct from a.size;

-- With purchases, and where the events are gone: the figures lose the person all the same.
select vibe.keep_events('demo', 30);
select vibe_private.expire_events(:demo) > 0 as expired;
select vibe_private.expire_events(:demo) as again;
select events_from = (now() at time zone time_zone)::date - 30 as thirty_days,
    not exists (select from vibe.user_events as e where e.site_id = :demo and e.occurred_at < vibe.day_start(s.events_from, s.time_zone)) as gone
from vibe.sites as s where site_id = :demo;
create temp table kept as select to_jsonb(d) - 'calculated_at' as row from vibe.daily_user_stats as d where d.site_id = :demo;
select vibe.calculate_daily_stats('demo', min(day), max(day)) > 0 as recounted from after;
select count(*) as differing from ((select row from kept except select to_jsonb(d) - 'calculated_at' from vibe.daily_user_stats as d where d.site_id = :demo)) as x;
select d.user_id as old_person, d.day as old_day from vibe.user_days as d join vibe.sites as s using (site_id)
join vibe.site_users as u using (site_id, user_id)
where d.site_id = :demo and d.day < s.events_from and d.day > s.events_from - 25 and u.merged_into is null
    and not exists (select from vibe.site_users as m where m.site_id = :demo and m.merged_into = u.user_id)
order by d.day, d.user_id limit 1 \gset
select active_users as users_before, page_views as views_before from vibe.daily_user_stats where site_id = :demo and day = :'old_day' \gset
select page_views as views from vibe.user_days where site_id = :demo and user_id = :old_person and day = :'old_day' \gset
select jsonb_typeof(vibe.erase_user('demo', :old_person, true)) as erased;
select active_users = :users_before - 1 as one_less, page_views = :views_before - :views as views_less from vibe.daily_user_stats where site_id = :demo and day = :'old_day';

-- Errors, and who may.
select vibe.erase_user('demo', 0);
select vibe.export_user('demo', null);
select vibe.keep_events('demo', 29);
select vibe.delete_site('demo', 'Demo');
select vibe.delete_site('demo', null);
create role reader login; grant vibe_member to reader; select vibe.add_member('demo', 'reader', 'viewer');
set session authorization reader;
select vibe.erase_user('demo', 1);
select vibe.export_user('demo', 1);
select vibe.keep_events('demo', 40);
select vibe.delete_site('demo', 'demo');
select vibe.erase_user('other', 1);
reset session authorization;
drop role reader;

-- A site leaves nothing behind, and takes nothing of others along.
select vibe.delete_site('demo', 'demo');
select count(*) as tables_with_rows
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attname = 'site_id' and not a.attisdropped
cross join lateral (select (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %s where site_id = %s', c.oid::regclass, :demo), false, true, '')))[1]::text::bigint) as n (rows)
where c.relkind = 'r' and c.relnamespace in ('vibe'::regnamespace, 'vibe_private'::regnamespace) and n.rows > 0;
select name from vibe.sites;

-- Months that are empty go, those that are used or near stay.
select vibe_private.add_partition('2020-01-01'), vibe_private.add_partition('2020-02-01');
insert into vibe.user_events (site_id, user_id, event_name, occurred_at) values (:other, 1, 'x', '2020-02-03');
select vibe_private.drop_empty_partitions() > 0 as dropped;
select to_regclass('vibe_private.user_events_2020_01') is null as gone, count(*) from vibe.user_events;
