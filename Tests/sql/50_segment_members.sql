-- Stored segments: who enters and leaves, history, static segments, segments of segments, erasure, rights, the nightly job.
set timezone = 'UTC';
set datestyle = 'ISO';
\set SHOW_CONTEXT never
\set VERBOSITY terse
select vibe.create_site('shop', time_zone => 'America/Sao_Paulo') as site_id, vibe.create_site('rival') as site_id;
insert into vibe.customers (site_id, customer_id, external_id, gender) overriding system value
    select 1, c, 'c' || c, case when c % 2 = 0 then 'f' else 'm' end from generate_series(1, 6) as c;
insert into vibe.customers (site_id, customer_id, external_id, gender) overriding system value values (2, 1, 'theirs', 'f');
insert into vibe.site_users (site_id, user_id, anonymous_id, customer_id, merged_into) overriding system value values
    (1, 1, 'b1', 2, null), (1, 2, 'b2', null, 1), (1, 3, 'b3', null, null), (2, 1, 'x', 1, null);
-- The history without its clock: instants are numbered.
create function pg_temp.history(of_segment text) returns table (subject bigint, enters bigint, leaves bigint) language sql as $$
    with i as (
        select at, row_number() over (order by at) as n
        from (select entered_at from vibe.segment_members where site_id = 1 union select left_at from vibe.segment_members where site_id = 1 and left_at is not null) as t (at)
    )
    select m.subject_id, e.n, l.n
    from vibe.segment_members as m
    join i as e on e.at = m.entered_at
    left join i as l on l.at = m.left_at
    where m.site_id = 1 and m.segment_id = vibe.segment_id(1, of_segment)
    order by 1, 2
$$;

-- A rule: stored with its members; repeating changes nothing; who comes back gets another row.
select vibe.create_segment('shop', 'women', '{"version": 1, "all": [{"customer": "gender", "op": "eq", "value": "f"}]}', description => 'customers who are women') as id;
select name, description, kind, subject, criteria, size, sized_at = (select max(entered_at) from vibe.segment_members) as stamped, error from vibe.segments;
select * from vibe.refresh_segment('shop', 'women');
update vibe.customers set gender = null where site_id = 1 and customer_id = 2;
update vibe.customers set gender = 'f' where site_id = 1 and customer_id = 1;
select * from vibe.refresh_segment('shop', '1');
update vibe.customers set gender = 'f' where site_id = 1 and customer_id = 2;
select * from vibe.refresh_segment('1', 'women');
select * from pg_temp.history('women');
-- At an instant: [entered, left).
select row_number() over (order by at) as instant, array(select m.subject_id from vibe.segment_members_at('shop', 'women', at) as m) as members,
    array(select m.subject_id from vibe.segment_members_at('shop', 'women', at - interval '1 microsecond') as m) as just_before
from (select distinct entered_at from vibe.segment_members union select left_at from vibe.segment_members where left_at is not null) as i (at) order by at;
select subject_id from vibe.segment_members_at('shop', 'women', '2020-01-01');

-- Movement by the days of the site's calendar, over a history written by hand: São Paulo is at -03:00.
update vibe.segments set created_at = '2026-01-15' where site_id = 1;
delete from vibe.segment_members;
insert into vibe.segment_members (site_id, segment_id, subject_id, entered_at, left_at) values
    (1, 1, 1, '2026-02-01 02:59Z', null), (1, 1, 2, '2026-02-01 03:00Z', '2026-02-03 12:00Z'), (1, 1, 2, '2026-02-03 13:00Z', '2026-03-01 02:59Z'),
    (1, 1, 3, '2026-02-03 12:00Z', '2026-02-03 12:00Z'), (1, 1, 4, '2026-03-05 12:00Z', null);
select * from vibe.segment_movement('shop', 'women', '2026-01-30', '2026-02-04');
select * from vibe.segment_movement('shop', 'women', '2026-02-28', '2026-02-28');
select month, entered, departed, size from vibe.segment_sizes_by_month where site = 'shop' and month < '2026-05-01' order by month;
select count(*) = 31 as a_month from vibe.segment_movement('shop', 'women');
select vibe.segment_movement('shop', 'women', '2026-02-02', '2026-02-01');
select vibe.segment_movement('shop', 'women', '-infinity', '2026-02-01');
select * from vibe.refresh_segment('shop', 'women');

