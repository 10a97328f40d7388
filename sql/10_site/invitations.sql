-- Invitations: the owner hands over a token, whoever signs in with the invited e-mail uses it once.
create function vibe.invite_member(site text, email text, role text) returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    target int := vibe.site_id(invite_member.site, 'owner');
    asked text := lower(trim(invite_member.email));
    token text := vibe_private.new_secret();
begin
    perform vibe_private.check_site_role(invite_member.role);
    if vibe_private.email_problem(asked) is not null then
        perform vibe_private.fail(vibe_private.email_problem(asked), detail => format('e-mail "%s"', left(email, 120)));
    elsif exists (
        select from vibe.site_members as m join vibe_private.users as u using (user_id)
        where m.site_id = target and u.email = asked
    ) then
        perform vibe_private.fail(
            format('"%s" is a member of the site already', asked), hint => 'vibe.add_member changes their role', errcode => '23505'
        );
    end if;
    perform vibe_private.drop_invitation(target, asked);
    insert into vibe_private.one_time_tokens (token_hash, kind, email, expires_at)
    values (sha256(convert_to(token, 'UTF8')), 'invitation', asked, now() + interval '7 days');
    insert into vibe_private.invitations (site_id, email, role, token_hash, invited_by)
    values (target, asked, invite_member.role, sha256(convert_to(token, 'UTF8')), vibe_private.caller_id());
    return token;
end
$$;
comment on function vibe.invite_member(text, text, text) is
    'a token by which the one with this e-mail joins the site once within seven days (vibe.accept_invitation); shown this once, and one given before ends; owners only. Says the same whether or not the e-mail has an account. Definer: nobody may write members directly';
grant execute on function vibe.invite_member(text, text, text) to vibe_member;

create function vibe.get_invitations(site text default null)
returns table (email text, role text, invited_by text, created_at timestamptz, expires_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    target int := vibe.site_id(get_invitations.site, 'owner');
begin
    return query
    select i.email, i.role, u.email, i.created_at, t.expires_at
    from vibe_private.invitations as i
    join vibe_private.one_time_tokens as t using (token_hash)
    left join vibe_private.users as u on u.user_id = i.invited_by
    where i.site_id = target and t.expires_at > now() and vibe_private.may_manage(i.invited_by, target)
    order by i.email;
end
$$;
comment on function vibe.get_invitations(text) is
    'who is asked to join a site and has not yet; owners only. Definer: tokens are secret';
grant execute on function vibe.get_invitations(text) to vibe_member;

create function vibe.cancel_invitation(site text, email text) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not vibe_private.drop_invitation(vibe.site_id(cancel_invitation.site, 'owner'), lower(trim(cancel_invitation.email))) then
        perform vibe_private.fail(format('"%s" is not invited', left(cancel_invitation.email, 120)));
    end if;
end
$$;
comment on function vibe.cancel_invitation(text, text) is
    'takes an invitation back; its token is worth nothing from then on; owners only. Definer: tokens are secret';
grant execute on function vibe.cancel_invitation(text, text) to vibe_member;

create function vibe.accept_invitation(token text) returns int
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    caller uuid := vibe_private.caller_id();
    asked record;
begin
    if caller is null then
        perform vibe_private.fail('only who has signed in can accept an invitation', errcode => '42501');
    end if;
    select i.site_id, i.role, i.token_hash into asked
    from vibe_private.one_time_tokens as t
    join vibe_private.invitations as i using (token_hash)
    where t.token_hash = sha256(convert_to(accept_invitation.token, 'UTF8'))
      and t.kind = 'invitation' and t.expires_at > now()
      and t.email = (select u.email from vibe_private.users as u where u.user_id = caller)
      and vibe_private.may_manage(i.invited_by, i.site_id)
    for update of t;
    if asked.site_id is null then
        perform vibe_private.fail('this invitation has been used, has ended or is for another e-mail');
    end if;
    delete from vibe_private.one_time_tokens as t where t.token_hash = asked.token_hash;
    insert into vibe.site_members (site_id, user_id, role) values (asked.site_id, caller, asked.role)
    on conflict (user_id, site_id) where user_id is not null do nothing;
    return asked.site_id;
end
$$;
comment on function vibe.accept_invitation(text) is
    'makes the caller, who must have signed in with the invited e-mail, a member and returns the site''s id. Definer: nobody may write members directly';
grant execute on function vibe.accept_invitation(text) to vibe_member;

create function vibe_private.drop_invitation(of_site int, of_email text) returns boolean
language plpgsql volatile
as $$
begin
    delete from vibe_private.one_time_tokens as t
    using vibe_private.invitations as i
    where i.token_hash = t.token_hash and i.site_id = of_site and i.email = of_email;
    return found;
end
$$;
comment on function vibe_private.drop_invitation(int, text) is 'deletes an invitation with its token; whether there was one';
