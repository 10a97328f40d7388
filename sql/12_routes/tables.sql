-- The product's own endpoints: a new one is a row here and a function, nothing in the server.
create table vibe.routes (
    method text not null,
    path text not null,
    function_name text not null,
    role text not null default 'vibe_member',
    answer json,
    statuses int[] not null default '{}',
    writes boolean not null default false,
    primary key (path, method),
    constraint routes_method check (method in ('GET', 'POST', 'PUT', 'PATCH', 'DELETE')),
    constraint routes_path check (path ~ '^/(api|webhooks)(/([a-z0-9_.-]+|\{[a-z_]+\}))+$' or path = '/openapi.json'),
    constraint routes_role check (role in ('vibe_anon', 'vibe_member', 'vibe_operator'))
);
comment on table vibe.routes is 'endpoints of the HTTP server and the functions of schema vibe that answer them';
comment on column vibe.routes.method is 'of HTTP, in capital letters';
comment on column vibe.routes.path is 'path below the server''s root; {name} is one segment, given to the function as that argument';
comment on column vibe.routes.function_name is 'a function of schema vibe; it gets the path''s, query''s or body''s values by argument name';
comment on column vibe.routes.role is 'vibe_anon: anyone may call; else only who is signed in, and the function''s grants decide';
comment on column vibe.routes.answer is 'JSON Schema of the answer of a function that returns json, for the description; null: the one among vibe_private.answer_schemas(), or what the signature says';
comment on column vibe.routes.statuses is 'statuses of success, for the description; empty: 200, or 204 where the function returns void';
comment on column vibe.routes.writes is 'a GET that may write: where an outside service sends browsers to, guarded by a state that serves once';

alter table vibe.routes enable row level security;
create policy read on vibe.routes for select using (true);
comment on policy read on vibe.routes is 'which endpoints exist is no secret between tenants';
grant select on vibe.routes to vibe_analyst;

create trigger routes_reload after insert or update or delete or truncate on vibe.routes
    for each statement execute function vibe_private.reload_schema_cache();
comment on trigger routes_reload on vibe.routes is 'tells running servers that the endpoints have changed';

insert into vibe.routes (method, path, function_name, role) values
    ('GET', '/api/demo', 'demo_site_key', 'vibe_anon'),
    ('GET', '/api/v1/csv', 'export_rows', 'vibe_member'),
    ('GET', '/openapi.json', 'openapi', 'vibe_anon');
