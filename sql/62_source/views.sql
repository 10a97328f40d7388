create or replace view vibe.source_status with (security_invoker = true) as
    select
        s.site_id,
        s.source_id,
        s.kind,
        s.name,
        d.status,
        case d.status
            when 'off' then s.changed_at
            when 'error' then t.error_since
            when 'never' then s.created_at
            when 'stale' then t.last_success_at + s.stale_after
            else coalesce(t.ok_since, t.last_success_at)
        end as since,
        t.last_success_at,
        t.last_error_at,
        t.last_error,
        now() - w.oldest_at as lag,
        coalesce(t.applied, 0) + coalesce(t.ignored, 0) + f.failed + w.waiting as received,
        coalesce(t.applied, 0) as applied,
        coalesce(t.ignored, 0) as ignored,
        w.waiting,
        f.failed
    from vibe.sources as s
    left join vibe.source_states as t using (site_id, source_id)
    cross join lateral (
        select count(*) as waiting, min(n.received_at) as oldest_at
        from vibe.source_deliveries as n
        where n.site_id = s.site_id and n.source_id = s.source_id and n.status = 'new'
    ) as w
    cross join lateral (
        select count(*) as failed
        from vibe.source_deliveries as n
        where n.site_id = s.site_id and n.source_id = s.source_id and n.status = 'failed'
    ) as f
    cross join lateral (
        select case
            when not s.is_active then 'off'
            when t.error_since is not null then 'error'
            when t.last_success_at is null then 'never'
            when t.last_success_at < now() - s.stale_after then 'stale'
            else 'ok'
        end as status
    ) as d;
comment on view vibe.source_status is 'how each source of a site fares';
comment on column vibe.source_status.source_id is 'the source, as in vibe.sources';
comment on column vibe.source_status.status is 'ok; error: the last try failed; stale: no success for longer than expected; never: connected, nothing has come yet; off: disconnected';
comment on column vibe.source_status.since is 'when the status began to be so';
comment on column vibe.source_status.lag is 'age of the oldest delivery that waits to be applied; null when none waits';
comment on column vibe.source_status.received is 'deliveries kept: applied, ignored, waiting and failed';
comment on column vibe.source_status.applied is 'deliveries whose content is in the tables';
comment on column vibe.source_status.ignored is 'deliveries that had nothing new or nothing for us';
comment on column vibe.source_status.waiting is 'deliveries that were not yet tried';
comment on column vibe.source_status.failed is 'deliveries that could not be applied; vibe.source_deliveries says why';

create or replace view vibe.ai_model_performance with (security_invoker = true) as
    select
        e.site_id,
        e.model,
        e.version,
        count(*) filter (where e.event_type = 'activation') as activations,
        count(*) filter (where e.event_type = 'result') as results,
        round(count(*) filter (where e.event_type = 'result')::numeric
            / nullif(count(*) filter (where e.event_type = 'activation'), 0), 4) as result_rate,
        sum(e.value) filter (where e.event_type = 'result') as total_value,
        round(avg(e.value) filter (where e.event_type = 'result'), 6) as average_value,
        min(e.at) as first_at,
        max(e.at) as last_at
    from vibe.ai_model_events as e
    group by e.site_id, e.model, e.version;
comment on view vibe.ai_model_performance is 'each version of a model: how often it was used and what came of it';
comment on column vibe.ai_model_performance.activations is 'how often it was used';
comment on column vibe.ai_model_performance.results is 'results that were told';
comment on column vibe.ai_model_performance.result_rate is 'results for each activation; null without activations';
comment on column vibe.ai_model_performance.total_value is 'sum of the results'' values';
comment on column vibe.ai_model_performance.average_value is 'mean of the results'' values, of those that have one';
comment on column vibe.ai_model_performance.first_at is 'time of the first event';
comment on column vibe.ai_model_performance.last_at is 'time of the last event';

grant select on vibe.source_status, vibe.ai_model_performance to vibe_analyst;
