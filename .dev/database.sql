-- The database of `make run`, as the superuser; psql variables: analyst, server, login (passwords).
set client_min_messages = warning;
create extension vibe cascade;
call vibe.install();

-- A role outlives the database of an interrupted first run.
drop role if exists analyst;
revoke temporary on database vibe from public;
alter role vibe_server password :'server';

\o /dev/null
select vibe.create_demo_site('demo');
select vibe.create_user('demo@vibe.local', :'login');
select vibe.add_member('demo', 'demo@vibe.local', 'owner');
select vibe.create_analyst('analyst', :'analyst', array['demo']);
create extension pg_cron;
select vibe.schedule();
\o
