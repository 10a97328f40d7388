create type vibe.rfm_score as (
    customer_id bigint,
    recency integer,
    frequency integer,
    monetary numeric,
    r_score integer,
    f_score integer,
    m_score integer,
    cluster text,
    small_n boolean,
    foreign_orders integer
);
comment on type vibe.rfm_score is
'what aggregate vibe.rfm finds out about one customer: days since the last order, orders, money, scores 1 to 5 and the cluster';
