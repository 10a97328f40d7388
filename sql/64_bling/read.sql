-- Readers give the normal form in which all sources are applied.
create function vibe_private.read_bling(topic text, body jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return case topic
        when 'order.read' then jsonb_build_object('order', vibe_private.read_bling_order(body))
        when 'order.gone' then jsonb_build_object('delete', jsonb_build_object('order', body ->> 'id'))
        when 'contact.read' then jsonb_build_object('customer', vibe_private.read_bling_contact(body))
        else '{"ignore": "a notice: what it names is read from Bling"}'
    end;
end
$$;
comment on function vibe_private.read_bling(text, jsonb) is 'normal form of what was read from Bling; its webhooks only name what is to be read';

create function vibe_private.read_bling_order(body jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    told constant jsonb := body -> 'order';
    contact constant text := told #>> '{contato,id}';
    day date;
begin
    if coalesce(told ->> 'data', '') !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}' then
        raise exception 'data is "%", which is no day (YYYY-MM-DD)', coalesce(left(told ->> 'data', 40), '') using errcode = '22023';
    elsif jsonb_typeof(told -> 'total') is distinct from 'number' then
        raise exception 'total is %, which is no number', coalesce(left((told -> 'total')::text, 40), 'missing') using errcode = '22023';
    elsif (told ->> 'total')::numeric < 0 then
        raise exception 'total is %, which is below zero', told ->> 'total' using errcode = '22023';
    end if;
    day := left(told ->> 'data', 10)::date;
    return jsonb_build_object(
        'external_id', body ->> 'id',
        -- Bling tells the day alone. Its beginning is never in the future.
        'at', vibe.day_start(day, body ->> 'time_zone'),
        'modified_at', body ->> 'read_at',
        'currency', body ->> 'currency',
        'total', round((told ->> 'total')::numeric, 2),
        'status', body ->> 'status',
        'channel', case when coalesce(told #>> '{loja,id}', '0') = '0' then 'bling' else 'bling ' || (told #>> '{loja,id}') end,
        'customer', case when contact ~ '^[1-9][0-9]{0,19}$' then jsonb_strip_nulls(jsonb_build_object(
            'external_id', contact, 'name', nullif(trim(told #>> '{contato,nome}'), ''),
            -- What the contact itself says is newer than any order.
            'modified_at', '-infinity'
        )) end,
        'items', vibe_private.read_bling_items(told -> 'itens'),
        'refunds', '[]'::jsonb
    );
end
$$;
comment on function vibe_private.read_bling_order(jsonb) is 'normal form of an order with its items';

create function vibe_private.read_bling_items(items jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'product_id', coalesce(nullif(i.told #>> '{produto,id}', '0'), nullif(i.told ->> 'codigo', '')),
        'name', left(i.told ->> 'descricao', 500),
        -- A line of half a kilogram is one piece.
        'quantity', greatest(round((i.told ->> 'quantidade')::numeric), 1),
        'amount', round((i.told ->> 'quantidade')::numeric * (i.told ->> 'valor')::numeric
            * (1 - coalesce((i.told ->> 'desconto')::numeric, 0) / 100), 2)
    )) order by i.place), '[]')
    from jsonb_array_elements(case when jsonb_typeof($1) = 'array' then $1 else '[]' end) with ordinality as i (told, place)
$$;
comment on function vibe_private.read_bling_items(jsonb) is 'normal form of an order''s items; Bling gives a line''s discount in percent';

create function vibe_private.read_bling_contact(body jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_strip_nulls(jsonb_build_object(
        'external_id', $1 ->> 'id',
        'modified_at', $1 ->> 'read_at',
        'name', nullif(trim($1 #>> '{contact,nome}'), ''),
        'email', nullif(trim($1 #>> '{contact,email}'), ''),
        'phone', coalesce(nullif(trim($1 #>> '{contact,celular}'), ''), nullif(trim($1 #>> '{contact,telefone}'), '')),
        'location', nullif(concat_ws(', ', nullif(trim($1 #>> '{contact,endereco,geral,municipio}'), ''), nullif(trim($1 #>> '{contact,endereco,geral,uf}'), '')), '')
    ))
$$;
comment on function vibe_private.read_bling_contact(jsonb) is 'normal form of a contact; number of the person''s papers and street are left out';
