import Database
import Testing

@Suite("the settings of a transaction")
struct TransactionTests {
  @Test("none need no statement")
  func none() {
    var envelopes = Envelopes()
    let statement = envelopes.statement(for: Transaction([]))
    #expect(statement?.sql == nil)
  }

  @Test("come in order, the role last, values as parameters")
  func order() throws {
    let transaction = Transaction([], role: "r", settings: [Setting("a.b", "it's")], readOnly: true)
    var envelopes = Envelopes()
    let made = envelopes.statement(for: transaction)
    let envelope = try #require(made)
    #expect(
      envelope.sql == "select pg_catalog.set_config('a.b', $1, true), "
        + "pg_catalog.set_config('transaction_read_only', $2, true), pg_catalog.set_config('role', $3, true)")
    #expect(envelope.parameters == ["it's", "on", "r"])
  }

  @Test("a check is called with its value, before the role is taken; without one it is another statement")
  func checked() throws {
    let checked = Transaction([], role: "r", settings: [Setting("a.b", "x", check: "s.f")])
    var envelopes = Envelopes()
    let made = envelopes.statement(for: Transaction([], role: "r", settings: [Setting("a.b", "x")]))
    let again = envelopes.statement(for: checked)
    let (plain, envelope) = (try #require(made), try #require(again))
    #expect(
      envelope.sql
        == "select s.f(pg_catalog.set_config('a.b', $1, true)), pg_catalog.set_config('role', $2, true)")
    #expect(plain.sql != envelope.sql && plain.parameters == envelope.parameters)
  }

  @Test(
    "quotes identifiers",
    arguments: [("a", "\"a\""), ("a\"b", "\"a\"\"b\""), ("a\0b", "\"ab\""), ("", "\"\"")])
  func identifiers(name: String, quoted: String) { #expect(quoteIdentifier(name) == quoted) }

  @Test("quotes literals", arguments: [("a", "'a'"), ("it's", "'it''s'"), ("'", "''''")])
  func literals(text: String, quoted: String) { #expect(quoteLiteral(text) == quoted) }

  @Test("a secret never shows, wherever it is printed from")
  func secrets() {
    struct Holder { let inner: Secret, list: [Secret], address: DatabaseAddress }
    let holder = Holder(
      inner: Secret("s3cret"), list: [Secret("s3cret")],
      address: DatabaseAddress(user: "u", password: "s3cret"))
    var dumped = ""
    dump(holder, to: &dumped)
    #expect(!"\(holder) \(String(reflecting: holder)) \(dumped)".contains("s3cret"))
  }
}