-- Static: added and removed by hand.
select vibe.create_segment('shop', 'friends') as id, vibe.create_segment('shop', 'visitors', subject => 'user') as id;
select vibe.add_to_segment('shop', 'friends', '{3,1,3}') as added, vibe.add_to_segment('shop', 'friends', '{1,2}') as added, vibe.remove_from_segment('shop', 'friends', '{1,6}') as removed,
    vibe.add_to_segment('shop', 'friends', '{}') as added;
select * from vibe.refresh_segment('shop', 'friends');
select subject, leaves is null as is_member from pg_temp.history('friends');
select vibe.add_to_segment('shop', 'friends', '{1,7}');
select vibe.add_to_segment('shop', 'friends', '{1,null}');
select vibe.add_to_segment('shop', 'friends', null);
select vibe.add_to_segment('shop', 'women', '{1}');
select vibe.add_to_segment('shop', 'visitors', '{2}');
select vibe.add_to_segment('shop', 'visitors', '{1,3}') as added;
select segment, kind, subject, size from vibe.segment_sizes order by segment;
select segment, customer_id, user_id from vibe.current_segment_members order by 1, 2, 3;

-- Segments of segments, by name or id, across subjects; stored by id, so a new name breaks nothing.
select vibe.create_segment('shop', 'friendly women', '{"version": 1, "all": [{"segment": "friends"}, {"segment": "women"}]}') as id;
select vibe.create_segment('shop', 'their users', '{"version": 1, "all": [{"segment": "friendly women"}, {"not": {"segment": 3}}]}', 'user') as id;
select vibe.create_segment('shop', 'any of them', '{"version": 1, "any": [{"segment": "friendly women"}, {"segment": "visitors"}]}', 'user') as id;
select name, criteria, size from vibe.segments where segment_id > 3 order by segment_id;
select vibe.update_segment('shop', 'friends', 'pals') as id;
select name, size from vibe.segments order by segment_id;
-- A rule is asked, not its stored members: no segment needs to be refreshed before another.
update vibe.customers set gender = 'm' where site_id = 1 and customer_id = 2;
select size from vibe.preview_segment('shop', '{"version": 1, "all": [{"segment": "friendly women"}]}');
select vibe.update_segment('shop', 'women', criteria => '{"version": 1, "all": [{"segment": "friendly women"}]}');
select vibe.update_segment('shop', 'women', criteria => '{"version": 1, "not": {"segment": "women"}}');
select vibe.delete_segment('shop', 'women');
delete from vibe.segments where site_id = 1 and segment_id = 2;

-- What is refused.
select vibe.create_segment('shop', 'women', '{"version": 1, "all": [{"bought": {}}]}');
select vibe.create_segment('shop', null);
select vibe.create_segment('shop', ' x');
select vibe.create_segment('shop', '12');
select vibe.create_segment('shop', 'x', description => repeat('x', 2001));
select vibe.create_segment('shop', 'x', subject => 'basket');
select vibe.create_segment('shop', 'x', '{"version": 1}');
select vibe.create_segment('nowhere', 'x');
select vibe.update_segment('shop', 'nobody', 'x');
select vibe.update_segment('shop', 'women', 'pals');
select vibe.update_segment('shop', 'pals', criteria => '{"version": 1, "all": [{"bought": {}}]}');
select vibe.refresh_segment('shop', null);
insert into vibe.segments (site_id, name, kind, criteria) values (1, 'bad', 'rule', '{"version": 1, "all": [{"bought": {}, "days": 0}]}');
select count(*) from vibe.segments where site_id = 1;

-- Online users of a segment, of users and of customers.
insert into vibe.online_users (site_id, user_id, session_id, person_id, started_at, last_seen_at) values (1, 2, 1, 1, now(), now()), (1, 3, 2, 3, now(), now());
select vibe.remove_from_segment('shop', 'visitors', '{1}') as removed;
select g.name, array(select o.user_id from vibe.get_online_users_in_segment('shop', g.name) as o order by 1) as online,
    array(select u from vibe.segment_user_ids('shop', g.name) as u order by 1) as users
from vibe.segments as g order by g.segment_id;
select vibe.get_online_users_in_segment('shop', 'nobody');

