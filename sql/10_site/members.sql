-- Who belongs to a site. Owners change the roles of members and invite others; operators may add whom they know.
create function vibe.get_members(site text default null)
returns table (email_or_login text, role text, created_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    target int := vibe.site_id(get_members.site);
begin
    return query
    select coalesce(u.email, m.login_name::text), m.role, m.created_at
    from vibe.site_members as m
    left join vibe_private.users as u using (user_id)
    where m.site_id = target
    order by 1;
end
$$;
comment on function vibe.get_members(text) is
    'the members of a site with their e-mail or database login; for its members. Definer: accounts are secret';
grant execute on function vibe.get_members(text) to vibe_member;

create function vibe.add_member(site text, email_or_login text, role text) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    target int := vibe.site_id(add_member.site, 'owner');
    found_user uuid;
begin
    perform vibe_private.check_site_role(add_member.role);
    perform vibe_private.lock_members(target);
    select u.user_id into found_user from vibe_private.users as u where u.email = lower(email_or_login);
    if not vibe_private.is_operator() then
        update vibe.site_members as m set role = add_member.role where m.site_id = target and m.user_id = found_user;
        if not found then
            -- The same words whether or not there is such an account.
            perform vibe_private.fail(
                format('"%s" is not a member of the site', email_or_login), hint => 'vibe.invite_member asks people to join'
            );
        end if;
        perform vibe_private.check_owner_left(target);
    elsif found_user is not null then
        insert into vibe.site_members (site_id, user_id, role)
        values (target, found_user, add_member.role)
        on conflict (user_id, site_id) where user_id is not null do update set role = excluded.role;
    elsif email_or_login like '%@%' or not exists (select from pg_catalog.pg_roles where rolname = email_or_login) then
        perform vibe_private.fail(format('nobody signs in as "%s"', email_or_login), hint => 'they must sign up first');
    elsif add_member.role <> 'viewer' then
        perform vibe_private.fail(
            format('database login "%s" can only be a viewer', email_or_login),
            detail => 'database logins read; writing goes through the server''s users'
        );
    else
        insert into vibe.site_members (site_id, login_name, role)
        values (target, email_or_login, add_member.role)
        on conflict (login_name, site_id) where login_name is not null do nothing;
    end if;
end
$$;
comment on function vibe.add_member(text, text, text) is
    'changes a member''s role, for owners; operators also let users (by e-mail) and database logins in at once, where owners use vibe.invite_member. Definer: nobody may write members directly';
grant execute on function vibe.add_member(text, text, text) to vibe_member;

create function vibe.remove_member(site text, email_or_login text) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    target int := vibe.site_id(remove_member.site, 'owner');
begin
    perform vibe_private.lock_members(target);
    delete from vibe.site_members as m
    where m.site_id = target
      and (m.login_name = email_or_login
           or m.user_id = (select u.user_id from vibe_private.users as u where u.email = lower(email_or_login)));
    if not found then
        perform vibe_private.fail(format('"%s" is not a member of the site', email_or_login));
    end if;
    if not vibe_private.is_operator() then
        perform vibe_private.check_owner_left(target);
    end if;
end
$$;
comment on function vibe.remove_member(text, text) is
    'ends a membership, and what the member''s API keys and invitations gave, from the next statement on; owners only. Definer: nobody may write members directly';
grant execute on function vibe.remove_member(text, text) to vibe_member;

create function vibe_private.check_site_role(role text) returns void
language plpgsql immutable
as $$
begin
    if role is null or role not in ('viewer', 'member', 'owner') then
        perform vibe_private.fail(format('site role "%s" is unknown', role), hint => 'roles are viewer, member and owner');
    end if;
end
$$;
comment on function vibe_private.check_site_role(text) is 'refuses what is no role of a site';

create function vibe_private.lock_members(of_site int) returns void
language sql volatile
as $$
    select from vibe.sites as s where s.site_id = of_site for no key update
$$;
comment on function vibe_private.lock_members(int) is
    'one change of a site''s members at a time: two owners cannot remove each other';

create function vibe_private.check_owner_left(of_site int) returns void
language plpgsql stable
as $$
begin
    if not exists (select from vibe.site_members as m where m.site_id = of_site and m.role = 'owner') then
        perform vibe_private.fail('the site would have no owner', hint => 'make somebody else an owner first');
    end if;
end
$$;
comment on function vibe_private.check_owner_left(int) is 'refuses a change after which nobody could manage the site';

create function vibe_private.may_manage(of_user uuid, of_site int) returns boolean
language sql stable parallel safe
as $$
    select of_user is null
        or exists (select from vibe_private.users as u where u.user_id = of_user and u.is_operator)
        or exists (
            select from vibe.site_members as m where m.user_id = of_user and m.site_id = of_site and m.role = 'owner'
        )
$$;
comment on function vibe_private.may_manage(uuid, int) is
    'whether what somebody set up for a site still counts: made by an operator (null: by SQL) or by one who is still an owner';
