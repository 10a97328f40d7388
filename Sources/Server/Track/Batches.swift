/// Which requests travel together to the database: a struct that eats arrivals and answers and says what to send.
///
/// Nobody waits for company: while a transaction may start it starts with what is there, and what arrives while all are
/// under way goes together in the next.
package struct Batches<Item> {
  private struct Waiting {
    let item: Item
    let bytes: Int
    let deadline: ContinuousClock.Instant
  }

  private var waiting: [Waiting] = []
  private var waitingBytes = 0
  private var underWay = 0
  private let limits: Limits

  /// How much is too much.
  package struct Limits {
    /// Transactions at a time.
    package let concurrent: Int
    /// Requests in one transaction.
    package let itemsPerBatch: Int
    /// Bytes in one transaction; a request that is larger travels alone.
    package let bytesPerBatch: Int
    /// Requests that wait.
    package let waiting: Int
    /// Bytes that wait.
    package let waitingBytes: Int

    /// Limits from their five numbers.
    package init(concurrent: Int, itemsPerBatch: Int, bytesPerBatch: Int, waiting: Int, waitingBytes: Int) {
      self.concurrent = concurrent
      self.itemsPerBatch = itemsPerBatch
      self.bytesPerBatch = bytesPerBatch
      self.waiting = waiting
      self.waitingBytes = waitingBytes
    }
  }

  /// No batches yet.
  package init(limits: Limits) { self.limits = limits }

  /// How many requests wait.
  package var count: Int { waiting.count }

  /// Takes a request in; false when there is no room.
  package mutating func add(_ item: Item, bytes: Int, deadline: ContinuousClock.Instant) -> Bool {
    guard waiting.count < limits.waiting, waitingBytes + bytes <= limits.waitingBytes else { return false }
    waiting.append(Waiting(item: item, bytes: bytes, deadline: deadline))
    waitingBytes += bytes
    return true
  }

  /// The next batch to send now, if one may be sent.
  package mutating func next() -> [Item]? {
    guard underWay < limits.concurrent, let first = waiting.first else { return nil }
    var (count, bytes) = (1, first.bytes)
    while count < min(waiting.count, limits.itemsPerBatch) {
      bytes += waiting[count].bytes
      if bytes > limits.bytesPerBatch { break }
      count += 1
    }
    underWay += 1
    return take(count)
  }

  /// A batch has been answered.
  package mutating func finished() { underWay -= 1 }

  /// Takes out those that have waited too long at `now`; all wait equally long, so they are the first.
  package mutating func popExpired(at now: ContinuousClock.Instant) -> [Item] {
    take(waiting.prefix { $0.deadline <= now }.count)
  }

  private mutating func take(_ count: Int) -> [Item] {
    let taken = waiting.prefix(count)
    waitingBytes -= taken.reduce(0) { $0 + $1.bytes }
    defer { waiting.removeFirst(count) }
    return taken.map(\.item)
  }
}
