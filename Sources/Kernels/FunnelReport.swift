import CKernels

/// Stretches of time, each from one bound to the next; all time as one if there are no bounds.
struct Periods {
  private let bounds: UnsafePointer<Int64>?
  private let count: Int

  /// Throws `badArgument` for bounds that do not ascend.
  init(_ bounds: UnsafePointer<Int64>?, _ count: Int64) throws(Failure) {
    if count < 0 || (count > 0 && bounds == nil) { throw .badArgument }
    self.bounds = bounds
    self.count = Int(count)
    guard let bounds else { return }
    var period = 0
    while period < self.count {
      if bounds[period] >= bounds[period &+ 1] { throw .badArgument }
      period &+= 1
    }
  }

  /// The first instant of all; `nil` for any.
  var begin: Int64? { count == 0 ? nil : bounds?[0] }

  /// The end of all; `nil` for none.
  var end: Int64? { count == 0 ? nil : bounds?[count] }

  /// Where the period of an instant at or after `begin` and before `end` ends; `nil` for never.
  ///
  /// - Complexity: O(log periods).
  func end(of time: Int64) -> Int64? {
    guard count > 0, let bounds else { return nil }
    var (low, high) = (1, count)
    while low < high {
      let middle = (low &+ high) / 2
      if bounds[middle] <= time { low = middle &+ 1 } else { high = middle }
    }
    return bounds[low]
  }
}

/// Finds the chains of one user after the other: the best one of each period.
struct FunnelSearch: ~Copyable {
  /// The moments of one held value, and the first of them that may begin a chain and was not looked at yet.
  private struct Run: BitwiseCopyable {
    var begin: Int
    var count: Int
    var cursor: Int
  }

  private let periods: Periods
  private var walk: FunnelChainWalk
  private var runs: Scratch<Run>
  private let rowsFound: Scratch<UInt32>
  private let rowsBest: Scratch<UInt32>

  init(_ rules: FunnelRules, _ periods: Periods, _ limits: inout Limits) throws(Failure) {
    let walk = try FunnelChainWalk(rules, &limits)
    let runs = try Scratch<Run>(16, &limits)
    let rowsFound = try Scratch<UInt32>(Int(KS_MAX_STEPS), &limits)
    let rowsBest = try Scratch<UInt32>(Int(KS_MAX_STEPS), &limits)
    self.periods = periods
    self.walk = walk
    self.runs = runs
    self.rowsFound = rowsFound
    self.rowsBest = rowsBest
  }

  /// Appends the user's chains, in the order of time.
  mutating func tell(_ user: UserMoments, to report: inout FunnelReport, _ limits: inout Limits)
    throws(Failure)
  {
    let count = walk.rules.strictTies ? try joinInstants(user.base, user.count, limits) : user.count
    let runCount = try split(user.base, count, &limits)
    while let begin = nextStart(user.base, runCount) {
      let end = periods.end(of: begin)
      var best = FunnelChain(moments: user.base, rows: rowsBest.base)
      var number = 0
      while number < runCount {
        let run = runs.base[number]
        if startsBefore(end, run, user.base) {
          var found = FunnelChain(moments: user.base + run.begin, rows: rowsFound.base)
          try walk.find(&found, from: run.cursor, count: run.count, startsBefore: end, limits)
          if found.isBetter(than: best) { best.become(found) }
          try advance(number, to: end, user.base, limits)
        }
        number &+= 1
      }
      try report.append(best, of: user.user, &limits)
    }
  }

  /// Makes a run of each held value; returns how many.
  private mutating func split(
    _ moments: UnsafePointer<Moment>, _ count: Int, _ limits: inout Limits
  ) throws(Failure) -> Int {
    var runCount = 0
    var begin = 0
    while begin < count {
      var end = begin &+ 1
      while end < count && moments[end].held == moments[begin].held { end &+= 1 }
      if runCount == runs.capacity { try runs.grow(to: runCount &* 2, keeping: runCount, &limits) }
      runs.base[runCount] = Run(begin: begin, count: end &- begin, cursor: -1)
      try advance(runCount, to: periods.begin, moments, limits)
      runCount &+= 1
      begin = end
    }
    return runCount
  }

