"""Days of sites in zones with clock changes of an hour and of half an hour, against a recount with Python's own zoneinfo.

Every figure that is kept or shown by day: daily stats, series by hour, day, week and month, active users, retention, goals, revenue.
"""
import bisect
import datetime
import statistics
import zoneinfo
from collections import defaultdict
from decimal import Decimal

import pytest

from conftest import connect

UTC = datetime.timezone.utc
MINUTE = datetime.timedelta(minutes=1)
TICK = datetime.timedelta(microseconds=1)
DAY = datetime.timedelta(days=1)

# Zone, a day on which clocks change (or not), its length in hours.
CHANGES = [
    ("America/Sao_Paulo", "2018-11-04", 23),  # there is no midnight: the day begins at one
    ("America/Sao_Paulo", "2018-02-17", 25),  # eleven o'clock at night comes twice
    ("Asia/Tehran", "2022-03-22", 23),  # at midnight, from +3:30 to +4:30
    ("Asia/Tehran", "2022-09-21", 25),
    ("Australia/Sydney", "2024-04-07", 25),
    ("Australia/Sydney", "2024-10-06", 23),
    ("Australia/Lord_Howe", "2024-04-07", 24.5),
    ("Asia/Kathmandu", "2024-04-07", 24),
    ("UTC", "2024-02-29", 24),
]
PERSON = {7: 1}  # visitor 7 turned out to be user 1


