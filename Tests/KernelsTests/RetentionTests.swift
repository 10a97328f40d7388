import CKernels
import Kernels
import Testing

private typealias Visit = (user: Int64, place: Int)

private struct Retention: Equatable {
  var cohortUsers: [Int64]
  var on: [[Int64]]
  var onOrAfter: [[Int64]]
}

private func retention(entries: PlaceSet, activity: PlaceSet, periods: Int) -> Retention {
  var users = [Int64](repeating: -1, count: periods)
  var on = [Int64](repeating: -1, count: periods * periods)
  var after = on
  let status = withLimits {
    ks_cohort_users(
      entries.tables, activity.tables, Int32(activity.tables.count), Int32(periods), $0, &users, &on, &after)
  }
  #expect(status == KS_OK)
  func rows(_ cells: [Int64]) -> [[Int64]] {
    (0..<periods).map { Array(cells[$0 * periods..<($0 + 1) * periods]) }
  }
  return Retention(cohortUsers: users, on: rows(on), onOrAfter: rows(after))
}

/// The definition itself: for each cohort and period, a filter over its users.
private func obvious(entries: [Visit], activity: [Visit], periods: Int) -> Retention {
  let cohorts = Dictionary(grouping: entries, by: \.user).mapValues { $0.map(\.place).min()! }
  let places = Dictionary(grouping: activity, by: \.user).mapValues { Set($0.map(\.place)) }
  var result = Retention(
    cohortUsers: .init(repeating: 0, count: periods),
    on: .init(repeating: .init(repeating: 0, count: periods), count: periods), onOrAfter: [])
  result.onOrAfter = result.on
  for cohort in 0..<periods {
    let users = cohorts.filter { $0.value == cohort + 1 }.keys
    result.cohortUsers[cohort] = Int64(users.count)
    for number in 0..<periods - cohort {
      let place = cohort + 1 + number
      result.on[cohort][number] = Int64(users.count { places[$0]?.contains(place) ?? false })
      result.onOrAfter[cohort][number] = Int64(
        users.count { places[$0]?.contains { $0 >= place && $0 <= periods } ?? false })
    }
  }
  return result
}

struct RetentionTests {
  @Test("users count in the row of the period they first came in")
  func example() {
    // Place 0 is before the range: user 9 is not new. User 1 comes in period 0 and again in 2, user 2 in 1 and 2.
    let set = PlaceSet(places: 4, [(9, 0), (9, 1), (1, 1), (1, 3), (2, 2), (2, 3)])
    let counts = retention(entries: set, activity: set, periods: 3)
    #expect(counts.cohortUsers == [1, 1, 0])
    #expect(counts.on == [[1, 0, 1], [1, 1, 0], [0, 0, 0]])
    #expect(counts.onOrAfter == [[1, 1, 1], [1, 1, 0], [0, 0, 0]])
  }

  @Test("an entry is no activity, and activity before the entry does not count")
  func entries() {
    let entries = PlaceSet(places: 5, [(1, 2), (1, 4), (2, 1)])
    let activity = PlaceSet(places: 5, [(1, 1), (1, 3), (3, 3)])
    let counts = retention(entries: entries, activity: activity, periods: 4)
    #expect(counts.cohortUsers == [1, 1, 0, 0])
    #expect(counts.on == [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    #expect(counts.onOrAfter[1] == [1, 1, 0, 0])
  }

  @Test("nobody, and one period")
  func small() {
    let nobody = retention(entries: PlaceSet(places: 3), activity: PlaceSet(places: 3), periods: 2)
    #expect(nobody == obvious(entries: [], activity: [], periods: 2))
    let one = PlaceSet(places: 2, [(.min, 1), (.max, 0)])
    #expect(
      retention(entries: one, activity: one, periods: 1)
        == Retention(cohortUsers: [1], on: [[1]], onOrAfter: [[1]]))
  }

  // For 120 seeds: up to 200 periods, entries and visits of their own or together, many rows twice.
  @Test(
    "cohorts keep whom sets of users keep; order, parts, new names and repetition do not matter",
    arguments: 0..<120)
  func reference(seed: Int) {
    var numbers = SeededNumbers(seed: seed)
    let periods = Int.random(in: 1...[3, 62, 63, 64, 200].randomElement(using: &numbers)!, using: &numbers)
    func visits(_ most: Int) -> [Visit] {
      (0..<Int.random(in: 0...most, using: &numbers)).map { _ in
        (Int64.random(in: -60...60, using: &numbers), Int.random(in: 0...periods, using: &numbers))
      }
    }
    let alone = seed % 2 == 0
    var activity = visits([5, 200, 2000][seed % 3])
    var entries = alone ? activity : visits(150)
    let expected = obvious(entries: entries, activity: activity, periods: periods)

    func counted(_ entries: [Visit], _ activity: [Visit]) -> Retention {
      let activitySet = PlaceSet(places: periods + 1, activity)
      return retention(
        entries: alone ? activitySet : PlaceSet(places: periods + 1, entries), activity: activitySet,
        periods: periods)
    }
    #expect(counted(entries, activity) == expected)
    activity += activity.prefix(activity.count / 2)
    activity.shuffle(using: &numbers)
    entries += entries
    entries.shuffle(using: &numbers)
    #expect(counted(entries, activity) == expected)
    func renamed(_ rows: [Visit]) -> [Visit] {
      rows.map { (user: ($0.user &* 0x5851_F42D_4C95_7F2D) ^ .min, place: $0.place) }
    }
    #expect(counted(renamed(entries), renamed(activity)) == expected)
    let parts = PlaceSet(places: periods + 1)
    for part in 0..<3 {
      parts.merge(
        PlaceSet(places: periods + 1, activity.indices.filter { $0 % 3 == part }.map { activity[$0] }))
    }
    let partEntries = alone ? parts : PlaceSet(places: periods + 1, entries)
    #expect(retention(entries: partEntries, activity: parts, periods: periods) == expected)
  }

  @Test("periods that the tables do not hold are refused, a raised flag stops")
  func refusals() {
    let set = PlaceSet(places: 64, (0..<5000).map { (Int64($0), $0 % 64) })
    var users = [Int64](repeating: 0, count: 64)
    var (on, after) = ([Int64](repeating: 0, count: 4096), [Int64](repeating: 0, count: 4096))
    func status(_ periods: Int32, stopped: Bool = false) -> ks_status {
      withLimits(stopped: stopped) {
        ks_cohort_users(set.tables, set.tables, 1, periods, $0, &users, &on, &after)
      }
    }
    #expect(status(63) == KS_OK)
    #expect(status(64) == KS_BAD_ARGUMENT)
    #expect(status(0) == KS_BAD_ARGUMENT)
    #expect(status(-1) == KS_BAD_ARGUMENT)
    #expect(status(10, stopped: true) == KS_STOPPED)
  }
}
