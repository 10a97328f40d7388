"""A shop of WooCommerce on the loopback address, as far as its documented behaviour goes.

Lists: `GET /wp-json/wc/v3/{orders,customers}`, HTTP Basic with consumer key and secret, `page`, `per_page` (10, at most 100),
`modified_after`, `orderby=date|registered_date`, `order`, X-WP-Total, X-WP-TotalPages and Link, errors as
`{"code": "woocommerce_rest_…", "message", "data": {"status"}}`. Money are texts, times in UTC have no zone, names are escaped
for HTML, and non-ASCII characters are written as \\uXXXX.

Webhooks: a ping when one is made (form-encoded, unsigned, must be answered 200), deliveries signed over the raw body, built from
the order as it is when they are sent, no retry, an id that repeats within a second, and after more than five failures in a row
the next one disables the webhook. `fault(...)` makes lists fail. Every request is kept in `requests`.
"""
import base64
import contextlib
import copy
import hashlib
import hmac
import html
import http.server
import json
import math
import secrets
import threading
import time
import urllib.error
import urllib.parse
import urllib.request


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def order(number, *, status="processing", created=1767348000, modified=None, email="", customer=0, first="", last="", total=None, items=(),
          currency="USD", refunds=(), utm=None, shipping="0.00"):
    """An order as the REST API gives it; items are (product, name, quantity, total), refunds (number, total), times are Unix seconds."""
    lines = [{"id": number * 100 + place, "name": html.escape(name).replace("–", "&ndash;"), "product_id": product, "variation_id": 0, "quantity": quantity,
              "tax_class": "", "subtotal": f"{amount:.2f}", "subtotal_tax": "0.00", "total": f"{amount:.2f}", "total_tax": "0.00", "taxes": [],
              "meta_data": [], "sku": f"SKU-{product}", "price": round(float(amount) / quantity, 6) if quantity else 0, "parent_name": None}
             for place, (product, name, quantity, amount) in enumerate(items, 1)]
    address = {"first_name": html.escape(first, quote=True), "last_name": html.escape(last, quote=True), "company": "", "address_1": "Rua A 1",
               "address_2": "", "city": "São Paulo", "state": "SP", "postcode": "01000-000", "country": "BR", "email": email, "phone": "555 0100"}
    return {
        "id": number, "parent_id": 0, "status": status, "currency": currency, "version": "11.2.0", "prices_include_tax": False,
        "date_created": stamp(created - 3 * 3600), "date_created_gmt": stamp(created),
        "date_modified": stamp((modified or created) - 3 * 3600), "date_modified_gmt": stamp(modified or created),
        "discount_total": "0.00", "discount_tax": "0.00", "shipping_total": shipping, "shipping_tax": "0.00", "cart_tax": "0.00",
        "total": f"{sum(line[3] for line in items):.2f}" if total is None else str(total), "total_tax": "0.00", "customer_id": customer,
        "order_key": f"wc_order_{number:08x}", "billing": address, "shipping": {k: v for k, v in address.items() if k != "email"},
        "payment_method": "bacs", "payment_method_title": "Direct bank transfer", "transaction_id": "", "customer_ip_address": "192.0.2.7",
        "customer_user_agent": "Mozilla/5.0", "created_via": "checkout", "customer_note": "", "date_completed": None, "date_completed_gmt": None,
        "date_paid": None if status == "pending" else stamp(created - 3 * 3600), "date_paid_gmt": None if status == "pending" else stamp(created),
        "cart_hash": "", "number": str(number),
        "meta_data": [{"id": place, "key": f"_wc_order_attribution_utm_{key}", "value": value} for place, (key, value) in enumerate((utm or {}).items(), 1)],
        "line_items": lines, "tax_lines": [], "shipping_lines": [], "fee_lines": [], "coupon_lines": [],
        "refunds": [{"id": refund, "reason": "", "total": f"-{amount:.2f}"} for refund, amount in refunds],
    }


def account(number, *, email, first="", last="", created=1767348000):
    return {"id": number, "date_created": stamp(created), "date_created_gmt": stamp(created), "date_modified": stamp(created),
            "date_modified_gmt": stamp(created), "email": email, "first_name": first, "last_name": last, "role": "customer", "username": email.split("@")[0],
            "billing": {}, "shipping": {}, "is_paying_customer": False, "avatar_url": "", "meta_data": []}


def encode(content):
    """As wp_json_encode: slashes and everything beyond ASCII are escaped."""
    return json.dumps(content, separators=(",", ":")).replace("/", "\\/").encode()


def sign(secret, body):
    return base64.b64encode(hmac.new(html.unescape(secret).encode(), body, hashlib.sha256).digest()).decode()


class Webhook:
    def __init__(self, number, topic, url, secret):
        self.number, self.topic, self.url, self.secret = number, topic, url, secret
        self.status, self.failures, self.log = "active", 0, []


