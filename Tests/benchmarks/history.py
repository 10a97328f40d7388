#!/usr/bin/env python3
"""Import of history, 1 million events each as Umami, PostHog and GA4 export them: COPY of the lines and
vibe.finish_event_import on one connection, in events per second (at least 20,000), then the same file again.

The files are made here, after the tools' public documentation: visits of 1 to 8 page views and events, 180 days, 5 % of them
with a campaign, an identified user in one visit of ten. What is stored is compared with what the generator knows: events,
visits, visitors and page views of each month. For scale the finished rows are also inserted bare into an empty copy of
vibe.user_events with the same indexes.
"""
import datetime
import json
import os
import pathlib
import random
import sys
import tempfile
import time
import uuid

from measure import connect, processor_time, scaled

EVENTS = scaled(1_000_000)
FORMATS = os.environ.get("VIBE_BENCH_FORMATS", "umami posthog ga4").split()
TARGET = 20_000
CHUNK = 1 << 20
BEGIN = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
PAGES = ["/", "/cart", "/checkout"] + [f"/product/{n}" for n in range(300)]
SOURCES = ["", "", "https://www.google.com/", "https://www.instagram.com/", "https://t.co/abc", "https://blog.example/post"]
CAMPAIGNS = ["utm_source=news&utm_medium=email&utm_campaign=spring", "utm_source=google&utm_medium=cpc&utm_campaign=brand"]


