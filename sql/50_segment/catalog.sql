-- The only names that criteria can reach: a condition finds its expression here or is refused. Expressions are text of
-- queries whose parameters are $1 site, $2 criteria, $3 instant, $4 time zone.
create function vibe.segment_attributes() returns table (side text, name text, kind text, expression text, meaning text)
language sql
immutable
parallel safe
as $$
    values
        ('customer', 'age', 'number',
            'date_part(''year'', age(($3 at time zone $4)::date::timestamp, c.birth_date::timestamp))::numeric',
            'full years on that day of the site''s calendar'),
        ('customer', 'email', 'text', 'c.email', 'as the shop knows it'),
        ('customer', 'external_id', 'text', 'c.external_id', 'the shop''s own customer number'),
        ('customer', 'first_purchase_at', 'time', 'c.first_purchase_at', 'first order'),
        ('customer', 'foreign_orders', 'number', 'c.foreign_orders::numeric', 'orders in another currency than the site''s'),
        ('customer', 'gender', 'text', 'c.gender', 'as imported'),
        ('customer', 'income_range', 'text', 'c.income_range', 'as imported'),
        ('customer', 'last_purchase_at', 'time', 'c.last_purchase_at', 'last order'),
        ('customer', 'location', 'text', 'c.location', 'as imported'),
        ('customer', 'name', 'text', 'c.name', 'as the shop knows it'),
        ('customer', 'order_count', 'number', 'c.order_count::numeric', 'orders, neither refund nor cancelled'),
        ('customer', 'preferred_category', 'text', 'c.preferred_category', 'category of most pieces ordered'),
        ('customer', 'purchase_frequency', 'number', 'c.purchase_frequency', 'orders per 30 days; from the second order on'),
        ('customer', 'registered_at', 'time', 'coalesce(c.registered_at, c.first_purchase_at, c.created_at)',
            'when the customer signed up, else the first order, else when the row was made'),
        ('customer', 'total_spent', 'number', 'c.total_spent', 'orders less refunds, in the site''s currency'),
        ('rfm', 'cluster', 'text', 'r.cluster', 'RFM cluster in the latest period of the site that has ended'),
        ('rfm', 'f_score', 'number', 'r.f_score::numeric', 'frequency score of that period, 1 to 5'),
        ('rfm', 'frequency', 'number', 'r.frequency::numeric', 'orders in that period'),
        ('rfm', 'm_score', 'number', 'r.m_score::numeric', 'monetary score of that period, 1 to 5'),
        ('rfm', 'monetary', 'number', 'r.monetary', 'orders less refunds in that period, in the site''s currency'),
        ('rfm', 'r_score', 'number', 'r.r_score::numeric', 'recency score of that period, 1 to 5'),
        ('rfm', 'recency', 'number', 'r.recency::numeric', 'days from the last order to the end of that period'),
        ('user', 'email', 'text', 'u.email', 'as tracked or written by staff'),
        ('user', 'external_id', 'text', 'u.external_id', 'the shop''s own id; set once the user is known'),
        ('user', 'first_seen_at', 'time', 'min(v.first_seen_at)', 'first activity on any browser'),
        ('user', 'last_seen_at', 'time', 'max(v.last_seen_at)', 'last activity on any browser, exact to five minutes'),
        ('user', 'name', 'text', 'u.name', 'as tracked or written by staff'),
        ('user', 'segment', 'text', 'u.segment', 'the segment column of site_users, written by staff or a CRM')
$$;
comment on function vibe.segment_attributes() is
'what conditions of a rule segment can name: side (key of the condition), name, kind (text, number, time: decides the operators), SQL expression and meaning';
grant execute on function vibe.segment_attributes() to vibe_analyst;

create function vibe.text_array(elements jsonb) returns text[]
language sql
immutable
strict
parallel safe
as $$
    select array_agg(e.element order by e.place) from jsonb_array_elements_text(elements) with ordinality as e (element, place)
$$;
comment on function vibe.text_array(jsonb) is 'the elements of a JSON array as text, for lists and paths of criteria';
grant execute on function vibe.text_array(jsonb) to vibe_analyst;
