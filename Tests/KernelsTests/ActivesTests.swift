import CKernels
import Kernels
import Testing

private typealias Visit = (user: Int64, place: Int)

/// Places 0..<history are the days before the range; the result has a row a window.
private func rolling(_ set: PlaceSet, history: Int, days: Int, _ windows: [Int32]) -> [[Int64]] {
  let counts = [Int64](unsafeUninitializedCapacity: windows.count * days) { buffer, used in
    let status = withLimits {
      ks_rolling_users(
        set.tables, Int32(set.tables.count), Int32(history), Int32(days), windows, Int32(windows.count), $0,
        buffer.baseAddress!)
    }
    #expect(status == KS_OK)
    used = windows.count * days
  }
  return windows.indices.map { Array(counts[$0 * days..<($0 + 1) * days]) }
}

/// The definition itself: a set of users for each window.
private func obvious(_ visits: [Visit], history: Int, days: Int, _ windows: [Int32]) -> [[Int64]] {
  let users = Dictionary(grouping: visits, by: \.place).mapValues { Set($0.map(\.user)) }
  return windows.map { window in
    (history..<history + days).map { last in
      Int64(
        (max(last - Int(window) + 1, 0)...last).reduce(into: Set()) { $0.formUnion(users[$1] ?? []) }.count)
    }
  }
}

struct ActivesTests {
  @Test("a user counts once in every window that holds one of its days")
  func example() {
    // User 1 on days 0, 3 and 4 of the range, user 2 two days before it and on day 4.
    let set = PlaceSet(places: 8, [(1, 2), (1, 5), (1, 6), (2, 0), (2, 6)])
    #expect(
      rolling(set, history: 2, days: 6, [1, 2, 3]) == [
        [1, 0, 0, 1, 2, 0], [1, 1, 0, 1, 2, 2], [2, 1, 1, 1, 2, 2],
      ])
  }

  @Test("nobody at all: every day is zero")
  func nobody() {
    #expect(
      rolling(PlaceSet(places: 36), history: 6, days: 30, [1, 7])
        == .init(repeating: .init(repeating: 0, count: 30), count: 2))
  }

  @Test("one row counts for as many days as the window is long")
  func oneRow() {
    let counts = rolling(PlaceSet(places: 129, [(.min, 29)]), history: 29, days: 100, [1, 7, 30])
    #expect(counts.map { $0.reduce(0, +) } == [1, 7, 30])
    #expect(counts.allSatisfy { $0[0] == 1 })
  }

  @Test("a user of every day is one user of every window")
  func everyDay() {
    let set = PlaceSet(places: 395, (0..<395).map { (.max, $0) })
    #expect(rolling(set, history: 29, days: 366, [1, 2, 7, 30]).allSatisfy { $0.allSatisfy { $0 == 1 } })
  }

  @Test(
    "a range of one day, and windows much longer than the range", arguments: [1, 2, 63, 64, 65, 128, 1000])
  func longWindows(window: Int) {
    let oldest = PlaceSet(places: window, [(7, 0)])
    #expect(
      rolling(oldest, history: window - 1, days: 1, [Int32(window), 1]) == [[1], [window == 1 ? 1 : 0]])
    let newest = PlaceSet(places: window, [(7, window - 1)])
    #expect(rolling(newest, history: window - 1, days: 1, [Int32(window), 1]) == [[1], [1]])
  }

  // For 150 seeds: users of all habits, ranges up to 200 days, windows up to 200 days, many rows twice.
  @Test(
    "windows hold whom sets of users hold; order, parts, new names and repetition do not matter",
    arguments: 0..<150)
  func reference(seed: Int) {
    var numbers = SeededNumbers(seed: seed)
    let windows = (0..<Int.random(in: 1...5, using: &numbers)).map { _ in
      Int32.random(in: 1...[3, 40, 200].randomElement(using: &numbers)!, using: &numbers)
    }
    let history = Int(windows.max()!) - 1
    let days = Int.random(in: 1...[2, 70, 200].randomElement(using: &numbers)!, using: &numbers)
    let rows = Int.random(in: 0...[10, 200, 3000].randomElement(using: &numbers)!, using: &numbers)
    var visits = (0..<rows).map { _ -> Visit in
      (Int64.random(in: -20...20, using: &numbers), Int.random(in: 0..<history + days, using: &numbers))
    }
    let expected = obvious(visits, history: history, days: days, windows)
    #expect(
      rolling(PlaceSet(places: history + days, visits), history: history, days: days, windows) == expected)

    visits += visits.prefix(rows / 2)
    visits.shuffle(using: &numbers)
    let parts = PlaceSet(places: history + days)
    for part in 0..<3 {
      parts.merge(
        PlaceSet(places: history + days, visits.indices.filter { $0 % 3 == part }.map { visits[$0] }))
    }
    #expect(rolling(parts, history: history, days: days, windows) == expected)

    let renamed = visits.map { (user: ($0.user &* 0x5851_F42D_4C95_7F2D) ^ .min, place: $0.place) }
    #expect(
      rolling(PlaceSet(places: history + days, renamed), history: history, days: days, windows) == expected)
  }

  @Test("as many days later, the counts are as many days later", arguments: [1, 5, 63, 64, 100])
  func shifted(by shift: Int) {
    var numbers = SeededNumbers(seed: shift)
    let visits = (0..<2000).map { _ -> Visit in
      (Int64.random(in: 0..<100, using: &numbers), Int.random(in: 0..<90, using: &numbers))
    }
    let plain = rolling(PlaceSet(places: 96, visits), history: 6, days: 90, [1, 7])
    let later = rolling(
      PlaceSet(places: 96 + shift, visits.map { (user: $0.user, place: $0.place + shift) }), history: 6,
      days: 90 + shift, [1, 7])
    #expect(later.map { Array($0.dropFirst(shift)) } == plain)
  }

  @Test("two million rows")
  func many() {
    var numbers = SeededNumbers(seed: 1)
    let visits = (0..<2_000_000).map { row -> Visit in
      (Int64.random(in: 0..<100_000, using: &numbers), row / 20_000)
    }
    #expect(
      rolling(PlaceSet(places: 100, visits), history: 6, days: 94, [1, 7])
        == obvious(visits, history: 6, days: 94, [1, 7]))
  }

  @Test("windows and ranges that do not fit are refused; a raised flag and too little memory are statuses")
  func refusals() {
    let set = PlaceSet(places: 64, (0..<5000).map { (Int64($0), $0 % 64) })
    var counts = [Int64](repeating: 0, count: 64)
    func status(
      _ history: Int32, _ days: Int32, _ windows: [Int32], memory: Int64 = 1 << 20, stopped: Bool = false
    ) -> ks_status {
      withLimits(memory: memory, stopped: stopped) {
        ks_rolling_users(set.tables, 1, history, days, windows, Int32(windows.count), $0, &counts)
      }
    }
    #expect(status(0, 64, [1]) == KS_OK)
    #expect(status(0, 65, [1]) == KS_BAD_ARGUMENT)
    #expect(status(0, 0, [1]) == KS_BAD_ARGUMENT)
    #expect(status(0, 64, [0]) == KS_BAD_ARGUMENT)
    #expect(status(0, 64, [-1]) == KS_BAD_ARGUMENT)
    #expect(status(0, 64, [2]) == KS_BAD_ARGUMENT)
    #expect(status(0, 2, .init(repeating: 1, count: 17)) == KS_BAD_ARGUMENT)
    #expect(status(0, 64, [1], memory: 500) == KS_MEMORY_LIMIT)
    #expect(status(0, 64, [1], stopped: true) == KS_STOPPED)
  }
}
