import DequeModule

/// A share of the pool's connections with its own queue, so that slow work of one kind never holds up another.
package struct Lane: Sendable, Hashable {
  /// Its name, for logs and metrics.
  package let name: String
  /// How many connections it owns.
  package let connections: Int
  /// How many transactions may wait for one of them.
  package let queueLimit: Int

  /// A lane of `connections`, at least one.
  package init(_ name: String, connections: Int, queueLimit: Int) {
    precondition(connections > 0, "a lane without connections would never answer")
    self.name = name
    self.connections = connections
    self.queueLimit = queueLimit
  }
}

/// What waits for a connection of one lane: first come, first served, bounded in number and in time.
package struct LaneQueue<Element> {
  /// Something that waits, known by `id`, until `deadline`.
  package struct Waiting {
    package let id: UInt64
    package let deadline: ContinuousClock.Instant
    package let element: Element

    /// One that waits.
    package init(id: UInt64, deadline: ContinuousClock.Instant, element: Element) {
      self.id = id
      self.deadline = deadline
      self.element = element
    }
  }

  private var waiting: Deque<Waiting> = []
  private let limit: Int

  /// An empty queue for at most `limit` elements.
  package init(limit: Int) { self.limit = limit }

  /// How many wait.
  package var count: Int { waiting.count }

  /// When the first one has waited too long; all wait equally long, so the first is the earliest.
  package var nextDeadline: ContinuousClock.Instant? { waiting.first?.deadline }

  /// Puts one at the end; false, and nothing changed, when the queue is full.
  package mutating func append(_ one: Waiting) -> Bool {
    guard waiting.count < limit else { return false }
    waiting.append(one)
    return true
  }

  /// Takes the one that waited longest.
  package mutating func popFirst() -> Waiting? { waiting.popFirst() }

  /// Takes out the one called `id`, if it still waits. O(n).
  package mutating func remove(id: UInt64) -> Waiting? {
    guard let index = waiting.firstIndex(where: { $0.id == id }) else { return nil }
    return waiting.remove(at: index)
  }

  /// Takes out all that have waited too long at `now`.
  package mutating func popExpired(at now: ContinuousClock.Instant) -> [Waiting] {
    var expired: [Waiting] = []
    while let first = waiting.first, first.deadline <= now {
      expired.append(first)
      waiting.removeFirst()
    }
    return expired
  }
}