-- Who is erased leaves no trace, in the segments of their own kind only.
select vibe.add_to_segment('shop', 'pals', '{1}') as added, vibe.add_to_segment('shop', 'visitors', '{1}') as added;
delete from vibe.site_users where site_id = 1 and user_id = 1;
select g.name, count(*) from vibe.segment_members as m join vibe.segments as g using (site_id, segment_id) where m.subject_id = 1 and m.site_id = 1 group by 1 order by 1;
delete from vibe.customers where site_id = 1 and customer_id = 1;
select count(*) from vibe.segment_members as m where m.subject_id = 1 and m.site_id = 1;
select size, departed from vibe.refresh_segment('shop', 'pals');

-- A segment that fails keeps its members, says why, and does not stop the others; the night goes on.
set session_replication_role = replica;
delete from vibe.segments where site_id = 1 and name = 'pals';
reset session_replication_role;
update vibe.customers set gender = 'f' where site_id = 1;
select segment_id, segment, size, entered, departed, error from vibe.refresh_segments('shop');
select segment, size, error from vibe.segment_sizes where site = 'shop' order by segment_id;
select vibe_private.calculate_nightly(1, current_date - 1, current_date - 1);
select vibe.update_segment('shop', 'friendly women', criteria => '{"version": 1, "all": [{"segment": "women"}]}');
select segment, size, error from vibe.segment_sizes where site = 'shop' order by segment_id;

-- Rights. A viewer previews and reads, stores nothing; a stranger sees nothing; a member who can send SQL writes only what
-- is granted: criteria are checked on the way in, sizes and members belong to functions.
create role segment_reader in role vibe_analyst;
create role segment_stranger in role vibe_member;
select vibe.add_member('shop', 'segment_reader', 'viewer');
set session authorization segment_reader;
select count(*) as segments, (select count(*) > 0 from vibe.segment_members) as members, (select count(*) from vibe.segment_sizes_by_month where site <> 'shop') as others from vibe.segments;
select size from vibe.preview_segment(null, '{"version": 1, "all": [{"segment": "women"}]}');
select vibe.create_segment('shop', 'mine');
select vibe.refresh_segments('shop');
insert into vibe.segments (site_id, name, kind) values (1, 'mine', 'static');
select size from vibe.preview_segment('rival', '{"version": 1, "all": [{"bought": {}}]}');
select count(*) as of_another_site from vibe.segment_subjects(2, '{"version": 1, "not": {"bought": {}}}', 'customer', now());
reset session authorization;
set session authorization segment_stranger;
select count(*) as segments, (select count(*) from vibe.segment_members) as members from vibe.segments;
select vibe.create_segment('shop', 'mine');
select vibe.add_to_segment('1', 'visitors', '{3}');
insert into vibe.segments (site_id, name, kind) values (1, 'mine', 'static');
update vibe.segments set size = 0;
insert into vibe.segment_members (site_id, segment_id, subject_id, entered_at) values (1, 1, 1, now());
select vibe_private.set_segment_members(1, 1, '{}');
reset session authorization;
drop owned by segment_reader, segment_stranger;
drop role segment_reader, segment_stranger;

-- All of a site goes with it, segments that name each other included.
delete from vibe.sites where name = 'shop';
select count(*) from vibe.segment_members;

-- The segments of one person, by any of their ids: as a user, and as the customer they are known to be; whoever left is gone.
select vibe.create_site('persons') as persons \gset
insert into vibe.customers (site_id, customer_id, external_id, gender) overriding system value values (:persons, 1, 'one', 'f'), (:persons, 7, 'seven', 'm');
insert into vibe.site_users (site_id, user_id, anonymous_id, customer_id, merged_into) overriding system value values
    (:persons, 7, 'a', 1, null), (:persons, 8, 'b', null, 7), (:persons, 1, 'c', null, null);
select count(vibe.create_segment('persons', s.name, subject => s.subject)) as made
from (values ('buyers', 'customer'), ('friends', 'user'), ('gone', 'user')) as s (name, subject);
select vibe.add_to_segment('persons', 'buyers', array[1]), vibe.add_to_segment('persons', 'friends', array[7, 1]), vibe.add_to_segment('persons', 'gone', array[7]);
select vibe.remove_from_segment('persons', 'gone', array[7]);
select u.user_id, s.segment, s.kind, s.subject, s.entered_at <= now() as since
from unnest(array[7, 8, 1]) as u (user_id) cross join lateral vibe.user_segments('persons', u.user_id) as s order by 1, 2;
select vibe.user_segments('persons', 9);
