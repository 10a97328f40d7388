import CKernels
import Kernels
import Testing

private typealias Visit = (user: Int64, place: Int)

/// Users that count as others, in a table as the glue makes it: empty, and with room for all of them unless told otherwise.
private final class Renames {
  private(set) var status: ks_status
  private var renames: ks_renames
  private let users: [Int64]
  private let others: UnsafeMutablePointer<Int64>
  private let isNobody: UnsafeMutablePointer<Bool>

  init(_ pairs: [(user: Int64, other: Int64?)], capacity: Int? = nil, stopped: Bool = false) {
    users = pairs.map(\.user)
    others = .allocate(capacity: max(pairs.count, 1))
    isNobody = .allocate(capacity: max(pairs.count, 1))
    for (number, pair) in pairs.enumerated() {
      (others + number).initialize(to: pair.other ?? 0)
      (isNobody + number).initialize(to: pair.other == nil)
    }
    var slots = 16
    while pairs.count * 8 > slots * 5 { slots *= 2 }
    slots = capacity ?? slots
    var table = ks_place_table(slots: nil, capacity: 0, count: 0)
    if slots > 0 {
      let place = UnsafeMutablePointer<ks_user_bits>.allocate(capacity: slots)
      place.initialize(repeating: ks_user_bits(user: 0, bits: 0), count: slots)
      table = ks_place_table(slots: place, capacity: Int64(slots), count: 0)
    }
    let count = Int64(pairs.count)
    // The base address of an empty array may be null, which the border does not allow.
    status = (users.isEmpty ? [0] : users).withUnsafeBufferPointer { users in
      withLimits(stopped: stopped) { ks_renames_fill(users.baseAddress!, count, &table, $0) }
    }
    renames = ks_renames(table: table, others: others, is_nobody: isNobody)
  }

  /// How many different users have a new name.
  var count: Int64 { renames.table.count }

  func apply(to visits: [Visit]) -> [[Int64]] {
    var rows = visits.map { ks_user_place(user: $0.user, place: Int32($0.place), padding: 0) }
    let kept = rows.withUnsafeMutableBufferPointer { rows in
      rows.baseAddress.map { ks_places_rename($0, Int64(rows.count), &renames) } ?? 0
    }
    return rows.prefix(Int(kept)).map { [$0.user, Int64($0.place)] }
  }

  deinit {
    renames.table.slots?.deallocate()
    others.deallocate()
    isNobody.deallocate()
  }
}

struct RenamesTests {
  private let visits: [Visit] = [(1, 5), (2, 5), (3, 6), (1, 7), (.min, 8), (0, 0), (.max, 9)]

  @Test("a user becomes another, or nobody; the rest stays, in order")
  func example() {
    let renames = Renames([(1, 2), (3, nil), (.min, .max), (99, 1)])
    #expect(renames.status == KS_OK)
    #expect(renames.apply(to: visits) == [[2, 5], [2, 5], [2, 7], [.max, 8], [0, 0], [.max, 9]])
  }

  @Test("a new name is not looked up again: chains and circles are one step long")
  func chains() {
    let renames = Renames([(1, 2), (2, 3), (3, 1), (0, 0)])
    #expect(
      renames.apply(to: visits) == [[2, 5], [3, 5], [1, 6], [2, 7], [.min, 8], [0, 0], [.max, 9]])
  }

  @Test("of a user that comes twice the first name counts")
  func twice() {
    let renames = Renames([(1, 7), (1, nil), (3, nil), (3, 8)])
    #expect(renames.count == 2)
    #expect(renames.apply(to: [(1, 0), (3, 0)]) == [[7, 0]])
  }

  @Test("without names every row stays, without rows none")
  func nothing() {
    #expect(Renames([]).apply(to: visits).count == visits.count)
    let withoutTable = Renames([], capacity: 0)
    #expect(withoutTable.status == KS_OK)
    #expect(withoutTable.apply(to: visits).count == visits.count)
    #expect(Renames([(1, 2)]).apply(to: []).isEmpty)
    #expect(Renames([(1, nil)]).apply(to: [(1, 0), (1, 1)]).isEmpty)
  }

  @Test("a table without room is refused, and not searched for ever", arguments: [0, 16])
  func noRoom(capacity: Int) {
    #expect(Renames((0..<20).map { ($0, $0 + 1) }, capacity: capacity).status == KS_BAD_ARGUMENT)
  }

  @Test("filling stops when it is told to")
  func stopped() {
    #expect(Renames((0..<100_000).map { ($0, nil) }, stopped: true).status == KS_STOPPED)
  }

  // Property: renaming row by row by a dictionary gives the same rows, whatever the users' numbers.
  @Test("as a dictionary of the first names", arguments: 0..<4)
  func dictionary(seed: Int) {
    var numbers = SeededNumbers(seed: seed)
    let range: ClosedRange<Int64> = seed % 2 == 0 ? -3000...3000 : .min ... .max
    let users = (0..<4000).map { _ in Int64.random(in: range, using: &numbers) }
    let pairs = (0..<5000).map { _ -> (user: Int64, other: Int64?) in
      let other = Int64.random(in: range, using: &numbers)
      return (users.randomElement(using: &numbers)!, other % 4 == 0 ? nil : other)
    }
    let names = Dictionary(pairs.map { ($0.user, $0.other) }) { first, _ in first }
    let visits = (0..<20_000).map { place -> Visit in
      (place % 3 == 0 ? Int64.random(in: range, using: &numbers) : users[place % users.count], place)
    }
    let expected = visits.compactMap { visit -> [Int64]? in
      guard let name = names[visit.user] else { return [visit.user, Int64(visit.place)] }
      return name.map { [$0, Int64(visit.place)] }
    }
    #expect(expected.count < visits.count)
    let renames = Renames(pairs)
    #expect(renames.count == Int64(names.count))
    #expect(renames.apply(to: visits) == expected)
  }
}
