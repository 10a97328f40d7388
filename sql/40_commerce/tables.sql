create table vibe.customers (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    customer_id bigint generated always as identity,
    external_id text check (length(external_id) between 1 and 200),
    name text check (length(name) <= 500),
    email text check (length(email) <= 320),
    birth_date date check (birth_date >= '1850-01-01' and birth_date < '2200-01-01'),
    gender text check (length(gender) <= 50),
    location text check (length(location) <= 200),
    income_range text check (length(income_range) <= 100),
    registered_at timestamptz check (registered_at >= '1900-01-01 00:00:00+00' and registered_at < '2200-01-01 00:00:00+00'),
    created_at timestamptz not null default now(),
    first_purchase_at timestamptz,
    last_purchase_at timestamptz,
    order_count integer not null default 0,
    total_spent numeric(18, 2) not null default 0,
    foreign_orders integer not null default 0,
    purchase_frequency numeric generated always as (
        case when order_count > 1 then round(
            (order_count - 1) * 30 / greatest(extract(epoch from last_purchase_at - first_purchase_at) / 86400, 1), 4
        ) end
    ) stored,
    preferred_category text,
    primary key (site_id, customer_id),
    constraint customers_external_id_key unique (site_id, external_id)
) with (fillfactor = 85);
comment on table vibe.customers is 'a shop''s customers, as the shop knows them';
comment on column vibe.customers.name is 'of the person';
comment on column vibe.customers.birth_date is 'where the shop knows it';
comment on column vibe.customers.gender is 'as the shop says it';
comment on column vibe.customers.location is 'as the shop says it: a town, a country';
comment on column vibe.customers.income_range is 'as the shop says it';
comment on column vibe.customers.external_id is 'the shop''s own customer number, unique within the site';
comment on column vibe.customers.registered_at is 'when the customer signed up with the shop, where the shop says so';
comment on column vibe.customers.created_at is 'when the row was made here';
comment on column vibe.customers.first_purchase_at is 'first order (neither refund nor cancelled); this and the columns after it are derived, kept by triggers of vibe.purchases and vibe.purchase_items';
comment on column vibe.customers.last_purchase_at is 'last order (neither refund nor cancelled)';
comment on column vibe.customers.order_count is 'orders, neither refund nor cancelled, in any currency';
comment on column vibe.customers.total_spent is 'orders less refunds, in the site''s currency; other currencies are left out and counted in foreign_orders';
comment on column vibe.customers.foreign_orders is 'orders in another currency than the site''s: in order_count, not in total_spent';
comment on column vibe.customers.purchase_frequency is 'orders per 30 days between the first order (which is not counted) and the last, a time of at least a day; null before the second order';
comment on column vibe.customers.preferred_category is 'category of most pieces ordered (neither refund nor cancelled), the first by name among equals; null where no items are known';

create index customers_by_words on vibe.customers using gin (
    lower(name) public.gin_trgm_ops, lower(email) public.gin_trgm_ops, lower(external_id) public.gin_trgm_ops
);
comment on index vibe.customers_by_words is 'parts of names, addresses and numbers, for vibe.search_customers()';

alter table vibe.customers enable row level security;
-- One policy per command: a second one for select would turn the index condition into an OR.
create policy read on vibe.customers for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.customers is 'rows of a site are seen by its members';
create policy add on vibe.customers for insert
    with check (site_id = any (array(select vibe.my_sites('member'))));
comment on policy add on vibe.customers is 'viewers cannot write';
create policy change on vibe.customers for update
    using (site_id = any (array(select vibe.my_sites('member'))));
comment on policy change on vibe.customers is 'viewers cannot write';
create policy remove on vibe.customers for delete
    using (site_id = any (array(select vibe.my_sites('member'))));
comment on policy remove on vibe.customers is 'viewers cannot write';
grant select on vibe.customers to vibe_analyst;
grant
    insert (site_id, external_id, name, email, birth_date, gender, location, income_range, registered_at, created_at),
    update (external_id, name, email, birth_date, gender, location, income_range, registered_at, created_at),
    delete
    on vibe.customers to vibe_member;

