import Database
import Testing

@Suite("one pipeline, by the order of results that libpq documents")
struct ExchangeTests {
  private typealias Subject = Exchange<String>
  private let key = StatementKey(sql: "select 1", role: nil)
  private let refusal = ServerError(sqlState: "22012", message: "division by zero")

  /// Feeds events; gives the outcome and the statements that exist afterwards.
  private func run(_ commands: [Subject.Command], _ events: [Subject.Event]) -> (
    Result<[String], ServerError>?, [StatementKey]
  ) {
    var exchange = Subject(commands)
    var remembered: [StatementKey] = []
    for event in events {
      switch exchange.receive(event) {
      case .none, .hand: break
      case .remember(let key): remembered.append(key)
      case .finish(let result): return (result, remembered)
      }
    }
    return (nil, remembered)
  }

  @Test("keeps the results that were asked for, in order")
  func keepsResults() throws {
    let (result, remembered) = run(
      [.prepare(key), .discard, .keep, .keep],
      [
        .success(""), .endOfCommand, .success("envelope"), .endOfCommand, .success("a"), .endOfCommand,
        .success("b"),
        .endOfCommand, .synced,
      ])
    #expect(try result?.get() == ["a", "b"])
    #expect(remembered == [key])
  }

  @Test("gives nothing before the sync: until then nothing is committed")
  func waitsForSync() {
    let (result, _) = run([.keep], [.success("a"), .endOfCommand])
    #expect(result == nil)
  }

  @Test("the first error is the cause; skipped commands are no errors")
  func firstError() {
    let (result, _) = run(
      [.keep, .keep], [.failure(refusal), .endOfCommand, .skipped, .endOfCommand, .synced])
    #expect(result == .failure(refusal))
  }

  @Test("a statement prepared before the error exists, one after it does not")
  func prepareBeforeError() {
    let other = StatementKey(sql: "select 2", role: "r")
    let (_, remembered) = run(
      [.prepare(key), .keep, .prepare(other), .keep],
      [
        .success(""), .endOfCommand, .failure(refusal), .endOfCommand, .skipped, .endOfCommand, .skipped,
        .endOfCommand,
        .synced,
      ])
    #expect(remembered == [key])
  }

  @Test("an error of the commit comes after the last command and still counts")
  func errorAtSync() {
    let (result, _) = run([.keep], [.success("a"), .endOfCommand, .failure(refusal), .endOfCommand, .synced])
    #expect(result == .failure(refusal))
  }
}