class Site:
    """The same calendar twice: in the database and as lists of Python."""

    def __init__(self, db, zone, day):
        self.zone = zoneinfo.ZoneInfo(zone)
        self.day = datetime.date.fromisoformat(day)
        self.first, self.last = self.day - 5 * DAY, self.day + 5 * DAY
        self.id = db.execute("select vibe.create_site('zone', null, %s, 'EUR')", [zone]).fetchone()[0]
        self.make()
        db.execute("set role vibe_owner")
        db.execute("select vibe_private.add_partition(%s::date), vibe_private.add_partition((%s::date + interval '1 month')::date)", [self.first, self.first])
        with db.cursor() as cursor:
            cursor.executemany("insert into vibe.site_users (site_id, user_id, anonymous_id, first_seen_at, last_seen_at) values (%s, %s, %s, %s, %s)",
                [(self.id, user, f"visitor-{user}", at, at) for user, at in self.first_seen.items()])
            cursor.executemany("update vibe.site_users set merged_into = %s where site_id = %s and user_id = %s", [(p, self.id, v) for v, p in PERSON.items()])
            cursor.executemany("insert into vibe.site_sessions (site_id, session_id, user_id, started_at, last_seen_at, page_views, events) values (%s, %s, %s, %s, %s, %s, %s)",
                [(self.id, n, user, at, at + length, 1, n % 2) for n, (at, user, length) in enumerate(self.visits)])
            cursor.executemany("insert into vibe.user_events (site_id, occurred_at, received_at, user_id, session_id, event_name, page) values (%s, %s, %s, %s, %s, %s, '/')",
                [(self.id, at, at, user, n, name) for at, user, n, name in self.events])
        db.execute("reset role")
        db.execute("select vibe.create_goal('zone', 'Buy', 'buy', value => 2)")
        with db.cursor() as cursor:
            cursor.executemany("insert into vibe.purchases (site_id, external_id, purchased_at, amount, currency) values (%s, %s, %s, %s, 'EUR')",
                [(self.id, f"order-{n}", at, amount) for n, (at, amount) in enumerate(self.orders)])
        db.execute("select vibe.calculate_daily_stats('zone', %s, %s)", [self.first - DAY, self.last + DAY])
        db.execute("select vibe_private.refresh_revenue(%s)", [self.id])

    def make(self):
        """Visits every 37 minutes of eleven days, and at the last and first instants around every border of a day."""
        noon = datetime.datetime.combine(self.first, datetime.time(12), UTC)
        times = [noon - 12 * 60 * MINUTE + n * 37 * MINUTE for n in range(11 * 24 * 60 // 37)]
        for n in range(0, 12):
            border = self.starts(self.first + n * DAY)
            times += [border - TICK, border]
        times.sort()
        # Users come one after the other, the later ones first seen later.
        self.visits = [(at, 1 + (n * n + n // 40) % min(9, 2 + n // 40), (n % 50) * MINUTE / 3) for n, at in enumerate(times)]
        self.events = []
        for n, (at, user, length) in enumerate(self.visits):
            self.events.append((at, user, n, "page_view"))
            if n % 2:
                self.events.append((at + length, user, n, "buy"))
        self.first_seen = {}
        for at, user, *_ in self.events:
            self.first_seen[user] = min(at, self.first_seen.get(user, at))
        self.orders = [(at + MINUTE, Decimal(n % 90) + Decimal("0.25")) for n, at in enumerate(times[::3])]

    def starts(self, day):
        """The first instant whose local date is the day: found by halving, not by any arithmetic of zones."""
        low = datetime.datetime.combine(day, datetime.time(0), UTC) - 2 * DAY
        high = low + 4 * DAY
        while high - low > TICK:
            middle = low + (high - low) / 2
            if middle.astimezone(self.zone).date() < day:
                low = middle
            else:
                high = middle
        return high

    def date(self, at):
        return at.astimezone(self.zone).date()

    def days(self):
        return [self.first + n * DAY for n in range((self.last - self.first).days + 1)]

    def active(self):
        found = defaultdict(set)
        for at, user, *_ in self.events:
            found[self.date(at)].add(PERSON.get(user, user))
        return found

    def persons(self):
        since = {}
        for user, at in self.first_seen.items():
            person = PERSON.get(user, user)
            since[person] = min(at, since.get(person, at))
        return {person: self.date(at) for person, at in since.items()}


@pytest.fixture(params=CHANGES, ids=[f"{zone.split('/')[-1]}-{day}" for zone, day, _ in CHANGES])
def site(request, database):
    with connect(database) as db:
        made = Site(db, *request.param[:2])
        made.hours = request.param[2]
        made.db = db
        yield made


def test_every_figure_of_a_day(site):
    assert (site.starts(site.day + DAY) - site.starts(site.day)).total_seconds() == site.hours * 3600
    active, since = site.active(), site.persons()
    for day in site.days():
        visits = [length.total_seconds() for at, user, length in site.visits if site.date(at) == day]
        events = [(user, name) for at, user, _, name in site.events if site.date(at) == day]
        expected = {
            "total_visitors": sum(site.date(at) <= day for at in site.first_seen.values()),
            "total_users": sum(first <= day for first in since.values()),
            "new_users": sum(first == day for first in since.values()),
            "visitors": len({user for user, _ in events}),
            "active_users": len(active[day]),
            "returning_users": sum(since[person] < day for person in active[day]),
            "sessions": len(visits),
            "page_views": sum(name == "page_view" for _, name in events),
            "events": sum(name == "buy" for _, name in events),
            "conversions": sum(name == "buy" for _, name in events),
            "converted_users": len({PERSON.get(user, user) for user, name in events if name == "buy"}),
            "average_session_seconds": pytest.approx(statistics.fmean(visits), abs=0.06),
            "median_session_seconds": pytest.approx(statistics.median(visits), abs=0.06),
            "revenue": sum(amount for at, amount in site.orders if site.date(at) == day),
            "day_start": site.starts(day),
        }
        row = site.db.execute(f"select {', '.join(expected)} from vibe.daily_stats where site = 'zone' and day = %s", [day]).fetchone()
        assert dict(zip(expected, [float(v) if isinstance(v, Decimal) and name != "revenue" else v for name, v in zip(expected, row)])) == expected, day


@pytest.mark.parametrize("step", ["hour", "day", "week", "month"])
@pytest.mark.parametrize("counted", [True, False], ids=["counted", "live"])
def test_series_have_the_same_steps(site, step, counted):
    if not counted:
        site.db.execute("set role vibe_owner")
        site.db.execute("delete from vibe.daily_user_stats where day > %s", [site.day - DAY])
        site.db.execute("delete from vibe.user_days where day > %s", [site.day - DAY])
        site.db.execute("reset role")
    if step == "hour":
        borders, hour = [], site.starts(site.first)
        while hour < site.starts(site.last + DAY):
            borders.append(hour)
            hour += 60 * MINUTE
    else:
        keys = {"day": lambda day: day, "week": lambda day: day.isocalendar()[:2], "month": lambda day: (day.year, day.month)}[step]
        borders = [site.starts(day) for n, day in enumerate(site.days()) if n == 0 or keys(day) != keys(day - DAY)]
    place = lambda at: bisect.bisect_right(borders, at) - 1
    end = site.starts(site.last + DAY)
    views, users, sessions, seconds = defaultdict(int), defaultdict(set), defaultdict(int), defaultdict(float)
    for at, user, _, name in site.events:
        if borders[0] <= at < end:
            views[place(at)] += name == "page_view"
            users[place(at)].add(PERSON.get(user, user))
    for at, _, length in site.visits:
        if borders[0] <= at < end:
            sessions[place(at)] += 1
            seconds[place(at)] += length.total_seconds()
    ask = lambda metric: site.db.execute("select starts_at, ends_at, value from vibe.stats_series('zone', %s, %s, %s, %s)",
        [metric, site.first, site.last, step]).fetchall()
    ends = borders[1:] + [end]
    assert [(starts, value) for starts, _, value in ask("page_views")] == [(b, views[n]) for n, b in enumerate(borders)]
    assert [(*row[:2], row[2]) for row in ask("users")] == [(b, e, len(users[n])) for n, (b, e) in enumerate(zip(borders, ends))]
    assert [value for *_, value in ask("sessions")] == [sessions[n] for n in range(len(borders))]
    for n, (*_, value) in enumerate(ask("session_seconds")):
        assert (value is None) == (sessions[n] == 0)
        # Kept days are whole seconds of all their sessions.
        assert value is None or float(value) == pytest.approx(seconds[n] / sessions[n], abs=0.6 / sessions[n] * 31)


def test_active_users_and_retention(site):
    active, since = site.active(), site.persons()
    within = lambda day, size: set().union(*(active[day - n * DAY] for n in range(size)))
    rows = site.db.execute("select day, dau, wau, mau from vibe.active_users('zone', %s, %s)", [site.first, site.last]).fetchall()
    assert rows == [(day, len(active[day]), len(within(day, 7)), len(within(day, 30))) for day in site.days()]
    rows = site.db.execute("select cohort, period_number, cohort_users, users from vibe.retention('zone', 'day', %s, %s)", [site.first, site.last]).fetchall()
    assert rows
    for cohort, number, size, users in rows:
        members = {person for person, first in since.items() if first == cohort}
        assert size == len(members) and users == len(members & active[cohort + number * DAY]), (cohort, number)


def test_days_of_revenue_and_goals(site):
    revenue, buys = defaultdict(Decimal), defaultdict(int)
    for at, amount in site.orders:
        revenue[site.date(at)] += amount
    for at, _, _, name in site.events:
        buys[site.date(at)] += name == "buy"
    assert dict(site.db.execute("select day, revenue from vibe.revenue_by_day").fetchall()) == revenue
    assert dict(site.db.execute("select date, sum(amount) from vibe.transactions group by 1").fetchall()) == revenue
    assert dict(site.db.execute("select day, conversions from vibe.goal_stats").fetchall()) == {
        day: n for day, n in buys.items() if n and site.first - DAY <= day <= site.last + DAY}
