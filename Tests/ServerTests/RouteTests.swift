import Foundation
import Server
import Testing

@Suite("/api and /webhooks: endpoints declared in the database")
struct RouteTests {
  private func route(_ method: String, _ path: String, _ function: String, role: String = "vibe_anon")
    -> String
  {
    "insert into vibe.routes values ('\(method)', '\(path)', '\(function)', '\(role)')"
  }

  /// A function of schema vibe that anyone may call.
  private func function(_ head: String, returns type: String, _ body: String, volatile: Bool = false)
    -> [String]
  {
    [
      "create function vibe.\(head) returns \(type) language plpgsql \(volatile ? "volatile" : "stable") as $$ begin \(body) end $$",
      "grant execute on function vibe.\(head.split(separator: "(")[0]) to vibe_anon",
    ]
  }

  private var hello: [String] {
    function(
      "test_hello(name text, times int default 1)", returns: "json",
      "return json_build_object('hello', name, 'times', times);")
      + [
        route("GET", "/api/hello/{name}", "test_hello"), route("POST", "/api/hello/{name}", "test_hello"),
        route("POST", "/api/hello", "test_hello"), route("GET", "/api/hello/new", "test_hello"),
        route("GET", "/api/closed", "test_hello", role: "vibe_member"),
      ]
  }

  @Test("arguments come from path, query and body; what is odd about them is named")
  func arguments() async throws {
    try await TestServer.with(setup: hello) { (server) async throws in
      func body(_ method: String, _ path: String, _ body: String? = nil) async throws -> String {
        try await server.request(method, path, body: body).body
      }
      #expect(try await body("GET", "/api/hello/a%20b?times=2") == #"{"hello" : "a b", "times" : 2}"#)
      #expect(
        try await body("POST", "/api/hello/x", #"{"times":3,"name":"not this"}"#)
          == #"{"hello" : "x", "times" : 3}"#)
      #expect(try await body("POST", "/api/hello", #"{"name":null}"#) == #"{"hello" : null, "times" : 1}"#)
      let problems = [
        (
          "GET", "/api/hello/x?time=2", nil, #"This endpoint has no parameter \"time\""#, #"{"field":"time"}"#
        ),
        (
          "POST", "/api/hello", #"{"name":"x","Times":1}"#, #"This endpoint has no parameter \"Times\""#,
          #"{"field":"Times"}"#
        ),
        ("POST", "/api/hello", #"{"times":1}"#, #"Parameter \"name\" is missing"#, #"{"field":"name"}"#),
        ("GET", "/api/hello/new", nil, #"Parameter \"name\" is missing"#, #"{"field":"name"}"#),
        (
          "GET", "/api/hello/x?times=two", nil, #"Parameter \"times\" must be integer"#,
          #"{"field":"times","reason":"invalid input syntax for type integer: \"two\""}"#
        ),
        (
          "POST", "/api/hello", #"{"name":"x","times":[1]}"#, #"Parameter \"times\" must be integer"#,
          #"{"field":"times","reason":"invalid input syntax for type integer: \"[1]\""}"#
        ),
      ]
      for (method, path, given, message, details) in problems {
        let reply = try await server.request(method, path, body: given)
        #expect(reply.status == 400)
        #expect(
          reply.body
            == #"{"error":{"code":"VALIDATION_ERROR","message":"\#(message)","details":\#(details)}}"#)
      }
      #expect(try await server.request("POST", "/api/hello", body: "[1]").status == 400)
      #expect(try await server.request("GET", "/api/demo").status == 200)
    }
  }

  @Test("unknown paths, wrong methods and callers are told so")
  func refusals() async throws {
    try await TestServer.with(setup: hello) { (server) async throws in
      let missing = try await server.request("GET", "/api/nope")
      #expect(missing.status == 404 && missing.body.hasPrefix(#"{"error":{"code":"NOT_FOUND""#))
      let wrong = try await server.request("DELETE", "/api/hello/x")
      #expect(wrong.status == 405 && wrong.headers["allow"] == "GET, HEAD, POST", "\(wrong.headers)")
      #expect(wrong.body.hasPrefix(#"{"error":{"code":"METHOD_NOT_ALLOWED""#))
      let head = try await server.request("HEAD", "/api/hello/x")
      #expect(head.status == 200 && head.body == "" && head.headers["content-length"] == "28")
      let closed = try await server.request("GET", "/api/closed")
      #expect(closed.status == 401 && closed.body.hasPrefix(#"{"error":{"code":"AUTH_REQUIRED""#))
      let forged = try await server.request("GET", "/api/closed", token: "x.y.z")
      #expect(forged.status == 401 && forged.body.hasPrefix(#"{"error":{"code":"AUTH_REQUIRED""#))
    }
  }

  @Test("a function chooses status, code, details and headers; what breaks inside stays inside")
  func answers() async throws {
    let setup =
      function(
        "test_raise()", returns: "void",
        "raise 'e-mail is taken' using errcode = 'PT409', hint = 'EMAIL_TAKEN', detail = '{\"field\":\"email\"}';"
      )
      + function("test_broken()", returns: "int", "return (select secret_column from vibe.secret_table);")
      + function("test_void()", returns: "void", "null;", volatile: true)
      + function(
        "test_redirect()", returns: "void",
        "perform set_config('response.status', '303', true), set_config('response.headers', '[{\"Location\":\"/x\"},{\"Set-Cookie\":\"a=b\\r\\nEvil: 1\"}]', true);"
      )
      + function(
        "test_text()", returns: "text",
        "perform set_config('response.headers', '[{\"Content-Type\":\"text/plain\"}]', true); return 'as \"it\" is';"
      )
      + ["raise", "broken", "redirect", "text"].map { route("GET", "/api/\($0)", "test_\($0)") }
      + [route("POST", "/api/void", "test_void"), route("GET", "/api/gone", "test_gone")]
    try await TestServer.with(setup: setup) { (server) async throws in
      let raised = try await server.request("GET", "/api/raise")
      #expect(raised.status == 409)
      #expect(
        raised.body
          == #"{"error":{"code":"EMAIL_TAKEN","message":"e-mail is taken","details":{"field":"email"}}}"#)
      for path in ["/api/broken", "/api/gone"] {
        let broken = try await server.request("GET", path)
        #expect(
          broken.status == 500 && broken.body.hasPrefix(#"{"error":{"code":"INTERNAL""#), "\(broken.body)")
        #expect(!broken.body.contains("secret"))
      }
      let void = try await server.request("POST", "/api/void", body: "{}")
      #expect(void.status == 204 && void.body == "")
      let redirect = try await server.request("GET", "/api/redirect")
      #expect(
        redirect.status == 303 && redirect.headers["location"] == "/x" && redirect.headers["evil"] == nil)
      let text = try await server.request("GET", "/api/text")
      #expect(text.headers["content-type"] == "text/plain" && text.body == "as \"it\" is")
    }
  }

  @Test("a webhook's function gets the bytes and the headers, and checks the signature itself")
  func webhooks() async throws {
    let setup =
      function(
        "test_hook(source text, body bytea, headers jsonb, \"hub.challenge\" text default null)",
        returns: "json",
        """
        if \"hub.challenge\" is null and headers ->> 'x-signature' is distinct from encode(hmac(body, 'key', 'sha256'), 'hex') then
          raise 'the signature is wrong' using errcode = 'PT401';
        end if;
        return json_build_object('source', source, 'bytes', octet_length(body), 'challenge', "hub.challenge", 'cookie', headers -> 'cookie');
        """, volatile: true)
      + ["POST", "GET"].map { route($0, "/webhooks/{source}", "test_hook") }
    try await TestServer.with(setup: ["set search_path = public"] + setup) { (server) async throws in
      let body = "{\"a\":\"é\\u0000\"}\n"
      // HMAC-SHA256 by Python: hmac.new(b"key", '{"a":"é\\u0000"}\n'.encode(), "sha256").hexdigest()
      let signature = "9f81550d967566cbc7158971db34d94642371fdfc068c3efe689763aece02066"
      let good = try await server.request(
        "POST", "/webhooks/shop?unknown=1", body: body, headers: ["X-Signature": signature, "Cookie": "a=b"])
      #expect(
        good.body == #"{"source" : "shop", "bytes" : 17, "challenge" : null, "cookie" : null}"#,
        "\(good.status)")
      let forged = try await server.request(
        "POST", "/webhooks/shop", body: body + " ", headers: ["X-Signature": signature])
      #expect(forged.status == 401 && forged.body.contains("the signature is wrong"))
      let asked = try await server.request("GET", "/webhooks/meta?hub.mode=subscribe&hub.challenge=17")
      #expect(asked.body == #"{"source" : "meta", "bytes" : 0, "challenge" : "17", "cookie" : null}"#)
    }
  }

  @Test("rows are streamed, however many; none is []; a failure in the middle cuts the answer off")
  func streams() async throws {
    let setup =
      function(
        "test_rows(most int)", returns: "table (n int, text text)",
        "return query select i, repeat('x', 100) from generate_series(1, most) as i;")
      + [
        "create function vibe.test_breaks() returns setof int language sql stable as $$ select 1 / (90000 - i) from generate_series(1, 100000) as i $$",
        "grant execute on function vibe.test_breaks to vibe_anon",
        route("GET", "/api/rows/{most}", "test_rows"), route("GET", "/api/breaks", "test_breaks"),
      ]
    try await TestServer.with(setup: setup, change: { $0.maximumRows = 10 }) { (server) async throws in
      #expect(try await server.request("GET", "/api/rows/0").body == "[]")
      let one = try await server.request("GET", "/api/rows/1")
      #expect(
        one.body == "[{\"n\":1,\"text\":\"\(String(repeating: "x", count: 100))\"}]"
          && one.headers["content-length"] != nil)
      let wire = try Wire(port: server.port)
      wire.send(server.head("GET", "/api/rows/100000", close: true))
      // Nobody reads yet; others are served.
      #expect(try await server.request("GET", "/api/rows/1").status == 200)
      let many = await wire.read()
      #expect(many.hasPrefix("HTTP/1.1 200") && many.components(separatedBy: "\"n\":").count == 100_001)
      #expect(many.contains("\"n\":100000,") && many.hasSuffix("}]\r\n0\r\n\r\n"))
      let wrong = try await server.request("GET", "/api/rows/x")
      #expect(wrong.status == 400 && wrong.body.contains("must be integer"))
      let cut = try Wire(port: server.port)
      cut.send(server.head("GET", "/api/breaks", close: true))
      let broken = await cut.read()
      #expect(broken.hasPrefix("HTTP/1.1 500") || !broken.hasSuffix("0\r\n\r\n"))
      #expect(try await server.request("HEAD", "/api/rows/50000").status == 200)
    }
  }

  @Test("a client that reads nothing of a stream is cut off, and its query ends")
  func neverReads() async throws {
    try await TestServer.with(setup: endless, change: { $0.arrivalTime = .seconds(1) }) {
      (server) async throws in
      let wire = try Wire(port: server.port)
      wire.send(server.head("GET", "/api/endless"))
      #expect(try await eventually { try await server.sql(running) == "1" })
      #expect(try await eventually { try await server.sql(running) == "0" })
      wire.close()
    }
  }

  @Test(
    "a client that says goodbye and reads nothing does not keep the server from stopping",
    .timeLimit(.minutes(1)))
  func goodbyeUnread() async throws {
    try await TestServer.with(setup: endless, change: { $0.arrivalTime = .seconds(4) }) {
      (server) async throws in
      let wire = try Wire(port: server.port)
      wire.send(server.head("GET", "/api/endless"))
      #expect(try await eventually { try await server.sql(running) == "1" })
      // The limit of its role ends the query while the answer waits to be read.
      #expect(try await eventually { try await server.sql(running) == "0" })
      wire.close()
      await server.stop()
    }
  }

  @Test("a request that does not arrive in time is cut off, head or body")
  func slowloris() async throws {
    try await TestServer.with(change: { $0.arrivalTime = .seconds(1) }) { (server) async throws in
      let wire = try Wire(port: server.port)
      wire.send("POST /track HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
      let start = ContinuousClock.now
      #expect(await wire.read(for: 15) == "" && start.duration(to: .now) < .seconds(10))
      #expect(try await server.request("GET", "/healthz").status == 200)
    }
  }

  @Test("a client that leaves a stream takes its query along")
  func leaves() async throws {
    try await TestServer.with(setup: endless) { (server) async throws in
      let wire = try Wire(port: server.port)
      wire.send(server.head("GET", "/api/endless"))
      #expect(try await eventually { try await server.sql(running) == "1" })
      wire.close()
      #expect(try await eventually { try await server.sql(running) == "0" })
    }
  }

  private let running = """
    select count(*) from pg_stat_activity
    where state = 'active' and usename = 'vibe_server' and datname = current_database() and query like '%test_endless%'
    """

  private var endless: [String] {
    [
      """
      create function vibe.test_endless() returns setof text language sql stable as
      $$ select repeat('x', 1000) from generate_series(1, 20000000) $$
      """,
      "grant execute on function vibe.test_endless to vibe_anon",
      route("GET", "/api/endless", "test_endless"),
    ]
  }
}
