"""A plain WebSocket to the realtime door, for tests that look at each frame as supabase-js (vsn 2.0.0) sends and reads it."""
import json
import time

from websockets.sync.client import connect

PATIENCE = 30  # seconds; every wait ends as soon as what it waits for is there


class Talk:
    """One socket of version 2.0.0."""

    def __init__(self, server, key=None, version="2.0.0", **options):
        query = f"?apikey={key or server.anon_key}" + (f"&vsn={version}" if version else "")
        self.socket = connect(server.url.replace("http", "ws") + "/realtime/v1/websocket" + query, **options)
        self.heard = []

    def say(self, *parts):
        self.socket.send(json.dumps(parts))

    def join(self, token, *bindings, topic="realtime:db", ref="13", **config):
        """phx_join as supabase-js writes it; returns its reply."""
        self.say(ref, ref, topic, "phx_join", {"config": {
            "broadcast": {"ack": False, "self": False}, "presence": {"key": "", "enabled": True}, "private": False,
            "postgres_changes": [{"event": "*", "schema": "public"} | binding for binding in bindings]} | config,
            "access_token": token})
        return self.until("phx_reply", ref)

    def next(self, timeout=PATIENCE):
        message = json.loads(self.socket.recv(timeout))
        self.heard.append(message)
        return message

    def until(self, event, ref=None):
        """The next message of this kind; what comes before it is passed over."""
        deadline = time.monotonic() + PATIENCE
        while True:
            message = self.next(max(0.01, deadline - time.monotonic()))
            if message[3] == event and message[1] == ref:
                return message

    def changes(self, count):
        """The next changes: kind and name."""
        found = []
        while len(found) < count:
            data = self.until("postgres_changes")[4]["data"]
            found.append((data["type"], (data.get("record") or data.get("old_record")).get("name")))
        return found

    def silence(self, seconds=0.5):
        """Nothing comes but answers to heartbeats."""
        self.say(None, "1000", "phoenix", "heartbeat", {})
        assert self.next() == [None, "1000", "phoenix", "phx_reply", {"status": "ok", "response": {}}]
        try:
            raise AssertionError(self.next(seconds))
        except TimeoutError:
            pass

    def close(self):
        self.socket.close()


def sign_up(server, name):
    """(access token, site id, refresh token) of a new user with a site."""
    status, session = server.request("/auth/v1/signup", {"email": f"{name}@shop.example", "password": "correct horse battery"})
    assert status == 200, session
    status, site = server.request("/rest/v1/rpc/create_site", {"name": name}, token=session["access_token"])
    assert status == 200, site
    return session["access_token"], site, session["refresh_token"]
