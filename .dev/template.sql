-- The databases that the test cluster starts with, as the superuser.
create database vibe_template;
\connect vibe_template
set client_min_messages = warning;
create extension vibe cascade;
call vibe.install();
create database vibe_cron template vibe_template;
