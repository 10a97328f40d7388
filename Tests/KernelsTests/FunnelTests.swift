import CKernels
import Kernels
import Testing

private typealias Event = (user: Int64, time: Int64, steps: UInt32)

private func funnel(
  _ events: [Event], steps: Int32, window: Int64, memory: Int64 = 1 << 30, stopped: Bool = false
) -> (status: ks_status, reached: [Int64]) {
  let list = ChunkList(events.map { ks_event(user: $0.user, time: $0.time, steps: $0.steps, padding: 0) })
  var reached = [Int64](repeating: -1, count: 32)
  let status = withLimits(memory: memory, stopped: stopped) {
    ks_funnel(list.first, steps, window, $0, &reached)
  }
  return (status, Array(reached.prefix(Int(max(0, min(32, steps))))))
}

private func depth(_ events: [Event], steps: Int32, window: Int64) -> Int32 {
  let list = ChunkList(events.map { ks_event(user: 0, time: $0.time, steps: $0.steps, padding: 0) })
  var depth: Int32 = -1
  let status = withLimits { ks_funnel_depth(list.first, steps, window, $0, &depth) }
  #expect(status == KS_OK)
  return depth
}

/// The definition itself: the longest chain over every start and every choice of events, by trying them all.
private func obviousDepth(_ events: [Event], steps: Int, window: Int64) -> Int32 {
  let ordered = events.sorted {
    ($0.time, $0.steps.trailingZeroBitCount, $0.steps) < ($1.time, $1.steps.trailingZeroBitCount, $1.steps)
  }
  func longest(from row: Int, step: Int, start: Int64?) -> Int {
    var best = step
    for next in row..<max(row, ordered.count)
    where step < steps && ordered[next].steps >> UInt32(step) & 1 == 1 {
      let begin = start ?? ordered[next].time
      if ordered[next].time - begin > window { break }
      best = max(best, longest(from: next + 1, step: step + 1, start: begin))
    }
    return best
  }
  return Int32(longest(from: 0, step: 0, start: nil))
}

struct FunnelTests {
  @Test(
    "one user's events reach the depth that the rules say",
    arguments: [
      ([(0, 1), (1, 2), (2, 4)], 3), ([(0, 4), (1, 2), (2, 1)], 1), ([(0, 2), (1, 4)], 0),
      ([(0, 1), (5, 2), (10, 4)], 3), ([(0, 1), (5, 2), (11, 4)], 2),
      ([(0, 1), (8, 1), (9, 2), (15, 4)], 3), ([(0, 1), (3, 2), (9, 1), (10, 4)], 3),
      ([(5, 4), (5, 1), (5, 2)], 3), ([(0, 3), (1, 4)], 1), ([(0, 3), (1, 3), (2, 4)], 3), ([], 0),
    ] as [([(Int64, UInt32)], Int32)])
  func example(events: [(Int64, UInt32)], expected: Int32) {
    #expect(depth(events.map { (0, $0.0, $0.1) }, steps: 3, window: 10) == expected)
  }

  @Test("no rows reach nothing")
  func empty() {
    #expect(funnel([], steps: 2, window: 0).reached == [0, 0])
  }

  @Test("the ends of time are farther apart than any window but none")
  func extremes() {
    let events: [Event] = [(1, .min, 1), (1, .max, 2)]
    #expect(funnel(events, steps: 2, window: .max - 1).reached == [1, 0])
    #expect(funnel(events, steps: 2, window: .max).reached == [1, 1])
  }

  @Test("bits beyond the last step are no steps")
  func strayBits() {
    #expect(funnel([(1, 0, 1), (1, 1, .max), (1, 2, 4)], steps: 2, window: 9).reached == [1, 1])
  }

  @Test(
    "shapes out of range are refused", arguments: [(1, 0), (33, 0), (-1, 0), (2, -1)] as [(Int32, Int64)])
  func badShape(steps: Int32, window: Int64) {
    #expect(funnel([(1, 0, 1)], steps: steps, window: window).status == KS_BAD_ARGUMENT)
  }

