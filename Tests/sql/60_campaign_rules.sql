-- Every value that campaigns refuse, each with field, value and rule; and who may do what.
set timezone = 'UTC';
set datestyle = 'ISO';
\set SHOW_CONTEXT never
select vibe.create_site('shop') as site_id;
select vibe.create_campaign('shop', 'Letter', utm_campaign => 'weekly', external_id => 'X1') as letter \gset

select vibe.create_campaign('shop', ' x');
select vibe.create_campaign('shop', null);
select vibe.create_campaign('shop', repeat('x', 201));
select vibe.create_campaign('shop', 'x', '');
select vibe.create_campaign('shop', 'x', status => 'running');
select vibe.create_campaign('shop', 'x', budget => -1);
select vibe.create_campaign('shop', 'x', budget => 'NaN');
select vibe.create_campaign('shop', 'x', budget => 'infinity');
select vibe.create_campaign('shop', 'x', start_date => '1999-12-31');
select vibe.create_campaign('shop', 'x', end_date => 'infinity');
select vibe.create_campaign('shop', 'x', start_date => '2026-02-01', end_date => '2026-01-31');
select vibe.create_campaign('shop', 'x', utm_campaign => '');
select vibe.create_campaign('shop', 'x', utm_source => 'google');
select vibe.create_campaign('shop', 'x', utm_medium => 'cpc');
select vibe.create_campaign('shop', 'x', external_id => '');
select vibe.create_campaign('shop', 'x', target_segment => 'nobody');
select vibe.create_campaign('shop', 'Letter');
select vibe.create_campaign('shop', 'x', utm_campaign => 'WEEKLY');
select vibe.create_campaign('shop', 'x', external_id => 'X1');
select vibe.create_campaign('no such site', 'x');
select vibe.update_campaign(:letter, clear => '{name}');
select vibe.update_campaign(:letter, clear => array[null]::text[]);
select vibe.update_campaign(:letter, utm_source => 'x', clear => '{utm_campaign}');
select vibe.update_campaign(:letter, status => 'gone');
select vibe.update_campaign(null);
select vibe.delete_campaign(9999);
select vibe.get_campaign(9999);

select vibe.track_campaign_event(:letter, ' click');
select vibe.track_campaign_event(:letter, null);
select vibe.track_campaign_event(:letter, repeat('x', 101));
select vibe.track_campaign_event(:letter, 'click', '[]');
select vibe.track_campaign_event(:letter, 'click', '"x"');
select vibe.track_campaign_event(:letter, 'click', '{"customer": "nobody"}');
select vibe.track_campaign_event(:letter, 'click', '{"customer_id": 77}');
select vibe.track_campaign_event(:letter, 'click', '{"customer_id": "1; drop"}');
select vibe.track_campaign_event(:letter, 'click', '{"customer": ""}');
select vibe.track_campaign_event(:letter, 'click', '{"user_id": 77}');
select vibe.track_campaign_event(:letter, 'click', '{"visitor": "nobody"}');
select vibe.track_campaign_event(:letter, 'click', '{"visitor": {"id": 1}}');
select vibe.track_campaign_event(:letter, 'click', '{"value": -1}');
select vibe.track_campaign_event(:letter, 'click', '{"value": 1e300}');
select vibe.track_campaign_event(:letter, 'click', '{"value": "NaN"}');
select vibe.track_campaign_event(:letter, 'click', '{"cost": true}');
select vibe.track_campaign_event(:letter, 'click', '{"order": ["o1"]}');
select vibe.track_campaign_event(:letter, 'click', jsonb_build_object('event_id', repeat('x', 201)));
select vibe.track_campaign_event(:letter, 'click', '{"occurred_at": "yesterday evening"}');
select vibe.track_campaign_event(:letter, 'click', '{"occurred_at": "yesterday"}');
select vibe.track_campaign_event(:letter, 'click', '{"occurred_at": "2026-02-30T00:00:00Z"}');
select vibe.track_campaign_event(:letter, 'click', '{"occurred_at": "1999-12-31T00:00:00Z"}');
select vibe.track_campaign_event(:letter, 'click', '{"occurred_at": "2199-12-31T00:00:00Z"}');
-- Empty members are none; texts of any language and shape are kept.
select vibe.track_campaign_event(:letter, 'ÄöÜ 日本', '{"customer": null, "value": null, "note": "''; drop table vibe.campaigns; --"}') is not null as kept;
select vibe.track_campaign_event(:letter, 'x', null) is not null as kept;
select event_type, metadata from vibe.campaign_events order by campaign_event_id;

