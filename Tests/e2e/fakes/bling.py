"""A Bling ERP of our own: the rules of its API v3 that a client can break, on loopback.

It keeps what Bling documents: authorization codes that live one minute and serve once (a second use revokes the consent),
access tokens of six hours, refresh tokens that rotate (a used one revokes the consent), 20 token calls in 60 seconds (one more
bans the address for an hour), 3 requests in a second and a number of requests a day with 429 above them, pages without a total,
ranges of at most a year, errors in its envelope, webhooks signed over the raw body. Time is a clock that tests move forward.
All requests are recorded, faults are scripted: `bling.fault(path="/pedidos", after=3, status=500)` or POST /__fault.
"""
import base64
import collections
import datetime
import hashlib
import hmac
import http.server
import json
import re
import secrets
import threading
import time
import urllib.parse
import urllib.request

PREFIX = "/Api/v3"
SALES_MODULE = 98310
STATUSES = {6: "Em aberto", 9: "Atendido", 12: "Cancelado", 15: "Em andamento", 18: "Venda Agenciada", 21: "Em digitação", 24: "Verificado"}


class Refusal(Exception):
    """An answer in Bling's error envelope."""

    def __init__(self, status, kind, description, fields=(), **more):
        super().__init__(description)
        self.status = status
        self.body = {"error": {"type": kind, "message": kind.replace("_", " ").capitalize(), "description": description, **more}}
        if fields:
            self.body["error"]["fields"] = list(fields)


class Consent:
    """What a user has allowed the app; all tokens of one consent die together."""

    def __init__(self):
        self.is_revoked = False


