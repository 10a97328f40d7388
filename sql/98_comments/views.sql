-- What a reader of the catalog (a BI tool, sql/REFERENCE.md) sees beside a column that has no comment of its own. Words that
-- mean the same in every table are told here, once; a column of a view says what the column of that name says in the
-- table or view that it reads.
do $$
declare
    missing record;
    told text;
begin
    for missing in
        select c.oid::regclass as relation, a.attname as column_name, w.meaning
        from pg_catalog.pg_class as c
        join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        join (values
            ('site_id', 'the site, as in vibe.sites'),
            ('site', 'name of the site'),
            ('customer_id', 'the customer, as in vibe.customers'),
            ('session_id', 'the visit, as in vibe.site_sessions'),
            ('purchase_id', 'the order or refund, as in vibe.purchases'),
            ('campaign_id', 'the campaign, as in vibe.campaigns'),
            ('funnel_id', 'the funnel, as in vibe.funnels'),
            ('segment_id', 'the segment, as in vibe.segments'),
            ('segmentation_id', 'the segmentation, as in vibe.segmentations'),
            ('created_at', 'when the row was made'),
            ('calculated_at', 'when the row was calculated'),
            ('currency', 'what amounts are in: three capital letters (ISO 4217)'),
            ('day', 'day of the site''s calendar'),
            ('email', 'e-mail address'),
            ('event_name', 'page_view, or a name that the site chose'),
            ('page', 'path of the address of the page'),
            ('title', 'title of the page'),
            ('properties', 'what the sender said about the event: a JSON object'),
            ('page_views', 'page views'),
            ('device', 'desktop, mobile or tablet, by the user agent'),
            ('browser', 'browser, by the user agent; other when unknown'),
            ('os', 'operating system, by the user agent; other when unknown'),
            ('is_bot', 'a program and no person, by the user agent'),
            ('utm_source', 'campaign parameter of the first address of the visit'),
            ('utm_medium', 'campaign parameter of the first address of the visit'),
            ('utm_campaign', 'campaign parameter of the first address of the visit'),
            ('utm_term', 'campaign parameter of the first address of the visit'),
            ('utm_content', 'campaign parameter of the first address of the visit')
        ) as w (column_name, meaning) on w.column_name = a.attname
        where c.relnamespace = 'vibe'::regnamespace
          and c.relowner = 'vibe_owner'::regrole
          and c.relkind in ('r', 'p', 'v')
          and col_description(c.oid, a.attnum) is null
    loop
        execute format('comment on column %s.%I is %L', missing.relation, missing.column_name, missing.meaning);
    end loop;
    -- Views that read views come after them.
    for missing in
        select v.view, a.attname as column_name
        from unnest(vibe_private.view_names()) with ordinality as n (name, place)
        cross join lateral (select to_regclass(n.name) as view) as v
        join pg_catalog.pg_attribute as a on a.attrelid = v.view and a.attnum > 0
        where col_description(v.view, a.attnum) is null
        order by n.place, a.attnum
    loop
        select min(s.meaning) into told
        from pg_catalog.pg_rewrite as r
        join pg_catalog.pg_depend as d
            on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_catalog.pg_class'::regclass
        join pg_catalog.pg_attribute as b
            on b.attrelid = d.refobjid and b.attnum = d.refobjsubid and b.attname = missing.column_name
        cross join lateral (select col_description(b.attrelid, b.attnum)) as s (meaning)
        where r.ev_class = missing.view and b.attrelid <> missing.view
        having count(distinct s.meaning) = 1;
        if told is not null then
            execute format('comment on column %s.%I is %L', missing.view, missing.column_name, told);
        end if;
    end loop;
end
$$;
