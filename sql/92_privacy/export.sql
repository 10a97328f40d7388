create function vibe.export_user(site text, user_id bigint) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
begin
    perform vibe.user_visitors(of_site, export_user.user_id);
    return vibe.person_data(of_site, array[export_user.user_id], '{}');
end
$$;
comment on function vibe.export_user(text, bigint) is
'everything stored about a person, all browsers and customer records that are known to be theirs included, as one JSON: visitors, sessions, events, days, conversions, merges, warnings, online list, campaign events, deliveries of sources, interactions, model events, customer record, purchases, RFM, segments, rejected records of imports. For members of the site; any id of a merged visitor will do';
grant execute on function vibe.export_user(text, bigint) to vibe_member;

create function vibe.export_customer(site text, customer_id bigint) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(site, 'member');
begin
    if not exists (
        select from vibe.customers as c where c.site_id = of_site and c.customer_id = export_customer.customer_id
    ) then
        raise exception 'customer_id % does not exist', coalesce(export_customer.customer_id::text, 'null')
            using errcode = 'invalid_parameter_value';
    end if;
    return vibe.person_data(of_site, '{}', array[export_customer.customer_id]);
end
$$;
comment on function vibe.export_customer(text, bigint) is
'vibe.export_user() for a person of whom the shop''s record is known, visitor or not';
grant execute on function vibe.export_customer(text, bigint) to vibe_member;

create function vibe.person_data(of_site integer, visitors bigint[], customers bigint[]) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    names text;
begin
    select * into visitors, customers from vibe.person_ids(of_site, visitors, customers);
    names := vibe.person_pattern(of_site, visitors, customers);
    return jsonb_build_object(
        'site', (select s.name from vibe.sites as s where s.site_id = of_site),
        'exported_at', now(),
        'visitors', (select jsonb_agg(to_jsonb(u) - 'site_id' order by u.user_id) from vibe.site_users as u
            where u.site_id = of_site and u.user_id = any (visitors)),
        'sessions', (select coalesce(jsonb_agg(to_jsonb(s) - 'site_id' order by s.started_at, s.session_id), '[]') from vibe.site_sessions as s
            where s.site_id = of_site and s.user_id = any (visitors)),
        'events', (select coalesce(jsonb_agg(to_jsonb(e) - 'site_id' order by e.occurred_at, e.event_id), '[]') from vibe.user_events as e
            where e.site_id = of_site and e.user_id = any (visitors)),
        'days', (select coalesce(jsonb_agg(to_jsonb(d) - 'site_id' order by d.day, d.user_id), '[]') from vibe.user_days as d
            where d.site_id = of_site and d.user_id = any (visitors)),
        'conversions', (select coalesce(jsonb_agg(to_jsonb(c) - 'site_id' order by c.day, c.goal_id, c.user_id), '[]') from vibe.goal_conversions as c
            where c.site_id = of_site and c.user_id = any (visitors)),
        'merges', (select coalesce(jsonb_agg(to_jsonb(m) - 'site_id' order by m.merge_id), '[]') from vibe.user_merges as m
            where m.site_id = of_site and m.user_id = any (visitors)),
        'identity_warnings', (select coalesce(jsonb_agg(to_jsonb(w) - 'site_id' order by w.warning_id), '[]') from vibe.identity_warnings as w
            where w.site_id = of_site and w.user_id = any (visitors)),
        'online', (select coalesce(jsonb_agg(to_jsonb(o) - 'site_id' order by o.user_id), '[]') from vibe.online_users as o
            where o.site_id = of_site and o.user_id = any (visitors)),
        'import_rejects', (select coalesce(jsonb_agg(to_jsonb(r) - 'site_id' order by r.import_id, r.line), '[]') from vibe.import_rejects as r
            where r.site_id = of_site and (r.record ~* names or r.value ~* names)),
        'campaign_events', (select coalesce(jsonb_agg(to_jsonb(e) - 'site_id' || jsonb_build_object('campaign', c.name)
                order by e.occurred_at, e.campaign_event_id), '[]')
            from vibe.campaign_events as e
            join vibe.campaigns as c using (site_id, campaign_id)
            where e.site_id = of_site
              and (e.user_id = any (visitors) or e.customer_id = any (customers) or e.metadata::text ~* names
                  or e.order_id in (select vibe.person_orders(of_site, visitors, customers)))),
        'customers', (select coalesce(jsonb_agg(to_jsonb(c) - 'site_id' order by c.customer_id), '[]') from vibe.customers as c
            where c.site_id = of_site and c.customer_id = any (customers)),
        'purchases', (select coalesce(jsonb_agg(to_jsonb(p) - 'site_id' || jsonb_build_object('items', (
                select coalesce(jsonb_agg(to_jsonb(i) - 'site_id' - 'purchase_id' order by i.line), '[]')
                from vibe.purchase_items as i where i.site_id = of_site and i.purchase_id = p.purchase_id
            )) order by p.purchased_at, p.purchase_id), '[]') from vibe.purchases as p
            where p.site_id = of_site
              and (p.customer_id = any (customers) or (p.customer_id is null and p.user_id = any (visitors)))),
        'rfm', (select coalesce(jsonb_agg(to_jsonb(a) - 'site_id' order by a.period_start, a.period_end), '[]') from vibe.rfm_analysis as a
            where a.site_id = of_site and a.customer_id = any (customers)),
        'deliveries', vibe.person_deliveries(of_site, visitors, customers),
        'interactions', (select coalesce(jsonb_agg(to_jsonb(i) - 'site_id' order by i.at, i.interaction_id), '[]') from vibe.interactions as i
            where i.site_id = of_site and i.customer_id = any (customers)),
        'ai_model_events', (select coalesce(jsonb_agg(to_jsonb(e) - 'site_id' order by e.at, e.event_id), '[]') from vibe.ai_model_events as e
            where e.site_id = of_site and e.customer_id = any (customers)),
        'segments', (select coalesce(jsonb_agg(jsonb_build_object('segment', g.name, 'entered_at', m.entered_at, 'left_at', m.left_at)
                order by m.entered_at, g.name), '[]')
            from vibe.segment_members as m
            join vibe.segments as g using (site_id, segment_id)
            where m.site_id = of_site
              and m.subject_id = any (case g.subject when 'customer' then customers else visitors end))
    );
end
$$;
comment on function vibe.person_data(integer, bigint[], bigint[]) is
'vibe.export_user and vibe.export_customer once it is known who; reads what the caller may';
grant execute on function vibe.person_data(integer, bigint[], bigint[]) to vibe_member;