-- Money is numeric with its currency; a kernel takes it as int64 minor units (amount * 100), which 14 digits always fit.
create table vibe.purchases (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    purchase_id bigint generated always as identity,
    customer_id bigint,
    user_id bigint,
    external_id text not null check (length(external_id) between 1 and 200),
    purchased_at timestamptz not null,
    amount numeric(14, 2) not null,
    currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
    item_count integer check (item_count >= 0),
    channel text check (length(channel) between 1 and 100),
    is_refund boolean not null default false,
    is_cancelled boolean not null default false,
    created_at timestamptz not null default now(),
    source_id bigint,
    utm jsonb,
    primary key (site_id, purchase_id),
    constraint purchases_external_id_key unique (site_id, external_id),
    constraint purchases_time
        check (purchased_at >= '1900-01-01 00:00:00+00' and purchased_at < '2200-01-01 00:00:00+00'),
    constraint purchases_amount_sign check (case when is_refund then amount <= 0 else amount >= 0 end),
    constraint purchases_customer_fkey foreign key (site_id, customer_id)
        references vibe.customers (site_id, customer_id) on delete set null (customer_id),
    constraint purchases_user_fkey foreign key (site_id, user_id)
        references vibe.site_users (site_id, user_id) on delete set null (user_id)
);
-- Reports group by days, never by the microsecond: the planner is to expect few groups, or it does without workers.
alter table vibe.purchases alter column purchased_at set (n_distinct = 1000);
comment on table vibe.purchases is 'orders and refunds of a shop, one row each';
comment on column vibe.purchases.purchased_at is 'when it was ordered or given back';
comment on column vibe.purchases.external_id is 'the shop''s own order number, unique within the site';
comment on column vibe.purchases.customer_id is 'who bought; null for guests and for customers erased since';
comment on column vibe.purchases.user_id is 'the visitor who bought, where the order came through the tracked site';
comment on column vibe.purchases.amount is 'order total in currency, never negative; a refund is a row of its own with a total of zero or less';
comment on column vibe.purchases.item_count is 'pieces in the order, as the shop counts them';
comment on column vibe.purchases.channel is 'where it was sold, as the shop calls it: web, store, marketplace …';
comment on column vibe.purchases.is_refund is 'money given back: counts in revenue, not as an order';
comment on column vibe.purchases.is_cancelled is 'called off, or not paid (yet): counts in nothing';
comment on column vibe.purchases.source_id is 'the source that told it, as in vibe.sources; null where a file, a program or a person did';
comment on column vibe.purchases.utm is 'how the buyer came, as the shop knows it: {"source", "medium", "campaign", "content", "term"}';

create index purchases_by_customer on vibe.purchases (site_id, customer_id, purchased_at);
comment on index vibe.purchases_by_customer is 'a customer''s orders; also the customer''s first and last one';
create index purchases_by_time on vibe.purchases (site_id, purchased_at);
comment on index vibe.purchases_by_time is 'a period''s orders';
create index purchases_by_user on vibe.purchases (site_id, user_id) where user_id is not null;
comment on index vibe.purchases_by_user is 'a visitor''s orders, and the deletion of visitors';

alter table vibe.purchases enable row level security;
create policy read on vibe.purchases for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.purchases is 'rows of a site are seen by its members';
create policy add on vibe.purchases for insert
    with check (site_id = any (array(select vibe.my_sites('member'))));
comment on policy add on vibe.purchases is 'viewers cannot write';
create policy change on vibe.purchases for update
    using (site_id = any (array(select vibe.my_sites('member'))));
comment on policy change on vibe.purchases is 'viewers cannot write';
create policy remove on vibe.purchases for delete
    using (site_id = any (array(select vibe.my_sites('member'))));
comment on policy remove on vibe.purchases is 'viewers cannot write';
grant select on vibe.purchases to vibe_analyst;
grant insert, update, delete on vibe.purchases to vibe_member;

