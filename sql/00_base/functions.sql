-- Every deliberate error passes here, so that message, detail and hint keep one form.
create function vibe_private.fail(
    message text,
    detail text default null,
    hint text default null,
    errcode text default '22023'
) returns void
language plpgsql
as $$
begin
    raise exception using
        message = message,
        detail = coalesce(detail, ''),
        hint = coalesce(hint, ''),
        errcode = errcode;
end
$$;
comment on function vibe_private.fail(text, text, text, text) is
    'raises the error; SQLSTATE 22023 (bad parameter) unless told otherwise';
