create table vibe.rfm_cluster_labels (
    cluster text primary key,
    worth integer not null unique,
    label_en text not null,
    label_pt text not null,
    color text not null unique check (color ~ '^#[0-9A-F]{6}$')
);
comment on table vibe.rfm_cluster_labels is
'the six RFM clusters: stable codes, what people call them, and the one colour each has in every chart';
comment on column vibe.rfm_cluster_labels.cluster is 'stable code, as functions and tables give it';
comment on column vibe.rfm_cluster_labels.worth is '6 for the best customers, 1 for the worst';
comment on column vibe.rfm_cluster_labels.label_en is 'name in English';
comment on column vibe.rfm_cluster_labels.label_pt is 'name in Portuguese';
comment on column vibe.rfm_cluster_labels.color is
'RGB, of the palette of Okabe and Ito (2008), which people with any kind of colour blindness can tell apart';
insert into vibe.rfm_cluster_labels (cluster, worth, label_en, label_pt, color) values
    ('champions', 6, 'Champions', 'Champions', '#009E73'),
    ('loyal', 5, 'Loyal', 'Fiéis', '#0072B2'),
    ('opportunists', 4, 'Opportunists', 'Oportunistas', '#56B4E9'),
    ('at_risk', 3, 'At risk', 'Em Risco', '#E69F00'),
    ('hibernating', 2, 'Hibernating', 'Hibernando', '#CC79A7'),
    ('lost', 1, 'Lost', 'Perdidos', '#D55E00');
alter table vibe.rfm_cluster_labels enable row level security;
create policy read on vibe.rfm_cluster_labels for select using (true);
comment on policy read on vibe.rfm_cluster_labels is 'the same for every tenant';
grant select on vibe.rfm_cluster_labels to vibe_analyst;

create table vibe.rfm_maps (
    version integer primary key check (version >= 1),
    description text not null check (length(description) between 1 and 500),
    created_at timestamptz not null default now()
);
comment on table vibe.rfm_maps is
'versions of the rule that makes a cluster of three scores; made by vibe.create_rfm_map(), never changed afterwards';
comment on column vibe.rfm_maps.version is 'counts from 1, the rule of vibe.rfm_cluster()';
comment on column vibe.rfm_maps.description is 'the rule in words';
alter table vibe.rfm_maps enable row level security;
create policy read on vibe.rfm_maps for select using (true);
comment on policy read on vibe.rfm_maps is 'the same for every tenant';
grant select on vibe.rfm_maps to vibe_analyst;

create table vibe.rfm_map_cells (
    version integer not null references vibe.rfm_maps,
    r_score integer not null check (r_score between 1 and 5),
    f_score integer not null check (f_score between 1 and 5),
    m_score integer not null check (m_score between 1 and 5),
    cluster text not null references vibe.rfm_cluster_labels,
    primary key (version, r_score, f_score, m_score)
);
comment on table vibe.rfm_map_cells is 'the cluster of each of the 125 cells of scores, for each version of the map';
comment on column vibe.rfm_map_cells.version is 'of the map';
comment on column vibe.rfm_map_cells.r_score is 'recency, 1 (worst) to 5 (best)';
comment on column vibe.rfm_map_cells.f_score is 'frequency, 1 (worst) to 5 (best)';
comment on column vibe.rfm_map_cells.m_score is 'monetary, 1 (worst) to 5 (best)';
comment on column vibe.rfm_map_cells.cluster is 'code of the cluster';
alter table vibe.rfm_map_cells enable row level security;
create policy read on vibe.rfm_map_cells for select using (true);
comment on policy read on vibe.rfm_map_cells is 'the same for every tenant';
grant select on vibe.rfm_map_cells to vibe_analyst;
insert into vibe.rfm_maps (version, description) values
    (1, 'champions r>=4 and f>=4 and m>=4; else loyal r>=3 and f+m>=6, opportunists r>=3, at_risk f+m>=6, hibernating r=2, lost r=1');
insert into vibe.rfm_map_cells (version, r_score, f_score, m_score, cluster)
    select
        1, r, f, m,
        case
            when least(r, f, m) >= 4 then 'champions'
            when r >= 3 then case when f + m >= 6 then 'loyal' else 'opportunists' end
            when f + m >= 6 then 'at_risk'
            when r = 2 then 'hibernating'
            else 'lost'
        end
    from generate_series(1, 5) as r, generate_series(1, 5) as f, generate_series(1, 5) as m
    order by r, f, m;

create table vibe.rfm_settings (
    site_id integer primary key references vibe.sites (site_id) on delete cascade,
    map_version integer not null references vibe.rfm_maps
);
comment on table vibe.rfm_settings is 'which version of the cluster map a site uses; without a row it is version 1';
comment on column vibe.rfm_settings.map_version is 'for periods that are not stored yet; set by vibe.use_rfm_map()';
alter table vibe.rfm_settings enable row level security;
create policy read on vibe.rfm_settings for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.rfm_settings is 'rows of a site are seen by its members';
grant select on vibe.rfm_settings to vibe_analyst;