class Shop:
    """The shop: `orders` and `customers` by number, its lists at `url`, its webhooks."""

    def __init__(self):
        self.key, self.secret = "ck_" + secrets.token_hex(20), "cs_" + secrets.token_hex(20)
        self.orders, self.customers, self.webhooks = {}, {}, []
        self.requests, self.faults, self.pause = [], [], 0
        self.lock = threading.Lock()
        self.server = None
        self.port = 0

    def open(self):
        """Begins to answer, on the same port as before."""
        shop = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                shop.answer(self)

            def log_message(self, *_):
                pass

        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def close(self):
        """The shop is down: connections are refused."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def fault(self, status=500, *, after=0, times=1, headers=None, body=None):
        """From the list request after the next `after` on, so many are answered with this status."""
        self.faults.append({"after": after, "times": times, "status": status, "headers": headers or {}, "body": body})

    # -- REST ----------------------------------------------------------------------------------------------------------

    def answer(self, handler):
        address = urllib.parse.urlsplit(handler.path)
        query = dict(urllib.parse.parse_qsl(address.query))
        with self.lock:
            self.requests.append((address.path, query, dict(handler.headers)))
            status, headers, body = self.faulty() or self.list(address.path, query, handler.headers.get("Authorization", ""))
        if self.pause:
            time.sleep(self.pause)
        handler.send_response(status)
        for name, value in ({"Content-Type": "application/json; charset=UTF-8", "Content-Length": str(len(body))} | headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        with contextlib.suppress(ConnectionError):
            handler.wfile.write(body)

    def faulty(self):
        for fault in self.faults:
            if fault["after"] > 0:
                fault["after"] -= 1
            elif fault["times"] > 0:
                fault["times"] -= 1
                body = fault["body"] if fault["body"] is not None else self.error("woocommerce_rest_broken", "Broken", fault["status"])[2]
                return fault["status"], fault["headers"], body
        return None

    def error(self, code, message, status):
        return status, {}, json.dumps({"code": code, "message": message, "data": {"status": status}}).encode()

    def list(self, path, query, authorization):
        expected = "Basic " + base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        if authorization != expected:
            return self.error("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.", 401)
        name = path.removeprefix("/wp-json/wc/v3/")
        if name not in ("orders", "customers"):
            return self.error("rest_no_route", "No route was found matching the URL and request method.", 404)
        size, page = int(query.get("per_page", 10)), int(query.get("page", 1))
        if not 1 <= size <= 100:
            return self.error("rest_invalid_param", "Invalid parameter(s): per_page", 400)
        rows = list((self.orders if name == "orders" else self.customers).values())
        if "modified_after" in query:
            rows = [row for row in rows if row["date_modified_gmt"] > query["modified_after"]]
        rows.sort(key=lambda row: (row["date_created_gmt"], row["id"]), reverse=query.get("order", "desc") == "desc")
        pages = math.ceil(len(rows) / size)
        headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)}
        if page < pages:
            headers["Link"] = f'<{self.url}{path}?{urllib.parse.urlencode(query | {"page": page + 1})}>; rel="next"'
        return 200, headers, encode(rows[(page - 1) * size: page * size])

    # -- Webhooks ------------------------------------------------------------------------------------------------------

    def add_webhook(self, topic, url, secret):
        """Makes a webhook: it is pinged, and cannot be saved unless the answer is exactly 200."""
        hook = Webhook(len(self.webhooks) + 1, topic, url, secret)
        status, _ = self.post(url, f"webhook_id={hook.number}".encode(), {"Content-Type": "application/x-www-form-urlencoded"})
        if status != 200:
            raise RuntimeError(f"Error: Delivery URL returned response code: {status}")
        self.webhooks.append(hook)
        return hook

    def headers(self, hook, topic, body, second):
        resource, event = topic.split(".")
        return {
            "User-Agent": "WooCommerce/11.2.0 Hookshot (WordPress/6.9)", "Content-Type": "application/json", "X-WC-Webhook-Source": self.url + "/",
            "X-WC-Webhook-Topic": topic, "X-WC-Webhook-Resource": resource, "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": sign(hook.secret, body), "X-WC-Webhook-ID": str(hook.number),
            # Two deliveries of a second share it.
            "X-WC-Webhook-Delivery-ID": hashlib.md5(f"{hook.number}{second}".encode()).hexdigest(),
        }

    def deliver(self, hook, number, topic=None, second=None):
        """Sends a thing as it is now; returns the status, None if the webhook is disabled."""
        topic = topic or hook.topic
        things = self.orders if topic.startswith("order") else self.customers
        return self.send(hook, {"id": number} if topic.endswith("deleted") else things[number], topic, second)

    def send(self, hook, content, topic=None, second=None):
        """Sends any content, signed."""
        if hook.status != "active":
            return None
        body = content if isinstance(content, bytes) else encode(content)
        status, answer = self.post(hook.url, body, self.headers(hook, topic or hook.topic, body, second or int(time.time())))
        hook.log.append((status, answer))
        if 200 <= status <= 302:
            hook.failures = 0
        else:
            if hook.failures > 5:
                hook.status = "disabled"
            hook.failures += 1
        return status

    @staticmethod
    def post(url, body, headers):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers, method="POST"), timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    # -- What happens in the shop --------------------------------------------------------------------------------------

    def put(self, thing):
        """Adds an order or account, or changes it."""
        (self.orders if "line_items" in thing else self.customers)[thing["id"]] = copy.deepcopy(thing)
        return thing


@contextlib.contextmanager
def open_shop():
    shop = Shop().open()
    try:
        yield shop
    finally:
        shop.close()