  @Test("a raised flag and too little memory are statuses")
  func limits() {
    #expect(funnel([(1, 0, 1)], steps: 2, window: 0, stopped: true).status == KS_STOPPED)
    for memory in [0, 1000, 20_000] as [Int64] {
      let events = (0..<2000).map { (Int64($0), Int64(0), UInt32(1)) } as [Event]
      #expect(funnel(events, steps: 2, window: 0, memory: memory).status == KS_MEMORY_LIMIT)
    }
  }

  // For 300 seeds: a few users, few instants (so that many are equal), events that match several steps.
  @Test("users reach what trying every chain finds", arguments: 0..<300)
  func reference(seed: Int) {
    var numbers = SeededNumbers(seed: seed)
    let steps = Int.random(in: 2...5, using: &numbers)
    let window = Int64.random(in: 0...12, using: &numbers)
    let events: [Event] = (0..<Int.random(in: 0...60, using: &numbers)).map { _ in
      (
        Int64.random(in: -3...3, using: &numbers), Int64.random(in: -20...20, using: &numbers),
        UInt32.random(in: 1..<(1 << UInt32(steps)), using: &numbers)
      )
    }
    let depths = Dictionary(grouping: events, by: \.user).values.map {
      obviousDepth($0, steps: steps, window: window)
    }
    let expected = (1...steps).map { step in Int64(depths.count { $0 >= step }) }
    #expect(funnel(events, steps: Int32(steps), window: window).reached == expected)
    for events in Dictionary(grouping: events, by: \.user).values {
      #expect(
        depth(events, steps: Int32(steps), window: window)
          == obviousDepth(events, steps: steps, window: window))
    }
  }

  // For 20 seeds of 20,000 events: shuffling rows changes nothing; a wider window loses nobody; steps only shrink.
  @Test("order does not matter and windows are monotone", arguments: 0..<20)
  func property(seed: Int) {
    var numbers = SeededNumbers(seed: seed)
    let steps = Int32.random(in: 2...32, using: &numbers)
    var events: [Event] = (0..<20_000).map { _ in
      let wide = UInt32(1) << UInt32.random(in: 0..<UInt32(steps), using: &numbers)
      return (Int64.random(in: 0...700, using: &numbers), Int64.random(in: 0...5000, using: &numbers), wide)
    }
    let narrow = funnel(events, steps: steps, window: 300).reached
    events.shuffle(using: &numbers)
    #expect(funnel(events, steps: steps, window: 300).reached == narrow)
    let wide = funnel(events, steps: steps, window: 600).reached
    #expect(zip(narrow, wide).allSatisfy { $0 <= $1 })
    #expect(zip(wide, wide.dropFirst()).allSatisfy { $0 >= $1 })
  }

  // For every length around the sort's run lengths: one user, rows in any order, against rows in order.
  @Test("a user's rows may come in any order", arguments: [23, 24, 25, 47, 48, 49, 97, 1000, 30_011])
  func longUser(count: Int) {
    var numbers = SeededNumbers(seed: count)
    let ordered = (0..<count).map { (row: Int) -> Event in
      let step = UInt32(row * 7 % 32)
      return (1, Int64(row / 2), UInt32(1) << step)
    }
    let expected = depth(ordered, steps: 32, window: Int64(count))
    for _ in 0..<5 {
      #expect(depth(ordered.shuffled(using: &numbers), steps: 32, window: Int64(count)) == expected)
    }
    #expect(depth(ordered.reversed(), steps: 32, window: Int64(count)) == expected)
  }

  @Test("a flag that goes up during a long run stops it within 100 ms")
  func stopsInTime() {
    var numbers = SeededNumbers(seed: 1)
    let events = (0..<2_000_000).map { _ in
      ks_event(user: 0, time: Int64.random(in: 0...Int64.max, using: &numbers), steps: 1, padding: 0)
    }
    let list = ChunkList(events, chunksOf: 40_000)
    var reached = [Int64](repeating: 0, count: 2)
    for delay in [0.5, 5, 20, 60] {
      let alarm = Alarm(after: delay)
      let took = ContinuousClock().measure {
        let limits = ks_limits(stop: alarm.flag, stop_too: alarm.flag, memory: 1 << 30, threads: 1)
        let status = withUnsafePointer(to: limits) { ks_funnel(list.first, 2, 10, $0, &reached) }
        #expect(status == KS_STOPPED)
      }
      #expect(took < .milliseconds(delay + 100))
    }
  }
}