create table vibe.rfm_analysis (
    site_id integer not null,
    customer_id bigint not null,
    period_start date not null,
    period_end date not null,
    period text not null generated always as (vibe.rfm_period_name(period_start, period_end)) stored,
    recency integer not null,
    frequency integer not null,
    monetary numeric(18, 2) not null,
    currency char(3) not null,
    foreign_orders integer not null,
    r_score integer not null check (r_score between 1 and 5),
    f_score integer not null check (f_score between 1 and 5),
    m_score integer not null check (m_score between 1 and 5),
    cluster text not null,
    map_version integer not null,
    small_n boolean not null,
    calculated_at timestamptz not null default now(),
    primary key (site_id, period_start, period_end, customer_id),
    constraint rfm_analysis_customer_fkey foreign key (site_id, customer_id)
        references vibe.customers (site_id, customer_id) on delete cascade,
    constraint rfm_analysis_period check (period_start < period_end),
    constraint rfm_analysis_cluster
        check (cluster in ('champions', 'loyal', 'opportunists', 'at_risk', 'hibernating', 'lost'))
);
comment on table vibe.rfm_analysis is
'recency, frequency and monetary value of the customers who ordered in a period; written by vibe.calculate_rfm()';
comment on column vibe.rfm_analysis.period_start is 'first day, by the site''s clock';
comment on column vibe.rfm_analysis.period_end is 'the day after the last one';
comment on column vibe.rfm_analysis.period is 'the month as 2026-01, or first and last day as 2026-01-05..2026-02-04';
comment on column vibe.rfm_analysis.recency is 'days from the last order to period_end; 1 is the last day';
comment on column vibe.rfm_analysis.frequency is 'orders; refunds and cancelled orders are none';
comment on column vibe.rfm_analysis.monetary is 'money of orders less refunds, of those in currency; negative where more was refunded';
comment on column vibe.rfm_analysis.currency is 'the site''s';
comment on column vibe.rfm_analysis.foreign_orders is 'orders in another currency: part of frequency, not of monetary';
comment on column vibe.rfm_analysis.r_score is '1 to 5; 5 for the fifth of customers who ordered last';
comment on column vibe.rfm_analysis.f_score is '1 to 5; 5 for the fifth of customers with the most orders';
comment on column vibe.rfm_analysis.m_score is '1 to 5; 5 for the fifth of customers with the most money';
comment on column vibe.rfm_analysis.cluster is 'code of the cluster, see vibe.rfm_cluster_labels';
comment on column vibe.rfm_analysis.map_version is 'version of the map that made the cluster of the scores, see vibe.rfm_maps';
comment on column vibe.rfm_analysis.small_n is
'fewer than five customers, or a figure that is the same for all: that score could not be ranked and is 3';
comment on column vibe.rfm_analysis.calculated_at is 'when the row last changed';
create index rfm_analysis_by_customer on vibe.rfm_analysis (site_id, customer_id, period_end, period_start);
comment on index vibe.rfm_analysis_by_customer is 'a customer''s history and latest row, and the deletion of customers';

alter table vibe.rfm_analysis enable row level security;
create policy read on vibe.rfm_analysis for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.rfm_analysis is 'rows of a site are seen by its members';
grant select on vibe.rfm_analysis to vibe_analyst;

create index rfm_analysis_by_monetary on vibe.rfm_analysis (site_id, period_start, period_end, monetary, customer_id);
comment on index vibe.rfm_analysis_by_monetary is 'a page of a period''s customers, those with the most money first or last';

-- Sums of a period's rows. A period that has been written to since has a mark and is counted from its rows until then.
create table vibe.rfm_period_totals (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    period_start date not null,
    period_end date not null,
    cluster text not null,
    map_version integer not null,
    customers integer not null,
    orders bigint not null,
    monetary numeric(18, 2) not null,
    recency bigint not null,
    primary key (site_id, period_start, period_end, cluster, map_version)
);
comment on table vibe.rfm_period_totals is 'sums of the RFM clusters of stored periods; read vibe.rfm_totals(), which is current';
comment on column vibe.rfm_period_totals.period_start is 'first day, by the site''s clock';
comment on column vibe.rfm_period_totals.period_end is 'the day after the last one';
comment on column vibe.rfm_period_totals.cluster is 'code of the cluster';
comment on column vibe.rfm_period_totals.map_version is 'version of the map that made the clusters';
comment on column vibe.rfm_period_totals.customers is 'customers in the cluster';
comment on column vibe.rfm_period_totals.orders is 'their orders';
comment on column vibe.rfm_period_totals.monetary is 'their money less refunds, in the site''s currency';
comment on column vibe.rfm_period_totals.recency is 'their days of recency added up';
alter table vibe.rfm_period_totals enable row level security;
create policy read on vibe.rfm_period_totals for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.rfm_period_totals is 'rows of a site are seen by its members';
grant select on vibe.rfm_period_totals to vibe_analyst;

create table vibe.rfm_marks (
    site_id integer not null references vibe.sites (site_id) on delete cascade,
    period_start date not null,
    period_end date not null
);
comment on table vibe.rfm_marks is 'periods whose RFM was written since vibe.rfm_period_totals was counted, possibly many times';
comment on column vibe.rfm_marks.period_start is 'first day, by the site''s clock';
comment on column vibe.rfm_marks.period_end is 'the day after the last one';
create index rfm_marks_by_period on vibe.rfm_marks (site_id, period_start, period_end);
comment on index vibe.rfm_marks_by_period is 'the marks of a period';
alter table vibe.rfm_marks enable row level security;
create policy read on vibe.rfm_marks for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.rfm_marks is 'rows of a site are seen by its members';
grant select on vibe.rfm_marks to vibe_analyst;

create trigger rfm_inserted after insert on vibe.rfm_analysis
    referencing new table as new_rows
    for each statement execute function vibe_private.mark_rfm_periods();
comment on trigger rfm_inserted on vibe.rfm_analysis is 'marks the periods that were written';
create trigger rfm_updated after update on vibe.rfm_analysis
    referencing old table as old_rows
    for each statement execute function vibe_private.mark_rfm_periods();
comment on trigger rfm_updated on vibe.rfm_analysis is 'marks the periods that were written';
create trigger rfm_deleted after delete on vibe.rfm_analysis
    referencing old table as old_rows
    for each statement execute function vibe_private.mark_rfm_periods();
comment on trigger rfm_deleted on vibe.rfm_analysis is 'marks the periods that were written';