create table vibe.purchase_items (
    site_id integer not null,
    purchase_id bigint not null,
    line integer not null check (line > 0),
    product_id text check (length(product_id) between 1 and 200),
    name text check (length(name) <= 500),
    category text check (length(category) between 1 and 200),
    quantity integer not null default 1,
    amount numeric(14, 2) not null,
    primary key (site_id, purchase_id, line),
    constraint purchase_items_purchase_fkey foreign key (site_id, purchase_id)
        references vibe.purchases (site_id, purchase_id) on delete cascade
);
comment on table vibe.purchase_items is 'what an order or refund consists of, one row each line';
comment on column vibe.purchase_items.name is 'of the article';
comment on column vibe.purchase_items.category is 'of the article, as the shop sorts them';
comment on column vibe.purchase_items.line is 'place within the order, from 1';
comment on column vibe.purchase_items.product_id is 'the shop''s own article number';
comment on column vibe.purchase_items.quantity is 'pieces; below zero where they come back';
comment on column vibe.purchase_items.amount is 'of the whole line, in the order''s currency; below zero in refunds and discounts';

alter table vibe.purchase_items enable row level security;
create policy read on vibe.purchase_items for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.purchase_items is 'rows of a site are seen by its members';
create policy add on vibe.purchase_items for insert
    with check (site_id = any (array(select vibe.my_sites('member'))));
comment on policy add on vibe.purchase_items is 'viewers cannot write';
create policy change on vibe.purchase_items for update
    using (site_id = any (array(select vibe.my_sites('member'))));
comment on policy change on vibe.purchase_items is 'viewers cannot write';
create policy remove on vibe.purchase_items for delete
    using (site_id = any (array(select vibe.my_sites('member'))));
comment on policy remove on vibe.purchase_items is 'viewers cannot write';
grant select on vibe.purchase_items to vibe_analyst;
grant insert, update, delete on vibe.purchase_items to vibe_member;

-- A trigger with a transition table serves one kind of statement only.
create trigger purchases_inserted after insert on vibe.purchases
    referencing new table as changed_purchases
    for each statement execute function vibe_private.keep_customers();
comment on trigger purchases_inserted on vibe.purchases is 'keeps the derived columns of customers right';
create trigger purchases_updated after update on vibe.purchases
    referencing old table as old_purchases new table as new_purchases
    for each statement execute function vibe_private.keep_customers();
comment on trigger purchases_updated on vibe.purchases is 'keeps the derived columns of customers right';
create trigger purchases_deleted after delete on vibe.purchases
    referencing old table as changed_purchases
    for each statement execute function vibe_private.keep_customers();
comment on trigger purchases_deleted on vibe.purchases is 'keeps the derived columns of customers right';
create trigger items_inserted after insert on vibe.purchase_items
    referencing new table as changed_items
    for each statement execute function vibe_private.keep_customers_of_items();
comment on trigger items_inserted on vibe.purchase_items is 'keeps the preferred category of customers right';
create trigger items_updated after update on vibe.purchase_items
    referencing old table as old_items new table as new_items
    for each statement execute function vibe_private.keep_customers_of_items();
comment on trigger items_updated on vibe.purchase_items is 'keeps the preferred category of customers right';
create trigger items_deleted after delete on vibe.purchase_items
    referencing old table as changed_items
    for each statement execute function vibe_private.keep_customers_of_items();
comment on trigger items_deleted on vibe.purchase_items is 'keeps the preferred category of customers right';
create trigger currency_changed after update of currency, time_zone on vibe.sites
    for each row when ((new.currency, new.time_zone) is distinct from (old.currency, old.time_zone)) execute function vibe_private.keep_customers_of_site();
comment on trigger currency_changed on vibe.sites is 'keeps the totals of customers and days right, which are in the site''s currency and by its clock';

