-- Read out of the forms once for each batch: every step asks for all of them.
create type vibe_private.form_person as (
    person text,
    external_id text,
    email text,
    name text,
    location text,
    registered_at timestamptz,
    modified_at timestamptz
);
comment on type vibe_private.form_person is
'somebody in normal forms; person: the source''s number, or @ and the address where there is none';
