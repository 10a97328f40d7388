import CKernels
import Kernels
import Testing

private typealias Event = (user: Int64, time: Int64, steps: UInt32)

private func funnel(
  _ events: [Event], steps: Int32, window: Int64, memory: Int64 = 1 << 30, stopped: Bool = false
) -> (status: ks_status, reached: [Int64]) {
  let list = ChunkList(events.map { ks_event(user: $0.user, time: $0.time, steps: $0.steps, exclusions: 0) })
  var reached = [Int64](repeating: -1, count: 32)
  var shape = ks_funnel_shape(window: window, steps: steps, mode: 0, strict_ties: 0, valued: 0)
  let status = withLimits(memory: memory, stopped: stopped) { ks_funnel(list.first, &shape, $0, &reached) }
  return (status, Array(reached.prefix(Int(max(0, min(32, steps))))))
}

private func depth(_ events: [Event], steps: Int32, window: Int64) -> Int32 {
  depth(
    events.map { Row(time: $0.time, steps: $0.steps) }, Question(steps: Int(steps), window: window))
}

private func depth(_ rows: [Row], _ question: Question, chunksOf size: Int = 7) -> Int32 {
  let list = ChunkList(
    rows.map { ks_event(user: 0, time: $0.time, steps: $0.steps, exclusions: $0.exclusions) }, chunksOf: size)
  var depth: Int32 = -1
  var shape = question.shape
  #expect(withLimits { ks_funnel_depth(list.first, &shape, $0, &depth) } == KS_OK)
  return depth
}

private func valued(_ rows: [Row]) -> [ks_valued_event] {
  rows.map {
    ks_valued_event(
      event: ks_event(user: $0.user, time: $0.time, steps: $0.steps, exclusions: $0.exclusions),
      held: $0.held, value: $0.value)
  }
}

private func reached(_ rows: [Row], _ question: Question) -> [Int64] {
  let list = ChunkList(valued(rows))
  var reached = [Int64](repeating: -1, count: 32)
  var shape = question.shape
  shape.valued = 1
  #expect(withLimits { ks_funnel(list.first, &shape, $0, &reached) } == KS_OK)
  return Array(reached.prefix(question.steps))
}

/// All chains as the kernel tells them, by user; with too little room at first if there are any.
private func chains(_ rows: [Row], _ question: Question, periods: [Int64] = []) -> [(Int64, Reference.Chain)]
{
  let list = ChunkList(valued(rows))
  var shape = question.shape
  shape.valued = 1
  var (chainCount, timeCount) = (Int64(0), Int64(0))
  var told: [ks_funnel_chain] = []
  var times: [Int64] = []
  for _ in 0..<2 {
    told = .init(repeating: ks_funnel_chain(), count: Int(chainCount) + 1)
    times = .init(repeating: 0, count: Int(timeCount) + 1)
    let status = withLimits {
      ks_funnel_chains(
        list.first, &shape, periods, Int64(max(0, periods.count - 1)), $0, &told, &chainCount, &times,
        &timeCount)
    }
    #expect(status == KS_OK)
  }
  var place = 0
  return told.prefix(Int(chainCount)).map { chain in
    defer { place += Int(chain.depth) }
    return (
      chain.user,
      Reference.Chain(
        held: chain.held, value: chain.value, times: Array(times[place..<place + Int(chain.depth)]))
    )
  }
}

/// A few users with few instants (so that many are equal), events that match several steps, now and then none.
private func someRows(_ numbers: inout SeededNumbers, _ question: Question, upTo count: Int, bare: Bool)
  -> [Row]
{
  (0..<Int.random(in: 0...count, using: &numbers)).map { _ in
    var row = Row(
      user: Int64.random(in: -1...1, using: &numbers), time: Int64.random(in: -9...9, using: &numbers),
      steps: UInt32.random(in: 0...question.all, using: &numbers))
    // Single steps are what funnels mostly see.
    if Bool.random(using: &numbers) {
      row.steps = 1 << UInt32.random(in: 0..<UInt32(question.steps), using: &numbers)
    }
    if Int.random(in: 0..<6, using: &numbers) == 0 { row.steps = 0 }
    if bare { return row }
    if Int.random(in: 0..<4, using: &numbers) == 0 {
      row.exclusions = UInt32.random(in: 0...question.all >> 1, using: &numbers)
    }
    row.held = UInt32.random(in: 0...2, using: &numbers)
    row.value = UInt32.random(in: 0...3, using: &numbers)
    return row
  }
}

