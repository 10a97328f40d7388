-- Sets of ids for what is not a column of the subject. Customers and users are joined through site_users.customer_id, of
-- the person or any of their browsers; counts and sums add up over that link, other conditions hold if they hold of one.
create function vibe.criteria_set(node jsonb, at text[], subject text, out members text, out absent boolean)
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    side text;
    attribute record;
    comparison text;
begin
    if node ?| array['event', 'bought', 'spent'] then
        select c.members, c.absent into members, absent from vibe.criteria_count(node, at, subject) as c;
        return;
    end if;
    absent := coalesce(node ->> 'op' = 'is_not_set', false);
    if absent then
        node := node || '{"op": "is_set"}';
    end if;
    if node ? 'segment' then
        side := node ->> 'subject';
        members := case
            when node ? 'rule' then vibe.criteria_query(node -> 'rule', at || 'rule'::text, side)
            else format(
                E'select m.subject_id as id\nfrom vibe.segment_members as m\n'
                'where m.site_id = $1\n  and m.segment_id = ($2 #>> %L)::bigint\n'
                '  and m.entered_at <= $3\n  and (m.left_at is null or m.left_at > $3)',
                at || 'segment'::text
            )
        end;
    elsif node ? 'trait' then
        side := 'user';
        members := format(
            E'select u.user_id as id\nfrom vibe.site_users as u\nwhere u.site_id = $1\n  and u.merged_into is null\n  and %s',
            vibe.criteria_comparison('json', vibe.criteria_trait(at), node, at)
        );
    else
        select a.side, a.kind, a.expression into attribute
        from vibe.segment_attributes() as a
        where node ? a.side and a.name = node ->> a.side;
        comparison := vibe.criteria_comparison(attribute.kind, attribute.expression, node, at);
        side := case attribute.side when 'user' then 'user' else 'customer' end;
        members := case
            when attribute.side = 'rfm' then format(
                E'select r.customer_id as id\nfrom vibe.rfm_analysis as r\nwhere r.site_id = $1\n'
                '  and (r.period_start, r.period_end) = (\n'
                '      select q.period_start, q.period_end\n      from vibe.rfm_analysis as q\n'
                '      where q.site_id = $1 and q.period_end <= ($3 at time zone $4)::date\n'
                '      order by q.period_start desc, q.period_end desc\n      limit 1\n  )\n  and %s',
                comparison
            )
            when attribute.side = 'customer' then format(
                E'select c.customer_id as id\nfrom vibe.customers as c\nwhere c.site_id = $1\n  and %s', comparison
            )
            when attribute.expression ~ '^(min|max)\(' then format(
                E'select v.user_id as id\nfrom vibe.visitors as v\nwhere v.site_id = $1\ngroup by v.user_id\nhaving %s', comparison
            )
            else format(
                E'select u.user_id as id\nfrom vibe.site_users as u\nwhere u.site_id = $1\n  and u.merged_into is null\n  and %s',
                comparison
            )
        end;
    end if;
    if side <> subject then
        members := format(
            E'select distinct l.%s as id\nfrom (\n    %s\n) as x\njoin %s on l.%s = x.id',
            subject || '_id', replace(members, E'\n', E'\n    '), vibe.criteria_link(), side || '_id'
        );
    end if;
end
$$;
comment on function vibe.criteria_set(jsonb, text[], text) is
'the query of the ids that meet a condition which is no column of the subject; absent: the condition holds of all others';
grant execute on function vibe.criteria_set(jsonb, text[], text) to vibe_analyst;

create function vibe.criteria_link() returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select E'(\n    select distinct coalesce(p.merged_into, p.user_id) as user_id, p.customer_id\n'
        '    from vibe.site_users as p\n    where p.site_id = $1 and p.customer_id is not null\n) as l'
$$;
comment on function vibe.criteria_link() is 'which user is which customer: pairs of ids after merges';
grant execute on function vibe.criteria_link() to vibe_analyst;

create function vibe.criteria_count(node jsonb, at text[], subject text, out members text, out absent boolean)
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    goods jsonb := coalesce(node -> 'bought', node -> 'spent', '{}');
    wanted text := '';
    period text := ' < $3';
    counted text;
    total text;
