import CKernels
import Kernels
import Testing

/// Which users and places a set holds, in order.
private func contents(_ set: PlaceSet) -> [[Int64]] {
  var all: [[Int64]] = []
  for number in set.tables.indices {
    for slot in set.packed(number) {
      for place in 0..<64 where (slot.bits >> UInt64(place)) & 1 != 0 {
        all.append([slot.user, Int64(number * 64 + place)])
      }
    }
  }
  return all.sorted { $0.lexicographicallyPrecedes($1) }
}

struct PlacesTests {
  // Keys that collide in a bad hash: neighbours, high halves, multiples of a page, the ends of the range.
  @Test("a set holds what was added, whatever the users' numbers", arguments: 0..<5)
  func keys(kind: Int) {
    var numbers = SeededNumbers(seed: kind)
    var rows = (0..<20_000).map { (row: Int64) -> (user: Int64, place: Int) in
      let user: Int64 =
        switch kind {
        case 0: row
        case 1: row << 32
        case 2: .min + row * 4096
        case 3: .max - row
        default: Int64(truncatingIfNeeded: numbers.next())
        }
      return (user, Int.random(in: 0..<200, using: &numbers))
    }
    rows += rows.prefix(5000)
    let expected = Set(rows.map { [$0.user, Int64($0.place)] }).sorted { $0.lexicographicallyPrecedes($1) }
    rows.shuffle(using: &numbers)
    #expect(contents(PlaceSet(places: 200, rows)) == expected)
  }

  @Test("sets of several workers together are the set of all rows", arguments: 1...4)
  func merging(workers: Int) {
    var numbers = SeededNumbers(seed: workers)
    let rows = (0..<30_000).map { _ in
      (user: Int64.random(in: -4000...4000, using: &numbers), place: Int.random(in: 0..<150, using: &numbers))
    }
    let merged = PlaceSet(places: 150)
    for worker in 0..<workers {
      let own = rows.indices.filter { $0 % workers == worker }.map { rows[$0] }
      merged.merge(PlaceSet(places: 150, own))
    }
    #expect(contents(merged) == contents(PlaceSet(places: 150, rows)))
  }

  @Test("slots in the order of their hash do not pile up: 400,000 users merge into a small table in time")
  func clusters() {
    let many = PlaceSet(places: 1, (0..<400_000).map { (user: Int64($0), place: 0) })
    let few = PlaceSet(places: 1, (400_000..<400_010).map { (user: Int64($0), place: 0) })
    let clock = ContinuousClock()
    #expect(clock.measure { few.merge(many) } < .seconds(2))
    #expect(few.tables[0].count == 400_010)
  }

  @Test("a place without a table and a table without room are refused, a raised flag stops")
  func refusals() {
    let set = PlaceSet(places: 64, [(user: 1, place: 0)])
    var tables = set.tables
    var done: Int64 = 0
    for place in [Int32(64), -1, .max, .min] {
      let row = ks_user_place(user: 1, place: place, padding: 0)
      let status = withUnsafePointer(to: row) { row in
        withLimits { ks_places_add(row, 1, &tables, 1, $0, &done) }
      }
      #expect(status == KS_BAD_ARGUMENT)
    }
    let slots = (0..<16).map { ks_user_bits(user: $0, bits: 1) }
    #expect(withLimits { ks_places_merge(slots, 16, &tables[0], $0) } == KS_BAD_ARGUMENT)
    #expect(withLimits(stopped: true) { ks_places_merge(slots, 16, &tables[0], $0) } == KS_STOPPED)
    let row = ks_user_place(user: 2, place: 0, padding: 0)
    #expect(
      withUnsafePointer(to: row) { row in
        withLimits(stopped: true) { ks_places_add(row, 1, &tables, 1, $0, &done) }
      } == KS_STOPPED)
  }
}