create table vibe.imports (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    import_id bigint generated always as identity unique,
    kind text not null check (kind in ('orders', 'lines', 'customers', 'events', 'days')),
    options jsonb not null,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    records bigint,
    accepted bigint,
    rejected bigint,
    imported bigint,
    changed bigint,
    unchanged bigint,
    foreign_orders bigint,
    primary key (site_id, import_id)
);
comment on table vibe.imports is 'files that were imported, and what became of them';
comment on column vibe.imports.import_id is 'number of the import';
comment on column vibe.imports.started_at is 'when it began';
comment on column vibe.imports.accepted is 'records that broke no rule';
comment on column vibe.imports.kind is 'what a record of the file is: an order, a line of an order, a customer, an event, a day';
comment on column vibe.imports.options is 'how the file is written, as given to begin_import(); of events and days also its format';
comment on column vibe.imports.finished_at is 'null while the file is being loaded, and for ever if it never was finished';
comment on column vibe.imports.records is 'records of the file, without the header and empty lines; accepted + rejected';
comment on column vibe.imports.rejected is 'records that broke a rule; they are in vibe.import_rejects';
comment on column vibe.imports.imported is 'orders (or customers, events, days) that were new';
comment on column vibe.imports.changed is 'orders (or customers, days) that were known and differ now';
comment on column vibe.imports.unchanged is 'orders (or customers, events, days) that were known as they are';
comment on column vibe.imports.foreign_orders is 'accepted orders and refunds in another currency than the site''s, which no sum takes in';
alter table vibe.imports enable row level security;
create policy read on vibe.imports for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.imports is 'rows of a site are seen by its members';
grant select on vibe.imports to vibe_analyst;

create table vibe.import_rejects (
    site_id integer not null,
    import_id bigint not null,
    line bigint not null,
    record text not null,
    field text,
    value text,
    reason text not null,
    primary key (site_id, import_id, line),
    constraint import_rejects_import_fkey foreign key (site_id, import_id)
        references vibe.imports (site_id, import_id) on delete cascade
);
comment on table vibe.import_rejects is 'records of imported files that broke a rule, each with the first rule it broke';
comment on column vibe.import_rejects.import_id is 'the import, as in vibe.imports';
comment on column vibe.import_rejects.reason is 'the rule that was broken';
comment on column vibe.import_rejects.line is 'line of the file on which the record begins; the header is line 1';
comment on column vibe.import_rejects.record is 'the record as it stands in the file, up to 10000 characters';
comment on column vibe.import_rejects.field is 'what broke the rule, by our name; null if it is the record itself';
comment on column vibe.import_rejects.value is 'what the file says there, up to 1000 characters';
alter table vibe.import_rejects enable row level security;
create policy read on vibe.import_rejects for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.import_rejects is 'rows of a site are seen by its members';
grant select on vibe.import_rejects to vibe_analyst;

-- Revenue per day, counted by vibe_private.refresh_revenue(). A day that has been written to since has a mark and is counted
-- from the purchases until then, so that the views are right at any time.
create table vibe.daily_revenue (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    day date not null,
    orders integer not null,
    refunds integer not null,
    buyers integer not null,
    revenue numeric(18, 2) not null,
    refunded numeric(18, 2) not null,
    foreign_orders integer not null,
    primary key (site_id, day)
);
comment on table vibe.daily_revenue is 'figures of the days of a site that had orders or refunds; read vibe.revenue_by_day, which is current';
comment on column vibe.daily_revenue.orders is 'orders, neither refund nor cancelled, in any currency';
comment on column vibe.daily_revenue.refunds is 'refunds, in any currency';
comment on column vibe.daily_revenue.buyers is 'different customers with an order on the day; guests are not counted';
comment on column vibe.daily_revenue.revenue is 'orders less refunds, in the site''s currency';
comment on column vibe.daily_revenue.refunded is 'money given back, in the site''s currency, above zero';
comment on column vibe.daily_revenue.foreign_orders is 'orders in another currency, left out of revenue';
alter table vibe.daily_revenue enable row level security;
create policy read on vibe.daily_revenue for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.daily_revenue is 'rows of a site are seen by its members';
grant select on vibe.daily_revenue to vibe_analyst;

