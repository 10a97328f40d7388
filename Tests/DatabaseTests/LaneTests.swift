import Database
import Testing

@Suite("the queue of a lane")
struct LaneQueueTests {
  private let start = ContinuousClock.now

  private func queue(_ ids: [UInt64], limit: Int = 10) -> LaneQueue<Int> {
    var queue = LaneQueue<Int>(limit: limit)
    for id in ids { _ = queue.append(.init(id: id, deadline: start + .seconds(Int(id)), element: Int(id))) }
    return queue
  }

  @Test("gives the one that waited longest first")
  func order() {
    var queue = queue([1, 2, 3])
    #expect(
      [queue.popFirst()?.id, queue.popFirst()?.id, queue.popFirst()?.id, queue.popFirst()?.id] == [
        1, 2, 3, nil,
      ])
  }

  @Test("takes no more than its limit")
  func limit() {
    var queue = queue([1, 2], limit: 2)
    let accepted = queue.append(.init(id: 3, deadline: start, element: 3))
    #expect(!accepted)
    #expect(queue.count == 2)
  }

  @Test("gives up those whose time is over, and only those")
  func expiry() {
    var queue = queue([1, 2, 3])
    #expect(queue.nextDeadline == start + .seconds(1))
    #expect(queue.popExpired(at: start + .seconds(2)).map(\.id) == [1, 2])
    #expect(queue.count == 1)
  }

  @Test("takes out one that does not want to wait any more")
  func removal() {
    var queue = queue([1, 2, 3])
    #expect(queue.remove(id: 2)?.element == 2)
    #expect(queue.remove(id: 2) == nil)
    #expect(queue.count == 2)
  }
}

@Suite("pauses between attempts")
struct BackoffTests {
  @Test("double from 50 ms to 2 s, never shorter than half")
  func doubles() {
    var backoff = Backoff()
    var random = SystemRandomNumberGenerator()
    for expected in [50, 100, 200, 400, 800, 1600, 2000, 2000] {
      let pause = backoff.pause(using: &random)
      #expect(pause >= .milliseconds(expected / 2) && pause <= .milliseconds(expected))
    }
    backoff.reset()
    #expect(backoff.pause(using: &random) <= .milliseconds(50))
  }
}
