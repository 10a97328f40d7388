/// Which requests travel together to the database: a struct that eats arrivals and answers and says what to send.
///
/// Nobody waits for company: while a transaction may start it starts with what is there, and what arrives while all are
/// under way goes together in the next.
package struct Batches<Item> {
  /// What to do with an arrival.
  package enum Admission: Equatable { case accepted, full }

  private var waiting: [Item] = []
  private var waitingBytes = 0
  private var underWay = 0
  private let limits: Limits

  /// How much is too much.
  package struct Limits {
    /// Transactions at a time.
    package let concurrent: Int
    /// Requests in one transaction.
    package let itemsPerBatch: Int
    /// Requests that wait.
    package let waiting: Int
    /// Bytes that wait.
    package let waitingBytes: Int

    /// Limits from their four numbers.
    package init(concurrent: Int, itemsPerBatch: Int, waiting: Int, waitingBytes: Int) {
      self.concurrent = concurrent
      self.itemsPerBatch = itemsPerBatch
      self.waiting = waiting
      self.waitingBytes = waitingBytes
    }
  }

  /// No batches yet.
  package init(limits: Limits) { self.limits = limits }

  /// Takes a request in, if there is room.
  package mutating func add(_ item: Item, bytes: Int) -> Admission {
    guard waiting.count < limits.waiting, waitingBytes + bytes <= limits.waitingBytes else { return .full }
    waiting.append(item)
    waitingBytes += bytes
    return .accepted
  }

  /// The next batch to send now, if one may be sent.
  package mutating func next(size: (Item) -> Int) -> [Item]? {
    guard underWay < limits.concurrent, !waiting.isEmpty else { return nil }
    let batch = Array(waiting.prefix(limits.itemsPerBatch))
    waiting.removeFirst(batch.count)
    waitingBytes -= batch.reduce(0) { $0 + size($1) }
    underWay += 1
    return batch
  }

  /// A batch has been answered.
  package mutating func finished() { underWay -= 1 }
}
