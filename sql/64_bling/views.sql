create or replace view vibe.stock_levels with (security_invoker = true) as
    select
        p.site_id,
        s.name as source,
        p.source_id,
        p.product_id,
        p.code,
        p.name,
        p.price,
        p.currency,
        p.stock,
        p.physical_stock,
        p.stock_read_at,
        coalesce(p.stock_read_at < now() - s.stale_after, true) as is_stale,
        coalesce(o.pieces, 0) as sold_30_days,
        round(greatest(p.stock, 0) * 30 / nullif(o.pieces, 0), 1) as days_left
    from vibe.products as p
    join vibe.sources as s using (site_id, source_id)
    left join (
        select b.site_id, b.source_id, i.product_id, sum(i.quantity) as pieces
        from vibe.purchases as b
        join vibe.purchase_items as i using (site_id, purchase_id)
        where b.purchased_at >= now() - interval '30 days' and b.purchased_at < now() and not b.is_cancelled
        group by b.site_id, b.source_id, i.product_id
    ) as o on o.site_id = p.site_id and o.source_id = p.source_id and o.product_id = p.product_id
    where p.is_active;
comment on view vibe.stock_levels is 'how many of each article there are, and how long that lasts at the pace of the last 30 days';
comment on column vibe.stock_levels.source is 'name of the source that told';
comment on column vibe.stock_levels.source_id is 'the source that told, as in vibe.sources';
comment on column vibe.stock_levels.product_id is 'number of the article at the source, as in vibe.purchase_items';
comment on column vibe.stock_levels.name is 'name of the article';
comment on column vibe.stock_levels.stock is 'pieces that can be sold: those there are less those reserved';
comment on column vibe.stock_levels.physical_stock is 'pieces on the shelves of all depots';
comment on column vibe.stock_levels.is_stale is 'the stock was read longer ago than the source is expected to be silent, or never';
comment on column vibe.stock_levels.sold_30_days is 'pieces sold in the last 30 days through the same source, less those that came back';
comment on column vibe.stock_levels.days_left is 'days until stock is sold at that pace; null where none was sold or the stock is unknown';
grant select on vibe.stock_levels to vibe_analyst;
