"""An outside system whose every answer the test writes: late, broken, too large, or not at all."""
import http.server
import ssl
import threading
import time


class Scripted:
    """Answers each request by `script(request)`, which returns (status, headers, body) or None to hang up; keeps what came.

    A request has method, path, headers (small names), body and at (seconds of the monotonic clock).
    """

    def __init__(self, script, certificate=None):
        self.requests, self.connections, fake = [], 0, self
        self.lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                with fake.lock:
                    fake.requests.append(request)
                told = script(request)
                if told is None:
                    self.close_connection = True
                    return
                status, headers, content = told
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers and "Transfer-Encoding" not in headers:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                try:
                    for piece in [content] if isinstance(content, bytes) else content:
                        self.wfile.write(piece)
                except OSError:
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def get_request(self):
                fake.connections += 1
                return super().get_request()

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body, self.at = method, path, headers, body, time.monotonic()