begin
    if node ? 'days' then
        period := format(' >= %s%%1$s < $3', vibe.criteria_since(at));
    end if;
    if node ? 'event' then
        select coalesce(string_agg(
            E'\n  and (' || vibe.criteria_comparison(
                'json', format('nullif(e.properties #> vibe.text_array($2 #> %L), ''null'')', i.at || 'path'::text), i.property, i.at
            ) || ')', '' order by i.place
        ), '') into wanted
        from (
            select p.property, p.place, at || array['properties', (p.place - 1)::text] as at
            from jsonb_array_elements(coalesce(node -> 'properties', '[]')) with ordinality as p (property, place)
        ) as i;
        if node ? 'page' then
            wanted := format(E'\n  and e.page like ($2 #>> %L)', at || 'page'::text) || wanted;
        end if;
        counted := format(
            E'select e.user_id, count(*) as times\nfrom vibe.user_events as e\nwhere e.site_id = $1\n'
            '  and e.event_name = ($2 #>> %L)\n  and not e.is_bot\n  and e.occurred_at%s%s\ngroup by e.user_id',
            at || 'event'::text, format(period, E'\n  and e.occurred_at'), wanted
        );
        -- By visitor first: there are fewer of them than events when persons are looked up.
        total := 'sum(n.times)';
        members := format(
            E'select %s as id\nfrom (\n    %s\n) as n\nleft join vibe.site_users as m on m.site_id = $1 and m.user_id = n.user_id and m.merged_into is not null\n%sgroup by 1',
            case subject when 'user' then 'coalesce(m.merged_into, n.user_id)' else 'l.customer_id' end,
            replace(counted, E'\n', E'\n    '),
            case subject when 'user' then ''
                else format(E'join %s on l.user_id = coalesce(m.merged_into, n.user_id)\n', vibe.criteria_link()) end
        );
    else
        select coalesce(string_agg(format(E'i.%s = ($2 #>> %L)', g.name, at || array[g.key, g.part]), ' and '), '') into wanted
        from (values
            ('bought', 'category', 'category'), ('bought', 'product', 'product_id'),
            ('spent', 'category', 'category'), ('spent', 'product', 'product_id')
        ) as g (key, part, name)
        where node -> g.key ? g.part;
        counted := E'from vibe.purchases as p\n'
            || case when node ? 'spent' and wanted <> '' then
                E'join vibe.purchase_items as i on i.site_id = $1 and i.purchase_id = p.purchase_id and ' || wanted || E'\n'
                else '' end
            || case subject when 'user' then format(E'join %s on l.customer_id = p.customer_id\n', vibe.criteria_link()) else '' end
            || E'where p.site_id = $1\n  and p.customer_id is not null\n  and not p.is_cancelled\n'
            || format(E'  and p.purchased_at%s\n', format(period, E'\n  and p.purchased_at'));
        if node ? 'bought' then
            total := 'count(*)';
            counted := counted || E'  and not p.is_refund\n' || case when wanted <> '' then
                E'  and p.purchase_id in (select i.purchase_id from vibe.purchase_items as i where i.site_id = $1 and ' || wanted || E')\n'
                else '' end;
        else
            total := case when wanted <> '' then 'sum(i.amount)' else 'sum(p.amount)' end;
            counted := counted || E'  and p.currency = (select s.currency from vibe.sites as s where s.site_id = $1)\n';
        end if;
        members := format(E'select %s as id\n%sgroup by 1', case subject when 'user' then 'l.user_id' else 'p.customer_id' end, counted);
    end if;

    -- Whoever did nothing is in no set. Where nothing is enough, the set holds those of whom the condition is not true.
    absent := coalesce((node -> 'at_least')::numeric, case when node ?| array['at_most', 'exactly'] then 0 else 1 end) <= 0
        and coalesce((node -> 'exactly')::numeric, 0) = 0;
    select string_agg(format('%s %s ($2 #>> %L)::numeric', total, c.sign, at || c.key), ' and ') into wanted
    from (values ('at_least', '>='), ('at_most', '<='), ('exactly', '=')) as c (key, sign)
    where node ? c.key;
    members := members || case
        when wanted is null then ''
        when absent then format(E'\nhaving not (%s)', wanted)
        else format(E'\nhaving %s', wanted)
    end;
end
$$;
comment on function vibe.criteria_count(jsonb, text[], text) is
'the query of the ids that did, bought or spent as often or much as a condition says; absent: the condition holds of all others';
grant execute on function vibe.criteria_count(jsonb, text[], text) to vibe_analyst;