  /// Moves the cursor of a run on to the next start at or after `time`; `nil` means the next of all if the run was
  /// not looked at yet, else the end.
  private func advance(
    _ number: Int, to time: Int64?, _ moments: UnsafePointer<Moment>, _ limits: Limits
  ) throws(Failure) {
    var run = runs.base[number]
    if time == nil && run.cursor >= 0 {
      run.cursor = run.count
    } else {
      run.cursor = max(run.cursor, 0)
      while run.cursor < run.count {
        try limits.poll(row: run.cursor)
        let moment = moments[run.begin &+ run.cursor]
        if walk.canStart(moment) && time.map({ moment.time >= $0 }) ?? true { break }
        run.cursor &+= 1
      }
    }
    runs.base[number] = run
  }

  private func startsBefore(_ end: Int64?, _ run: Run, _ moments: UnsafePointer<Moment>) -> Bool {
    if run.cursor == run.count { return false }
    return end.map { moments[run.begin &+ run.cursor].time < $0 } ?? true
  }

  /// The earliest start that was not looked at and lies in a period.
  private func nextStart(_ moments: UnsafePointer<Moment>, _ runCount: Int) -> Int64? {
    var next: Int64?
    var number = 0
    while number < runCount {
      let run = runs.base[number]
      if startsBefore(periods.end, run, moments) {
        let time = moments[run.begin &+ run.cursor].time
        next = next.map { min($0, time) } ?? time
      }
      number &+= 1
    }
    return next
  }
}

/// The chains that were found, and their times.
struct FunnelReport: ~Copyable {
  private struct Entry: BitwiseCopyable {
    var chain: ks_funnel_chain
    var times: Int
  }

  private(set) var count = 0
  private(set) var timeCount = 0
  private var entries: Scratch<Entry>
  private var times: Scratch<Int64>

  init(_ limits: inout Limits) throws(Failure) {
    let entries = try Scratch<Entry>(256, &limits)
    let times = try Scratch<Int64>(1024, &limits)
    self.entries = entries
    self.times = times
  }

  mutating func append(_ chain: FunnelChain, of user: Int64, _ limits: inout Limits) throws(Failure) {
    if count == entries.capacity { try entries.grow(to: count &* 2, keeping: count, &limits) }
    if timeCount &+ Int(KS_MAX_STEPS) > times.capacity {
      try times.grow(to: times.capacity &* 2, keeping: timeCount, &limits)
    }
    entries.base[count] = Entry(
      chain: ks_funnel_chain(
        user: user, held: chain.first.held, value: chain.first.value,
        depth: Int32(truncatingIfNeeded: chain.depth), padding: 0),
      times: timeCount)
    count &+= 1
    var step = 0
    while step < chain.depth {
      times.base[timeCount] = chain.moments[Int(chain.rows[step])].time
      timeCount &+= 1
      step &+= 1
    }
  }

  /// Writes all in the order of user, a user's in the order of time.
  ///
  /// - Complexity: O(chains + times); scratch 32 bytes a chain.
  mutating func write(
    _ chains: UnsafeMutablePointer<ks_funnel_chain>, _ told: UnsafeMutablePointer<Int64>,
    _ limits: inout Limits
  ) throws(Failure) {
    if count >= Int(UInt32.max) { throw .tooManyRows }
    var order = try Scratch<KeyedRow>(count, &limits)
    var row = 0
    while row < count {
      order.base[row] = KeyedRow(key: entries.base[row].chain.user, row: UInt32(truncatingIfNeeded: row))
      row &+= 1
    }
    try radixSort(&order, count: count, &limits)
    var written = 0
    row = 0
    while row < count {
      try limits.poll(row: row)
      let entry = entries.base[Int(order.base[row].row)]
      let depth = Int(entry.chain.depth)
      chains[row] = entry.chain
      memcpy(told + written, times.base + entry.times, depth &* MemoryLayout<Int64>.stride)
      written &+= depth
      row &+= 1
    }
  }
}
