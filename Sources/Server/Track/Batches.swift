/// Which requests travel together to the database: a struct that eats arrivals and answers and says what to send.
///
/// One alone goes at once. Where there was company lately a request waits for it, until there is enough of it or for a few
/// milliseconds: PostgreSQL needs a tenth of the time for each of 64 that it needs for one.
package struct Batches<Item> {
  private struct Waiting {
    let item: Item
    let bytes: Int
    let since: ContinuousClock.Instant
  }

  private var waiting: [Waiting] = []
  private var waitingBytes = 0
  private var underWay = 0
  private var hadCompany = false
  private let limits: Limits

  /// How much is too much.
  package struct Limits {
    /// Transactions at a time.
    package let concurrent: Int
    /// Requests that are company enough.
    package let enough: Int
    /// How long one waits for them.
    package let patience: Duration
    /// Requests in one transaction.
    package let itemsPerBatch: Int
    /// Bytes in one transaction; a request that is larger travels alone.
    package let bytesPerBatch: Int
    /// Requests that wait.
    package let waiting: Int
    /// Bytes that wait.
    package let waitingBytes: Int

    /// Limits from their numbers.
    package init(
      concurrent: Int, enough: Int, patience: Duration, itemsPerBatch: Int, bytesPerBatch: Int, waiting: Int,
      waitingBytes: Int
    ) {
      self.concurrent = concurrent
      self.enough = enough
      self.patience = patience
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
  package mutating func add(_ item: Item, bytes: Int, at now: ContinuousClock.Instant) -> Bool {
    guard waiting.count < limits.waiting, waitingBytes + bytes <= limits.waitingBytes else { return false }
    waiting.append(Waiting(item: item, bytes: bytes, since: now))
    waitingBytes += bytes
    return true
  }

  /// When the next batch may be sent, if nothing else happens.
  package var due: ContinuousClock.Instant? {
    guard underWay < limits.concurrent, let first = waiting.first else { return nil }
    return hadCompany && waiting.count < limits.enough ? first.since + limits.patience : first.since
  }

  /// The next batch to send, if one may be sent at `now`.
  package mutating func next(at now: ContinuousClock.Instant) -> [Item]? {
    guard let due, due <= now, let first = waiting.first else { return nil }
    var (count, bytes) = (1, first.bytes)
    while count < min(waiting.count, limits.itemsPerBatch) {
      bytes += waiting[count].bytes
      if bytes > limits.bytesPerBatch { break }
      count += 1
    }
    underWay += 1
    hadCompany = count > 1
    return take(count)
  }

  /// A batch has been answered.
  package mutating func finished() { underWay -= 1 }

  /// Takes out those that came before `time`.
  package mutating func popOlder(than time: ContinuousClock.Instant) -> [Item] {
    take(waiting.prefix { $0.since < time }.count)
  }

  private mutating func take(_ count: Int) -> [Item] {
    let taken = waiting.prefix(count)
    waitingBytes -= taken.reduce(0) { $0 + $1.bytes }
    defer { waiting.removeFirst(count) }
    return taken.map(\.item)
  }
}
