create table vibe.rfm_analysis (
    site_id integer not null,
    customer_id bigint not null,
    period_start date not null,
    period_end date not null,
    recency_days integer not null,
    frequency integer not null,
    monetary numeric(18, 2) not null,
    currency char(3) not null,
    r_score integer not null check (r_score between 1 and 5),
    f_score integer not null check (f_score between 1 and 5),
    m_score integer not null check (m_score between 1 and 5),
    cluster text not null,
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
comment on column vibe.rfm_analysis.recency_days is 'days from the last order to period_end; 1 is the last day';
comment on column vibe.rfm_analysis.frequency is 'orders; refunds and cancelled orders are none';
comment on column vibe.rfm_analysis.monetary is 'money of orders less refunds, of those in currency';
comment on column vibe.rfm_analysis.currency is 'the site''s';
comment on column vibe.rfm_analysis.r_score is '1 to 5; 5 for the fifth of customers who ordered last';
comment on column vibe.rfm_analysis.small_n is
'fewer than five customers, or a figure that is the same for all: that score could not be ranked and is 3';
comment on column vibe.rfm_analysis.calculated_at is 'when the row last changed';
create index rfm_analysis_by_customer on vibe.rfm_analysis (site_id, customer_id, period_end);
comment on index vibe.rfm_analysis_by_customer is 'a customer''s history, and the deletion of customers';

alter table vibe.rfm_analysis enable row level security;
create policy read on vibe.rfm_analysis for select using (site_id = any (array(select vibe.my_sites())));
comment on policy read on vibe.rfm_analysis is 'rows of a site are seen by its members';
grant select on vibe.rfm_analysis to vibe_analyst;