create table vibe.daily_category_revenue (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    day date not null,
    category text not null,
    orders integer not null,
    quantity bigint not null,
    revenue numeric(18, 2) not null,
    primary key (site_id, day, category)
);
comment on table vibe.daily_category_revenue is 'figures of the categories sold on a day; read vibe.revenue_by_category, which is current';
comment on column vibe.daily_category_revenue.category is 'empty for items without one';
comment on column vibe.daily_category_revenue.orders is 'orders with an item of the category';
comment on column vibe.daily_category_revenue.quantity is 'pieces sold less those that came back';
comment on column vibe.daily_category_revenue.revenue is 'of the items, less refunds, in the site''s currency';
alter table vibe.daily_category_revenue enable row level security;
create policy read on vibe.daily_category_revenue for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.daily_category_revenue is 'rows of a site are seen by its members';
grant select on vibe.daily_category_revenue to vibe_analyst;

-- Without a key: writers never wait for each other here. A mark commits with the rows it stands for.
create table vibe.revenue_marks (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    day date not null
);
comment on table vibe.revenue_marks is 'days whose orders were written since vibe.daily_revenue was counted, possibly many times';
create index revenue_marks_by_day on vibe.revenue_marks (site_id, day);
comment on index vibe.revenue_marks_by_day is 'the marks of a site';
alter table vibe.revenue_marks enable row level security;
create policy read on vibe.revenue_marks for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.revenue_marks is 'rows of a site are seen by its members';
grant select on vibe.revenue_marks to vibe_analyst;

-- How many customers came last on which day before: what makes different customers of any range a sum.
create table vibe.customer_days (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    day date not null,
    previous_day date not null,
    customers integer not null,
    second_orders integer not null,
    primary key (site_id, day, previous_day)
);
comment on table vibe.customer_days is
'customers with an order on a day by the day on which they ordered last before it; read vibe.customers_between(), which is current';
comment on column vibe.customer_days.previous_day is '0001-01-01 for those who never ordered before';
comment on column vibe.customer_days.customers is 'different customers with an order, neither refund nor cancelled; guests are not counted';
comment on column vibe.customer_days.second_orders is 'those of them who placed the second order of their lives on the day';
alter table vibe.customer_days enable row level security;
create policy read on vibe.customer_days for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.customer_days is 'rows of a site are seen by its members';
grant select on vibe.customer_days to vibe_analyst;

create table vibe.customer_months (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    month date not null,
    previous_month date not null,
    customers integer not null,
    second_orders integer not null,
    primary key (site_id, month, previous_month)
);
comment on table vibe.customer_months is 'vibe.customer_days added up by months: a customer is in it once for each day with an order';
comment on column vibe.customer_months.month is 'first day of the month';
comment on column vibe.customer_months.previous_month is 'first day of the month of previous_day; 0001-01-01 for never';
comment on column vibe.customer_months.customers is 'sum of customers of the days';
comment on column vibe.customer_months.second_orders is 'sum of second_orders of the days';
alter table vibe.customer_months enable row level security;
create policy read on vibe.customer_months for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.customer_months is 'rows of a site are seen by its members';
grant select on vibe.customer_months to vibe_analyst;

create table vibe.customer_marks (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    day date not null,
    onwards boolean not null
);
comment on table vibe.customer_marks is 'days of vibe.customer_days that were changed by orders since they were counted, possibly many times';
comment on column vibe.customer_marks.onwards is 'also all days after it';
create index customer_marks_by_day on vibe.customer_marks (site_id, onwards, day);
comment on index vibe.customer_marks_by_day is 'the marks of a site';
alter table vibe.customer_marks enable row level security;
create policy read on vibe.customer_marks for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.customer_marks is 'rows of a site are seen by its members';
grant select on vibe.customer_marks to vibe_analyst;

-- A visitor may be known as a customer; the column is born with vibe.site_users, the key can only be made here.
alter table vibe.site_users add constraint site_users_customer_fkey foreign key (site_id, customer_id)
    references vibe.customers (site_id, customer_id) on delete set null (customer_id);
create index site_users_by_customer on vibe.site_users (site_id, customer_id) where customer_id is not null;
comment on index vibe.site_users_by_customer is 'a customer''s visitors, and the deletion of customers';
