-- The database of `make run`, as the superuser; psql variables: analyst, server, login (passwords).
set client_min_messages = warning;
create extension vibe cascade;
call vibe.install();

select 'create role analyst login' where not exists (select from pg_roles where rolname = 'analyst') \gexec
alter role analyst password :'analyst';
grant vibe_analyst to analyst;
alter role analyst in database vibe set search_path = vibe, public;
alter role vibe_server password :'server';

\o /dev/null
select vibe.create_demo_site('demo');
select vibe.create_user('demo@vibe.local', :'login');
select vibe.add_member('demo', 'demo@vibe.local', 'owner');
select vibe.add_member('demo', 'analyst', 'viewer');
create extension pg_cron;
select vibe.schedule();
\o