private let everyKind: [(ks_funnel_mode, Bool)] = [
  (KS_FUNNEL_ORDERED, false), (KS_FUNNEL_ORDERED, true), (KS_FUNNEL_STRICT, false), (KS_FUNNEL_STRICT, true),
  (KS_FUNNEL_UNORDERED, false), (KS_FUNNEL_UNORDERED, true),
]

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
    "shapes out of range are refused",
    arguments: [(1, 0, 0), (33, 0, 0), (-1, 0, 0), (2, -1, 0), (2, 0, -1), (2, 0, 3)]
      as [(Int32, Int64, Int32)])
  func badShape(steps: Int32, window: Int64, mode: Int32) {
    var shape = ks_funnel_shape(window: window, steps: steps, mode: mode, strict_ties: 0, valued: 0)
    var reached = [Int64](repeating: 0, count: 32)
    #expect(withLimits { ks_funnel(nil, &shape, $0, &reached) } == KS_BAD_ARGUMENT)
  }

  @Test(
    "periods must ascend",
    arguments: [([1, 1], 1), ([2, 1], 1), ([1, 2, 2], 2), ([], -1)] as [([Int64], Int64)])
  func badPeriods(bounds: [Int64], count: Int64) {
    var shape = Question().shape
    var (chains, times) = (Int64(0), Int64(0))
    var (noChain, noTime) = (ks_funnel_chain(), Int64(0))
    let status = withLimits {
      ks_funnel_chains(nil, &shape, bounds, count, $0, &noChain, &chains, &noTime, &times)
    }
    #expect(status == KS_BAD_ARGUMENT)
  }

  @Test("nobody has no chain; the ends of time are periods like others")
  func chainEdges() {
    #expect(chains([], Question()).isEmpty)
    #expect(chains([Row(time: 0, steps: 2), Row(time: 1, steps: 0)], Question()).isEmpty)
    let rows = [Row(time: .min, steps: 1, value: 7), Row(time: .max, steps: 2)]
    #expect(chains(rows, Question()).map(\.1.times) == [[.min, .max]])
    #expect(chains(rows, Question(), periods: [.min, 0, .max]).map(\.1.times) == [[.min, .max]])
    #expect(chains(rows, Question(), periods: [0, .max]).isEmpty)
    #expect(chains([Row(time: .max, steps: 1)], Question(), periods: [0, .max]).isEmpty)
  }

  @Test("32 steps in every mode, also of events that can be any of them", arguments: everyKind)
  func manySteps(mode: ks_funnel_mode, strictTies: Bool) {
    let question = Question(steps: 32, window: 31, mode: mode, strictTies: strictTies)
    for steps in [{ UInt32(1) << $0 }, { _ in UInt32.max }] as [(UInt32) -> UInt32] {
      let rows = (0..<32).map { Row(time: Int64($0), steps: steps(UInt32($0))) }
      #expect(depth(rows, question) == 32)
      #expect(chains(rows, question).map(\.1.times) == [Array(0..<32)])
      #expect(depth(Array(rows.dropLast()), question) == 31)
    }
  }

  // 2 million rows of 1 million users, so that rows go through buckets: against counting each user by itself.
  @Test("2 million rows", arguments: everyKind)
  func manyRows(mode: ks_funnel_mode, strictTies: Bool) {
    var numbers = SeededNumbers(seed: 7)
    let question = Question(steps: 3, window: 400, mode: mode, strictTies: strictTies)
    let rows = (0..<2_000_000).map { _ in
      Row(
        user: Int64.random(in: 0..<1_000_000, using: &numbers) &* 0x1_0000_0001,
        time: Int64.random(in: 0..<1000, using: &numbers),
        steps: 1 << UInt32.random(in: 0..<3, using: &numbers))
    }
    let told = chains(rows, question)
    #expect(zip(told, told.dropFirst()).allSatisfy { $0.0 < $1.0 })
    let counts = (1...3).map { step in Int64(told.count { $0.1.times.count >= step }) }
    #expect(reached(rows, question) == counts)
    let some = Dictionary(grouping: rows.filter { $0.user % 1009 == 0 }, by: \.user)
    let reference = Reference(question: question)
    let chosen = told.filter { $0.0 % 1009 == 0 }
    let expected = some.sorted { $0.key < $1.key }.compactMap { reference.chain(of: $0.value) }
    #expect(chosen.map(\.1) == expected)
    #expect(expected.count > 300)
  }

  @Test("a raised flag and too little memory are statuses")
  func limits() {
    #expect(funnel([(1, 0, 1)], steps: 2, window: 0, stopped: true).status == KS_STOPPED)
    let list = ChunkList(valued((0..<2000).map { Row(user: Int64($0), time: 0, steps: 1) }))
    var shape = Question(steps: 2).shape
    shape.valued = 1
    var told = [ks_funnel_chain](repeating: .init(), count: 2000)
    var times = [Int64](repeating: 0, count: 2000)
    var reached = [Int64](repeating: 0, count: 2)
    var enough = false
    for memory in (0..<60).map({ Int64($0) * 10_000 }) {
      var (chainCount, timeCount) = (Int64(2000), Int64(2000))
      let counted = withLimits(memory: memory) { ks_funnel(list.first, &shape, $0, &reached) }
      let status = withLimits(memory: memory) {
        ks_funnel_chains(list.first, &shape, nil, 0, $0, &told, &chainCount, &times, &timeCount)
      }
      // What is enough stays enough, and counting needs no more than telling.
      #expect(status == (enough ? KS_OK : status == KS_OK ? KS_OK : KS_MEMORY_LIMIT))
      #expect(counted == KS_OK || (counted == KS_MEMORY_LIMIT && status == KS_MEMORY_LIMIT))
      enough = enough || status == KS_OK
    }
    #expect(enough)
    #expect(withLimits(memory: 1000) { ks_funnel(list.first, &shape, $0, &reached) } == KS_MEMORY_LIMIT)
  }

  // For 500 seeds each: every mode with either rule for ties, with and without a window, with exclusions and held
  // values or without, against a reference that makes all chains.
  @Test("depths, counts and chains are what trying every chain finds", arguments: 0..<everyKind.count * 500)
  func reference(seed: Int) {
    var numbers = SeededNumbers(seed: seed)
    let kind = everyKind[seed % everyKind.count]
    let question = Question(
      steps: Int.random(in: 2...5, using: &numbers),
      window: Bool.random(using: &numbers) ? .max : Int64.random(in: 0...12, using: &numbers),
      mode: kind.0, strictTies: kind.1)
    let bare = Bool.random(using: &numbers)
    let rows = someRows(&numbers, question, upTo: bare ? 24 : 40, bare: bare)
    let reference = Reference(question: question)
    var expected: [(Int64, Reference.Chain)] = []
    for (user, rows) in Dictionary(grouping: rows, by: \.user).sorted(by: { $0.key < $1.key }) {
      let chain = reference.chain(of: rows)
      if let chain { expected.append((user, chain)) }
      if bare { #expect(depth(rows, question) == Int32(chain?.times.count ?? 0)) }
    }
    let counts = (1...question.steps).map { step in Int64(expected.count { $0.1.times.count >= step }) }
    #expect(reached(rows, question) == counts)
    let told = chains(rows, question)
    #expect(told.map(\.0) == expected.map(\.0))
    #expect(told.map(\.1) == expected.map(\.1))

    // The same, period by period, the ends of which cut through the chains.
    let bounds = Array(Set((0..<4).map { _ in Int64.random(in: -9...10, using: &numbers) })).sorted()
    if bounds.count < 2 { return }
    var byPeriod: [(Int64, Reference.Chain)] = []
    for (user, rows) in Dictionary(grouping: rows, by: \.user).sorted(by: { $0.key < $1.key }) {
      for (from, to) in zip(bounds, bounds.dropFirst()) {
        if let chain = reference.chain(of: rows, from: from, to: to) { byPeriod.append((user, chain)) }
      }
    }
    let toldByPeriod = chains(rows, question, periods: bounds)
    #expect(toldByPeriod.map(\.0) == byPeriod.map(\.0))
    #expect(toldByPeriod.map(\.1) == byPeriod.map(\.1))
  }

  // For 20 seeds each: shuffling rows, shifting times, renaming users and splitting into other chunks change nothing
  // but what they should.
  @Test("only order, distance and sameness count", arguments: 0..<everyKind.count * 20)
  func invariance(seed: Int) {
    var numbers = SeededNumbers(seed: seed)
    let kind = everyKind[seed % everyKind.count]
    let question = Question(steps: 4, window: 6, mode: kind.0, strictTies: kind.1)
    var rows = (0..<60).flatMap { (user: Int64) in
      someRows(&numbers, question, upTo: 60, bare: false).map { row in
        var row = row
        row.user += user * 3
        return row
      }
    }
    let before = chains(rows, question)
    rows.shuffle(using: &numbers)
    #expect(chains(rows, question).map(\.1) == before.map(\.1))
    let shifted = rows.map { row in
      var row = row
      row.time += 1 << 60
      row.user -= 1 << 40
      return row
    }
    let after = chains(shifted, question)
    #expect(after.map { $0.0 + 1 << 40 } == before.map(\.0))
    #expect(after.map { $0.1.times.map { $0 - 1 << 60 } } == before.map(\.1.times))
    let oneUser = rows.filter { $0.held == 0 && $0.user == rows.first?.user }
    #expect(depth(oneUser, question, chunksOf: 1) == depth(oneUser, question, chunksOf: 1000))
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
      ks_event(user: 0, time: Int64.random(in: 0...Int64.max, using: &numbers), steps: 1, exclusions: 0)
    }
    let list = ChunkList(events, chunksOf: 40_000)
    var reached = [Int64](repeating: 0, count: 2)
    for delay in [0.5, 5, 20, 60] {
      let alarm = Alarm(after: delay)
      let took = ContinuousClock().measure {
        let limits = ks_limits(stop: alarm.flag, stop_too: alarm.flag, memory: 1 << 30, threads: 1)
        var shape = Question(steps: 2, window: 10).shape
        let status = withUnsafePointer(to: limits) { ks_funnel(list.first, &shape, $0, &reached) }
        #expect(status == KS_STOPPED)
      }
      #expect(took < .milliseconds(delay + 100))
    }
  }
}
