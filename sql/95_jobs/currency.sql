-- Amounts are never converted: only orders of the site's own currency count as money, so another currency makes other figures.
create function vibe.set_currency(site text, currency text) returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    of_site integer := vibe.site_id(set_currency.site, 'owner');
begin
    perform vibe_private.check_currency(set_currency.currency);
    perform vibe_private.take_all_turns(of_site);
    -- The trigger of commerce counts customers again and marks all days of revenue.
    update vibe.sites as s set currency = set_currency.currency where s.site_id = of_site and s.currency <> set_currency.currency;
    if found then
        perform vibe.calculate_rfm(of_site::text, p.period_start, p.period_end)
        from (select distinct a.period_start, a.period_end from vibe.rfm_analysis as a where a.site_id = of_site) as p;
    end if;
end
$$;
comment on function vibe.set_currency(text, text) is
'has a site reckon in another currency (ISO 4217) and counts customers, revenue and RFM periods again: orders in any other currency are counted but are no money. Nothing is converted, the values of goals neither. Owners only. Definer: nobody may write sites directly';
grant execute on function vibe.set_currency(text, text) to vibe_member;
