/// Which requests travel together to the database: a struct that eats arrivals and answers and says what to send.
///
/// Nobody waits for company: while a transaction may start it starts with what is there, and what arrives while all are
/// under way goes together in the next.
struct Batches<Item> {
  /// What to do with an arrival.
  enum Admission: Equatable { case accepted, full }

  private var waiting: [Item] = []
  private var waitingBytes = 0
  private var underWay = 0
  private let limits: Limits

  /// How much is too much.
  struct Limits {
    /// Transactions at a time.
    let concurrent: Int
    /// Requests in one transaction.
    let itemsPerBatch: Int
    /// Requests that wait.
    let waiting: Int
    /// Bytes that wait.
    let waitingBytes: Int
  }

  /// No batches yet.
  init(limits: Limits) { self.limits = limits }

  /// Takes a request in, if there is room.
  mutating func add(_ item: Item, bytes: Int) -> Admission {
    guard waiting.count < limits.waiting, waitingBytes + bytes <= limits.waitingBytes else { return .full }
    waiting.append(item)
    waitingBytes += bytes
    return .accepted
  }

  /// The next batch to send now, if one may be sent.
  mutating func next(size: (Item) -> Int) -> [Item]? {
    guard underWay < limits.concurrent, !waiting.isEmpty else { return nil }
    let batch = Array(waiting.prefix(limits.itemsPerBatch))
    waiting.removeFirst(batch.count)
    waitingBytes -= batch.reduce(0) { $0 + size($1) }
    underWay += 1
    return batch
  }

  /// A batch has been answered.
  mutating func finished() { underWay -= 1 }
}