class Bling:
    """One Bling account with one registered app, served over HTTP."""

    def __init__(self, redirect_uri="http://127.0.0.1/callback", per_second=3, per_day=120_000):
        self.client_id, self.client_secret = secrets.token_hex(20), secrets.token_hex(30)
        self.redirect_uri = redirect_uri
        self.per_second, self.per_day = per_second, per_day
        self.offset = 0.0
        self.lock = threading.RLock()
        self.codes, self.access, self.refresh = {}, {}, {}
        self.orders, self.contacts, self.products = {}, {}, {}
        self.statuses = {number: {"id": number, "nome": name, "idHerdado": 0, "cor": "#E9DC40"} for number, name in STATUSES.items()}
        self.requests, self.faults, self.secrets = [], [], [self.client_secret]
        self.recent, self.token_calls = collections.deque(), collections.deque()
        self.banned_until = 0.0
        self.days = collections.Counter()
        self.refused = 0
        self.most_in_a_second = 0
        self.hook = None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}{PREFIX}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    # What tests do to it.

    def now(self):
        return time.time() + self.offset

    def advance(self, seconds):
        """Time goes on: codes and tokens end, bans are lifted."""
        with self.lock:
            self.offset += seconds

    def fault(self, path="", after=0, times=1, status=None, body=None, headers=None, delay=0.0, drop=False, hook=None):
        """The next `times` requests whose path matches, after `after` of them: that status, or no answer at all (`drop`)."""
        with self.lock:
            self.faults.append({"path": path, "after": after, "times": times, "status": status, "body": body,
                                "headers": headers or {}, "delay": delay, "drop": drop, "hook": hook})

    def mend(self):
        with self.lock:
            self.faults.clear()

    def approve(self, start_url):
        """The user says yes on the page that `start_url` opens: the address to which Bling sends the browser."""
        with self.lock:
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(start_url).query))
            assert query["response_type"] == "code" and query["client_id"] == self.client_id, query
            code = secrets.token_hex(20)
            self.codes[code] = {"until": self.now() + 60, "consent": Consent(), "is_used": False}
            self.secrets.append(code)
            return self.redirect_uri + "?" + urllib.parse.urlencode({"code": code, "state": query["state"]})

    def deny(self, start_url):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(start_url).query))
        return self.redirect_uri + "?" + urllib.parse.urlencode({"error": "access_denied", "state": query["state"]})

    def add_contact(self, number, name, email=None, phone=None):
        self.contacts[number] = {"id": number, "nome": name, "codigo": "", "situacao": "A", "numeroDocumento": "", "telefone": phone or "",
                                 "celular": "", "email": email or "", "tipo": "F"}

    def add_product(self, number, name, code, price, stock, state="A"):
        self.products[number] = {"id": number, "nome": name, "codigo": code, "preco": price, "precoCusto": price / 2, "tipo": "P",
                                 "situacao": state, "formato": "S", "imagemURL": "", "physical": stock, "virtual": stock}

    def add_order(self, number, day, total, contact=0, status=9, items=(), store=0, changed=None):
        """An order; items are (product id, name, quantity, price, discount in percent)."""
        with self.lock:
            self.orders[number] = {
                "id": number, "numero": number % 100_000, "numeroLoja": "", "data": day, "dataSaida": day, "dataPrevista": "0000-00-00",
                "totalProdutos": total, "total": total, "situacao": {"id": status, "valor": 1}, "loja": {"id": store},
                "contato": {"id": contact, "nome": self.contacts[contact]["nome"] if contact else "", "tipoPessoa": "F", "numeroDocumento": ""},
                "changed": changed or day,
                "itens": [{"id": number * 10 + place, "codigo": f"SKU-{product}", "unidade": "UN", "quantidade": quantity, "desconto": discount,
                           "valor": price, "descricao": name, "produto": {"id": product}}
                          for place, (product, name, quantity, price, discount) in enumerate(items)]}

    def today(self):
        return (datetime.datetime.fromtimestamp(self.now(), datetime.timezone.utc) - datetime.timedelta(hours=3)).date()

    def webhook(self, event, data, secret=None, **more):
        """The body and headers of a delivery, signed as Bling signs."""
        body = json.dumps({"eventId": secrets.token_hex(12), "date": datetime.datetime.fromtimestamp(self.now()).isoformat(),
                           "version": "v1", "event": event, "companyId": "d4475854366a36c86a37e792f9634a51", "data": data} | more).encode()
        digest = hmac.new((secret or self.client_secret).encode(), body, hashlib.sha256).hexdigest()
        return body, {"Content-Type": "application/json", "X-Bling-Signature-256": f"sha256={digest}"}

    def deliver(self, url, event, data, secret=None, tamper=False):
        """Sends a webhook; the status of the answer."""
        body, headers = self.webhook(event, data, secret)
        request = urllib.request.Request(url, data=body + (b" " if tamper else b""), headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def count(self, pattern):
        """How many requests came whose method and path match."""
        with self.lock:
            return sum(bool(re.search(pattern, f"{r['method']} {r['path']}")) for r in self.requests)

    # What it does.

    def _throttle(self, path):
        """Raises where a limit is passed; every request counts, also those that are refused."""
        now = self.now()
        if now < self.banned_until:
            raise Refusal(429, "TOO_MANY_REQUESTS", "O IP está bloqueado temporariamente.")
        if path.startswith("/oauth/"):
            self.token_calls.append(now)
            while self.token_calls[0] <= now - 60:
                self.token_calls.popleft()
            if len(self.token_calls) > 20:
                self.banned_until = now + 3600
                raise Refusal(429, "TOO_MANY_REQUESTS", "O IP está bloqueado temporariamente.")
            return
        day = self.today()
        self.days[day] += 1
        if self.days[day] > self.per_day:
            self.refused += 1
            raise Refusal(429, "TOO_MANY_REQUESTS", "O limite de requisições por dia foi atingido, tente novamente mais tarde.",
                          limit=self.per_day, period="day")
        while self.recent and self.recent[0] <= now - 1:
            self.recent.popleft()
        if len(self.recent) >= self.per_second:
            self.refused += 1
            raise Refusal(429, "TOO_MANY_REQUESTS", "O limite de requisições por segundo foi atingido, tente novamente mais tarde.",
                          limit=self.per_second, period="second")
        self.recent.append(now)
        self.most_in_a_second = max(self.most_in_a_second, len(self.recent))

    def _token(self, form, headers):
        expected = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        if headers.get("authorization") != f"Basic {expected}":
            raise Refusal(401, "invalid_client", "The client credentials are invalid")
        if headers.get("content-type", "").split(";")[0] != "application/x-www-form-urlencoded":
            raise Refusal(400, "invalid_request", "The body must be a form")
        kind = form.get("grant_type")
        if kind == "authorization_code":
            known = self.codes.get(form.get("code"))
            if known and known["is_used"]:
                known["consent"].is_revoked = True
            if not known or known["is_used"] or known["until"] < self.now():
                raise Refusal(400, "invalid_grant", "The authorization code is invalid or has expired")
        elif kind == "refresh_token":
            known = self.refresh.get(form.get("refresh_token"))
            if known and known["is_used"]:
                known["consent"].is_revoked = True
            if not known or known["is_used"] or known["until"] < self.now() or known["consent"].is_revoked:
                raise Refusal(400, "invalid_grant", "Invalid refresh token")
        else:
            raise Refusal(400, "unsupported_grant_type", "The grant type is not supported")
        known["is_used"] = True
        access, refresh = secrets.token_hex(20), secrets.token_hex(20)
        self.access[access] = {"until": self.now() + 21600, "consent": known["consent"]}
        self.refresh[refresh] = {"until": self.now() + 30 * 86400, "consent": known["consent"], "is_used": False}
        self.secrets += [access, refresh]
        return {"access_token": access, "expires_in": 21600, "token_type": "Bearer", "scope": "98309 98310", "refresh_token": refresh}

    def expire_access(self):
        """All access tokens end now, sooner than they said."""
        with self.lock:
            for token in self.access.values():
                token["until"] = 0

    def _authorize(self, headers):
        known = self.access.get(headers.get("authorization", "").removeprefix("Bearer "))
        if not known or known["until"] < self.now() or known["consent"].is_revoked:
            raise Refusal(401, "invalid_token", "The access token provided is invalid")

    @staticmethod
    def _page(rows, query):
        page, limit = int(query.get("pagina", 1)), int(query.get("limite", 100))
        if not 1 <= limit <= 100 or page < 1:
            raise Refusal(400, "VALIDATION_ERROR", "Não foi possível processar", [{"code": 1, "msg": "limite deve estar entre 1 e 100", "element": "limite"}])
        return {"data": rows[(page - 1) * limit:page * limit]}

    @staticmethod
    def _between(query, name):
        first, last = query.get(name + "Inicial"), query.get(name + "Final")
        try:
            first, last = (datetime.date.fromisoformat(day) if day else None for day in (first, last))
        except ValueError:
            raise Refusal(400, "VALIDATION_ERROR", "Data inválida", [{"code": 2, "msg": "formato YYYY-MM-DD", "element": name}]) from None
        if first and last and (last - first).days > 366:
            raise Refusal(400, "VALIDATION_ERROR", "O intervalo não pode ser maior que um ano", [{"code": 3, "msg": "intervalo", "element": name}])
        return lambda day: (not first or day >= first.isoformat()) and (not last or day <= last.isoformat())

    def _read(self, path, query, lists):
        if path == "/pedidos/vendas":
            changed, ordered = self._between(query, "dataAlteracao"), self._between(query, "data")
            rows = [{k: v for k, v in o.items() if k not in ("itens", "changed")} for o in sorted(self.orders.values(), key=lambda o: -o["id"])
                    if changed(o["changed"]) and ordered(o["data"])]
            return self._page(rows, query)
        if path == "/produtos":
            rows = [{k: v for k, v in p.items() if k not in ("physical", "virtual")} | {"estoque": {"saldoVirtualTotal": p["virtual"]}}
                    for _, p in sorted(self.products.items())]
            return self._page(rows, query)
        if path == "/estoques/saldos":
            wanted = [int(n) for n in lists.get("idsProdutos[]", [])]
            return {"data": [{"produto": {"id": n}, "saldoFisicoTotal": self.products[n]["physical"], "saldoVirtualTotal": self.products[n]["virtual"],
                              "depositos": [{"id": 1, "saldoFisico": self.products[n]["physical"], "saldoVirtual": self.products[n]["virtual"]}]}
                             for n in wanted if n in self.products]}
        if path == "/situacoes/modulos":
            return {"data": [{"id": 98309, "nome": "Produtos"}, {"id": SALES_MODULE, "nome": "Vendas", "descricao": "Pedidos de venda"}]}
        if path == f"/situacoes/modulos/{SALES_MODULE}":
            return {"data": list(self.statuses.values())}
        found = re.fullmatch(r"/(pedidos/vendas|contatos|produtos)/(\d+)", path)
        rows = {"pedidos/vendas": self.orders, "contatos": self.contacts, "produtos": self.products}.get(found[1], {}) if found else {}
        row = rows.get(int(found[2])) if found else None
        if row is None:
            raise Refusal(404, "RESOURCE_NOT_FOUND", "O recurso requisitado não foi encontrado.")
        if found[1] == "produtos":
            return {"data": {k: v for k, v in row.items() if k not in ("physical", "virtual")} | {"estoque": {"saldoVirtualTotal": row["virtual"]}}}
        extra = {"desconto": {"valor": 0, "unidade": "REAL"}, "outrasDespesas": 0, "parcelas": [], "transporte": {"frete": 0}} if found[1] != "contatos" else {}
        return {"data": {k: v for k, v in row.items() if k != "changed"} | extra}

    def answer(self, method, path, query, lists, form, headers):
        """(status, body) of one request; under the lock."""
        try:
            self._throttle(path)
            if path == "/oauth/token" and method == "POST":
                return 200, self._token(form, headers)
            self._authorize(headers)
            if method != "GET":
                raise Refusal(405, "METHOD_NOT_ALLOWED", "O método não é permitido")
            return 200, self._read(path, query, lists)
        except Refusal as refusal:
            return refusal.status, refusal.body

    def take_fault(self, path):
        for fault in self.faults:
            if fault["times"] > 0 and re.search(fault["path"], path):
                if fault["after"] > 0:
                    fault["after"] -= 1
                    continue
                fault["times"] -= 1
                return fault
        return None

    def _handler(bling):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                url = urllib.parse.urlsplit(self.path)
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                if url.path == "/__fault":
                    bling.fault(**json.loads(raw))
                    return self.send(200, {})
                if url.path == "/__clock":
                    bling.advance(json.loads(raw)["advance"])
                    return self.send(200, {})
                path = url.path.removeprefix(PREFIX)
                lists = urllib.parse.parse_qs(url.query)
                form = dict(urllib.parse.parse_qsl(raw.decode())) if self.command == "POST" else {}
                with bling.lock:
                    bling.requests.append({"method": self.command, "path": path, "query": url.query, "form": form, "headers": headers, "at": bling.now()})
                    fault = bling.take_fault(path)
                if fault and fault["hook"]:
                    fault["hook"]()
                if fault and fault["delay"]:
                    time.sleep(fault["delay"])
                if fault and fault["drop"]:
                    self.close_connection = True
                    return self.connection.close()
                if fault and fault["status"]:
                    return self.send(fault["status"], fault["body"] or {"error": {"type": "SERVER_ERROR", "message": "fault"}}, fault["headers"])
                with bling.lock:
                    status, body = bling.answer(self.command, path, {k: v[0] for k, v in lists.items()}, lists, form, headers)
                self.send(status, body)

            def send(self, status, body, more=None):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **(more or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(data)
                except OSError:
                    pass

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

        return Handler
