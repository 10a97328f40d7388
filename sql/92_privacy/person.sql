-- Who a person is: the same for erasing and for exporting. A browser, the browsers merged with it, the customer they are,
-- the browsers of that customer, and so on until there are no more.
create function vibe.person_ids(
    of_site integer, inout visitors bigint[], inout customers bigint[]
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    more_visitors bigint[];
    more_customers bigint[];
begin
    visitors := coalesce(visitors, '{}');
    customers := coalesce(customers, '{}');
    loop
        more_visitors := array(
            select u.user_id from vibe.site_users as u where u.site_id = of_site and u.user_id = any (visitors)
            union
            select u.merged_into from vibe.site_users as u where u.site_id = of_site and u.user_id = any (visitors) and u.merged_into is not null
            union
            select u.user_id from vibe.site_users as u where u.site_id = of_site and u.merged_into = any (visitors)
            union
            select u.user_id from vibe.site_users as u where u.site_id = of_site and u.customer_id = any (customers)
            order by 1
        );
        more_customers := array(
            select c.customer_id from vibe.customers as c where c.site_id = of_site and c.customer_id = any (customers)
            union
            select u.customer_id from vibe.site_users as u where u.site_id = of_site and u.user_id = any (more_visitors) and u.customer_id is not null
            order by 1
        );
        exit when (more_visitors, more_customers) = (visitors, customers);
        visitors := more_visitors;
        customers := more_customers;
    end loop;
end
$$;
comment on function vibe.person_ids(integer, bigint[], bigint[]) is
'all visitors and customers of a site that are the same person as these: merged with each other, or known to be the same customer; ids that do not exist are left out';
grant execute on function vibe.person_ids(integer, bigint[], bigint[]) to vibe_member;

-- Rejected records are text of any shape, so the person is looked for by name; a short number may also be somebody else's.
create function vibe.person_pattern(of_site integer, visitors bigint[], customers bigint[]) returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select vibe.words_pattern(array_agg(n.name))
    from (
        select v.name from vibe.site_users as u
        cross join lateral (values
            -- Ids that another tool gave stand in its files without the tool's name.
            (u.anonymous_id), (regexp_replace(u.anonymous_id, '^(umami|posthog|ga4):', '')), (u.external_id), (u.email), (u.name)
        ) as v (name)
        where u.site_id = of_site and u.user_id = any (visitors)
        union
        select v.name from vibe.customers as c
        cross join lateral (values (c.external_id), (c.email), (c.name)) as v (name)
        where c.site_id = of_site and c.customer_id = any (customers)
        union
        select p.external_id from vibe.purchases as p
        where p.site_id = of_site and p.customer_id = any (customers)
    ) as n
    where n.name <> ''
$$;
comment on function vibe.person_pattern(integer, bigint[], bigint[]) is
'regular expression for text that names these visitors and customers: by an id, e-mail address, name or order number, as a whole word; null if they have none';
grant execute on function vibe.person_pattern(integer, bigint[], bigint[]) to vibe_member;

create function vibe.words_pattern(names text[]) returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select '(?<![[:alnum:]_.@-])(?:' || string_agg(regexp_replace(n.name, '([^[:alnum:]])', '\\\1', 'g'), '|' order by n.name)
        || ')(?![[:alnum:]_@-]|\.[[:alnum:]])'
    from unnest(names) as n (name)
$$;
comment on function vibe.words_pattern(text[]) is 'regular expression for text that has one of these names as whole words; null without any';
grant execute on function vibe.words_pattern(text[]) to vibe_member;

create function vibe.person_orders(of_site integer, visitors bigint[], customers bigint[]) returns setof text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select p.external_id
    from vibe.purchases as p
    where p.site_id = of_site
      and (p.customer_id = any (customers) or (p.customer_id is null and p.user_id = any (visitors)))
$$;
comment on function vibe.person_orders(integer, bigint[], bigint[]) is
'order numbers of these visitors and customers: what another customer bought in one of their browsers is that customer''s';
grant execute on function vibe.person_orders(integer, bigint[], bigint[]) to vibe_member;