def visits(seed):
    """(visitor, user or None, start, [(seconds, page, event name or None)], source, campaign or '')"""
    chance = random.Random(seed)
    visitors = max(100, EVENTS // 12)
    made = 0
    while made < EVENTS:
        visitor = int(visitors * chance.random() ** 1.5)
        start = BEGIN + datetime.timedelta(milliseconds=chance.randrange(180 * 86_400_000))
        steps, at = [], 0.0
        for _ in range(min(chance.randint(1, 8), EVENTS - made)):
            steps.append((at, chance.choice(PAGES), chance.choice(["add_to_cart", "search"]) if chance.random() < 0.2 else None))
            at += 1 + chance.random() * 300
        made += len(steps)
        yield visitor, f"user-{visitor}" if visitor % 10 == 0 else None, start, steps, chance.choice(SOURCES), \
            chance.choice(CAMPAIGNS) if chance.random() < 0.05 else ""


def umami(write):
    """Umami: Data export, website_event.csv."""
    write("website_id,session_id,visit_id,event_id,hostname,browser,os,device,screen,language,country,region,city,url_path,url_query,"
          "utm_source,utm_medium,utm_campaign,utm_content,utm_term,referrer_path,referrer_query,referrer_domain,page_title,gclid,fbclid,"
          "msclkid,ttclid,li_fat_id,twclid,event_type,event_name,tag,distinct_id,created_at,job_id\n")
    for number, (visitor, user, start, steps, source, campaign) in enumerate(visits(1)):
        domain, path = source[8:].split("/", 1) if source else ("", "")
        for place, (seconds, page, name) in enumerate(steps):
            at = start + datetime.timedelta(seconds=seconds)
            query = campaign if place == 0 else ""
            referred = (domain, "/" + path if domain else "") if place == 0 else ("shop.example", "/")
            write(f"0c2c0d6e-6c1f-4d53-9a48-0d2a4a1d4b11,{uuid.UUID(int=visitor)},{uuid.UUID(int=number)},{uuid.UUID(int=(number << 8) + place)},"
                  f"shop.example,chrome,Windows 10,desktop,1920x1080,pt-BR,BR,BR-SP,São Paulo,{page},{query},,,,,,{referred[1]},,{referred[0]},"
                  f"\"Shop, {page}\",,,,,,,{2 if name else 1},{name or ''},,{user or ''},{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d},\n")


def posthog(write):
    """PostHog: Batch exports, Events model, JSON lines."""
    for number, (visitor, user, start, steps, source, campaign) in enumerate(visits(1)):
        device = str(uuid.UUID(int=visitor))
        for place, (seconds, page, name) in enumerate(steps):
            at = start + datetime.timedelta(seconds=seconds)
            properties = {
                "$os": "Windows", "$browser": "Chrome", "$device_type": "Desktop", "$current_url": f"https://shop.example{page}"
                + (f"?{campaign}" if place == 0 and campaign else ""), "$host": "shop.example", "$pathname": page, "$browser_version": 130,
                "$screen_height": 1080, "$screen_width": 1920, "$lib": "web", "$lib_version": "1.180.0", "$insert_id": "k2j1n4b5x6",
                "$time": at.timestamp(), "distinct_id": user or device, "$device_id": device, "$session_id": str(uuid.UUID(int=number)),
                "$referrer": (source or "$direct") if place == 0 else "https://shop.example/", "$referring_domain": "x", "token": "phc_x",
                "title": f"Shop, {page}", "currency": "BRL", "price": 12.5,
            }
            write(json.dumps({
                "uuid": str(uuid.UUID(int=(number << 8) + place)), "event": name or "$pageview", "distinct_id": user or device,
                "person_id": device, "properties": properties, "person_properties": {"email": f"{user}@example.com"} if user else {},
                "elements_chain": "", "timestamp": at.isoformat(), "created_at": at.isoformat(), "_inserted_at": at.isoformat(),
            }) + "\n")


def ga4(write):
    """GA4: BigQuery Export schema, extracted as newline-delimited JSON (whole numbers are text)."""
    for number, (visitor, user, start, steps, source, campaign) in enumerate(visits(1)):
        for place, (seconds, page, name) in enumerate(steps):
            at = start + datetime.timedelta(seconds=seconds)
            texts = {"page_location": f"https://shop.example{page}" + (f"?{campaign}" if place == 0 and campaign else ""),
                     "page_title": f"Shop, {page}", "currency": "BRL"}
            if source or place:
                texts["page_referrer"] = source if place == 0 else "https://shop.example/"
            numbers = {"ga_session_id": number, "ga_session_number": 1, "engagement_time_msec": 1200, "batch_ordering_id": place}
            event = {
                "event_date": f"{at:%Y%m%d}", "event_timestamp": str(round(at.timestamp() * 1_000_000)), "event_name": name or "page_view",
                "event_params": [{"key": k, "value": {"string_value": v}} for k, v in texts.items()]
                + [{"key": k, "value": {"int_value": str(v)}} for k, v in numbers.items()],
                "user_pseudo_id": f"{visitor}.{visitor}", "privacy_info": {"analytics_storage": "Yes"}, "user_properties": [],
                "device": {"category": "desktop", "operating_system": "Windows", "web_info": {"browser": "Chrome", "hostname": "shop.example"}},
                "geo": {"country": "Brazil", "region": "State of Sao Paulo", "city": "Sao Paulo"},
                "traffic_source": {"name": "(direct)", "medium": "(none)", "source": "(direct)"}, "stream_id": "1", "platform": "WEB",
                "items": [], "batch_event_index": str(place + 1),
            }
            if user:
                event["user_id"] = user
            write(json.dumps(event) + "\n")


def expected():
    """Events, page views and visitors, and visits by the rule of 30 minutes and 24 hours, found visitor by visitor."""
    moments, views = {}, 0
    for visitor, _, start, steps, _, _ in visits(1):
        moments.setdefault(visitor, []).extend(start + datetime.timedelta(seconds=s) for s, _, _ in steps)
        views += sum(name is None for _, _, name in steps)
    count = 0
    for times in moments.values():
        last = first = None
        for at in sorted(times):
            if last is None or at - last > datetime.timedelta(minutes=30):
                first, day, count = at, 0, count + 1
            elif (at - first) // datetime.timedelta(days=1) > day:
                day, count = (at - first) // datetime.timedelta(days=1), count + 1
            last = at
    return EVENTS, views, len(moments), count


def run(connection, site, kind, path):
    began, used = time.perf_counter(), processor_time(connection.info.backend_pid)
    number, command = connection.execute("select * from vibe.begin_event_import(%s, %s)", [site, kind]).fetchone()
    with path.open("rb") as file, connection.cursor().copy(command) as rows:
        while block := file.read(CHUNK):
            rows.write(block)
    loaded = time.perf_counter()
    answer = connection.execute("select vibe.finish_event_import(%s)", [number]).fetchone()[0]
    done = time.perf_counter()
    used = processor_time(connection.info.backend_pid) - used
    print(f"      {kind}: lines {loaded - began:.1f} s, finish {done - loaded:.1f} s; of it processor {used:.1f} s ({EVENTS / used:,.0f} events/s)", flush=True)
    return done - began, answer


def bare(connection, site):
    """The events of a site, finished, into an empty table with the indexes of one month."""
    connection.execute("drop table if exists bare")
    connection.execute("create table bare (like vibe.user_events including defaults including constraints)")
    leaf = connection.execute("""
        select i.inhrelid::regclass::text from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'vibe.user_events'::regclass and c.relname ~ '[0-9]$' order by 1 limit 1""").fetchone()[0]
    for place, (definition,) in enumerate(connection.execute("select indexdef from pg_indexes where schemaname || '.' || tablename = %s", [leaf]).fetchall()):
        head, tail = definition.split(" ON ", 1)
        connection.execute(f"{'create unique index' if 'UNIQUE' in head else 'create index'} bare_{place} on bare {tail.split(' ', 1)[1]}")
    began = time.perf_counter()
    connection.execute("insert into bare select * from vibe.user_events where site_id = vibe.site_id(%s) order by occurred_at", [site])
    return time.perf_counter() - began


failed = False
connection = connect()
connection.execute("set synchronous_commit = on")
known = expected()
with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
    for kind in FORMATS:
        path = pathlib.Path(folder, kind)
        with path.open("w", encoding="utf-8") as file:
            globals()[kind](file.write)
        connection.execute("select vibe.create_site(%s, 'shop.example')", [kind])
        taken, answer = run(connection, kind, kind, path)
        again, repeat = run(connection, kind, kind, path)
        found = connection.execute("""
            select count(*), count(*) filter (where event_name = 'page_view'), count(distinct user_id), count(distinct session_id)
            from vibe.user_events where site_id = vibe.site_id(%s)""", [kind]).fetchone()
        if found != known or answer["visits"] != known[3] or answer["rejected"] or (repeat["imported"], repeat["unchanged"]) != (0, EVENTS):
            raise SystemExit(f"answers differ: {known} wanted, {found} stored\n   {answer}\n   {repeat}")
        speed = EVENTS / taken
        failed |= speed < TARGET
        print(f"   {kind}: {speed:,.0f} events/s (at least {TARGET:,}: {'ok' if speed >= TARGET else 'BELOW'}), {path.stat().st_size / EVENTS:.0f} bytes a line; "
              f"again {EVENTS / again:,.0f}/s; bare insert of the finished rows {EVENTS / bare(connection, kind):,.0f}/s", flush=True)
        path.unlink()
sys.exit(failed)