select vibe.report_campaign_day(:letter, null);
select vibe.report_campaign_day(:letter, 'infinity');
select vibe.report_campaign_day(:letter, '2026-03-01', -1);
select vibe.report_campaign_day(:letter, '2026-03-01', clicks => -1);
select vibe.report_campaign_day(:letter, '2026-03-01', conversions => 'NaN');
select vibe.report_campaign_day(:letter, '2026-03-01', revenue => -0.01);
select vibe.report_campaign_day(:letter, '2026-03-01', cost => 'infinity');
select vibe.get_campaigns('shop', '2026-03-02', '2026-03-01');
select vibe.get_campaigns('shop', 'infinity');
select vibe.get_campaign_performance(:letter, '2026-03-02', '2026-03-01');
select vibe.get_campaign_performance(:letter, null, '-infinity');
select vibe.campaign_days(:letter, '2026-03-02', '2026-03-01');
select vibe.campaign_days(:letter, '2000-01-01', '2026-03-01');
select vibe.campaign_attribution('shop', model => 'middle');
select vibe.campaign_attribution('shop', window_days => 0);
select vibe.campaign_attribution('shop', '2026-03-02', '2026-03-01');
select vibe.get_campaign_events(:letter, "limit" => 0);
select vibe.get_campaign_events(:letter, "limit" => null);
select vibe.change_campaign_settings('shop', 'middle');
select vibe.change_campaign_settings('shop', window_days => 366);
select vibe.change_campaign_settings('shop', conversion_types => '{}');
select vibe.change_campaign_settings('shop', conversion_types => '{sent}');
select vibe.change_campaign_settings('shop', conversion_types => array['a', null]);
select vibe.change_campaign_settings('shop', passive_types => '{" x"}');

-- What direct writing breaks, the tables refuse.
\set VERBOSITY terse
insert into vibe.campaigns (site_id, name, utm_campaign) values (1, 'x', 'Big');
insert into vibe.campaigns (site_id, name, budget) values (1, 'x', 'NaN');
insert into vibe.campaign_events (site_id, campaign_id, event_type) values (1, 9999, 'click');
insert into vibe.campaign_events (site_id, campaign_id, event_type, metadata) values (1, :letter, 'click', '[]');
insert into vibe.campaign_performance (site_id, campaign_id, date, clicks) values (1, :letter, '2026-03-01', -1);
insert into vibe.campaign_performance (site_id, campaign_id, date, ctr) values (1, :letter, '2026-03-01', 1);

\set VERBOSITY default
-- Rights: a login that views another site sees nothing of this one, and a viewer writes nothing.
create role campaign_viewer in role vibe_analyst;
select vibe.create_site('other') as site_id;
select vibe.create_campaign('other', 'Theirs') as theirs \gset
select vibe.track_campaign_event(:theirs, 'click') is not null as event;
insert into vibe.site_members (site_id, login_name, role) values (2, 'campaign_viewer', 'viewer');
set session authorization campaign_viewer;
select (select string_agg(name, ' ') from vibe.campaigns) as campaigns, (select count(*) from vibe.campaign_events) as events;
select name, total_events from vibe.get_campaigns();
select name from vibe.get_campaigns('shop');
select vibe.get_campaign(:letter);
select vibe.get_campaign_performance(:letter);
select vibe.campaign_days(:letter);
select vibe.get_campaign_events(:letter);
select count(*) as of_shop from vibe.campaign_daily(1, null, null, null);
select count(*) as of_shop from vibe.campaign_reach(1, null, null, null, false);
select count(*) as of_shop from vibe.campaign_credits(1, '-infinity', 'infinity');
select vibe.create_campaign('other', 'Mine');
select vibe.track_campaign_event(:theirs, 'click');
insert into vibe.campaign_events (site_id, campaign_id, event_type) values (2, :theirs, 'click');
reset session authorization;
-- A group member without a role in the site, too.
create role campaign_writer in role vibe_member;
insert into vibe.site_members (site_id, login_name, role) values (2, 'campaign_writer', 'viewer');
set session authorization campaign_writer;
select vibe.create_campaign('other', 'Mine');
select vibe.track_campaign_event(:theirs, 'click');
select vibe.track_campaign_event(:letter, 'click');
select vibe.report_campaign_day(:theirs, '2026-03-01', 1);
select vibe.change_campaign_settings('other', 'first');
select vibe.delete_campaign(:theirs);
select vibe.delete_campaign(:letter);
insert into vibe.campaign_performance (site_id, campaign_id, date) values (2, :theirs, '2026-03-01');
update vibe.campaigns set name = 'Mine';
delete from vibe.campaigns;
update vibe.campaign_events set value = 1;
delete from vibe.campaign_events;
reset session authorization;
select name from vibe.campaigns order by campaign_id;
drop owned by campaign_viewer, campaign_writer;
drop role campaign_viewer, campaign_writer;
