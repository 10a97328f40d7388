import Database
import Foundation
import Logging
import Synchronization

/// The schema cache of now, read again whenever the database says that it has changed.
package final class SchemaStore: Sendable {
  /// Several changes of one migration are one reading.
  private static let settling = Duration.milliseconds(100)
  private static let retry = Duration.milliseconds(500)

  private let pool: Pool
  private let question: Statement
  private let channel: String
  private let logger: Logger
  private let current = Mutex<SchemaCache?>(nil)

  /// A store that reads the cache by `question` and again after a NOTIFY on `channel`.
  package init(pool: Pool, question: Statement, channel: String, logger: Logger) {
    self.pool = pool
    self.question = question
    self.channel = channel
    self.logger = logger
  }

  /// The cache; an error while it has never been read.
  package func get() throws(RestError) -> SchemaCache {
    guard let cache = current.withLock({ $0 }) else {
      throw RestError(503, "PGRST002", "Could not query the database for the schema cache. Retrying.")
    }
    return cache
  }

  /// Whether it has been read.
  package var isReady: Bool { current.withLock { $0 != nil } }

  /// Keeps the cache up to date until cancelled.
  package func run() async {
    for await notification in pool.notifications() {
      switch notification {
      case .listening: await load()
      case .message(channel, "reload schema"), .message(channel, "reload"):
        try? await Task.sleep(for: Self.settling)
        await load()
      case .message: break
      }
    }
  }

  private func load() async {
    while !Task.isCancelled {
      do {
        let results = try await pool.run(Transaction([question], readOnly: true))
        let json = Data((results[0].string() ?? "").utf8)
        let cache = try JSONDecoder().decode(SchemaCache.self, from: json)
        current.withLock { $0 = cache }
        return logger.info("schema cache read", metadata: ["bytes": "\(json.count)"])
      } catch {
        logger.error("schema cache cannot be read", metadata: ["reason": "\(error)"])
        try? await Task.sleep(for: Self.retry)
      }
    }
  }
}
