"""What `vibe serve` does in `rpc` and `list`, written as one would with FastAPI and asyncpg: the peer of those benchmarks.

It is spared what it can be: tokens are verified once, statements are prepared, the pool does not reset a connection that is given back.
"""
import contextlib
import datetime
import functools
import json
import os

import asyncpg
import jwt
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

SETTINGS = """select set_config('statement_timeout', $1, true), vibe_private.check_session(set_config('request.jwt.claims', $2, true)),
    set_config('role', $3, true)"""


class Connection(asyncpg.Connection):
    """A connection that leaves nothing behind, as all its settings end with their transaction."""

    def get_reset_query(self):
        return ""


async def prepare(connection):
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


@contextlib.asynccontextmanager
async def lifespan(app):
    number = int(os.environ["BENCH_CONNECTIONS"])
    # The socket's folder is what PGHOST names; psycopg and libpq read it as well.
    async with asyncpg.create_pool(user="vibe_server", min_size=number, max_size=number, connection_class=Connection, init=prepare) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)


@functools.lru_cache(1000)
def caller(token):
    claims = jwt.decode(token, os.environ["BENCH_SECRET"], algorithms=["HS256"], options={"verify_aud": False})
    return claims["role"], json.dumps(claims)


@contextlib.asynccontextmanager
async def transaction(request):
    role, claims = caller(request.headers["authorization"].removeprefix("Bearer "))
    async with app.state.pool.acquire() as connection, connection.transaction(readonly=True):
        await connection.fetchrow(SETTINGS, "30s", claims, role)
        yield connection


@app.get("/healthz")
async def health():
    return {"status": "ok"}


class Thing(BaseModel):
    id: int


@app.post("/rest/v1/rpc/bench_thing")
async def bench_thing(thing: Thing, request: Request):
    async with transaction(request) as connection:
        return await connection.fetchval("select vibe.bench_thing($1)", thing.id)


@app.get("/rest/v1/site_users")
async def site_users(request: Request, site: int, since: datetime.datetime, limit: int):
    async with transaction(request) as connection:
        rows = await connection.fetch("""select user_id, anonymous_id, name, email, traits, segment, first_seen_at, last_seen_at from vibe.site_users
            where site_id = $1 and first_seen_at >= $2 order by first_seen_at desc, user_id limit $3""", site, since, limit)
        return [dict(row) for row in rows]


@app.get("/json/site_users")
async def site_users_as_json(request: Request, site: int, since: datetime.datetime, limit: int):
    """The same, with the JSON made by PostgreSQL: what someone who measured would write."""
    async with transaction(request) as connection:
        text = await connection.fetchval("""select coalesce(json_agg(u), '[]')::text from (
            select user_id, anonymous_id, name, email, traits, segment, first_seen_at, last_seen_at from vibe.site_users
            where site_id = $1 and first_seen_at >= $2 order by first_seen_at desc, user_id limit $3) as u""", site, since, limit)
        return Response(text, media_type="application/json")
