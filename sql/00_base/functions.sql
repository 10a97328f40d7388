-- Deliberate errors of definer functions pass here. A function that runs with its caller's rights cannot reach this
-- schema and raises for itself.
create function vibe_private.fail(
    message text,
    detail text default null,
    hint text default null,
    errcode text default '22023'
) returns void
language plpgsql
as $$
begin
    -- An option given as null is an error itself, and an empty one would be shown.
    if detail is not null and hint is not null then
        raise exception using message = message, errcode = errcode, detail = detail, hint = hint;
    elsif detail is not null then
        raise exception using message = message, errcode = errcode, detail = detail;
    elsif hint is not null then
        raise exception using message = message, errcode = errcode, hint = hint;
    else
        raise exception using message = message, errcode = errcode;
    end if;
end
$$;
comment on function vibe_private.fail(text, text, text, text) is
    'raises the error; SQLSTATE 22023 (bad parameter) unless told otherwise';
