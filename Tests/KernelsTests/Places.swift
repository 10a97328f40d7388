import CKernels
import Kernels
import Testing

/// A set of (user, place) in tables as the glue keeps them: they start small and double when they are full.
final class PlaceSet {
  private(set) var tables: [ks_place_table]

  init(places: Int) {
    tables = .init(repeating: ks_place_table(slots: nil, capacity: 0, count: 0), count: (places + 63) / 64)
  }

  convenience init(places: Int, _ rows: [(user: Int64, place: Int)]) {
    self.init(places: places)
    add(rows)
  }

  func add(_ rows: [(user: Int64, place: Int)]) {
    let packed = rows.map { ks_user_place(user: $0.user, place: Int32($0.place), padding: 0) }
    var added = 0
    while added < packed.count {
      var done: Int64 = 0
      let status = packed.withUnsafeBufferPointer { rows in
        withLimits { limits in
          ks_places_add(
            rows.baseAddress! + added, Int64(rows.count - added), &tables, Int32(tables.count), limits, &done)
        }
      }
      #expect(status == KS_OK)
      added += Int(done)
      if added < packed.count { reserve(Int(packed[added].place) / 64, 1) }
    }
  }

  /// Adds another set as a parallel worker sends it: only the slots in use, one after the other.
  func merge(_ other: PlaceSet) {
    for number in tables.indices {
      let slots = other.packed(number)
      reserve(number, slots.count)
      let status = slots.withUnsafeBufferPointer { slots in
        withLimits { limits in
          slots.baseAddress.map { ks_places_merge($0, Int64(slots.count), &tables[number], limits) } ?? KS_OK
        }
      }
      #expect(status == KS_OK)
    }
  }

  func packed(_ number: Int) -> [ks_user_bits] {
    let count = Int(tables[number].count)
    return [ks_user_bits](unsafeUninitializedCapacity: count) { buffer, used in
      let status = buffer.baseAddress.map { base in
        withLimits { ks_places_pack(&tables[number], $0, base) }
      }
      #expect((status ?? KS_OK) == KS_OK)
      used = count
    }
  }

  private func reserve(_ number: Int, _ users: Int) {
    let old = tables[number]
    var capacity = max(Int(old.capacity), 16)
    while (Int(old.count) + users) * 8 > capacity * 5 { capacity *= 2 }
    if capacity == Int(old.capacity) { return }
    let slots = UnsafeMutablePointer<ks_user_bits>.allocate(capacity: capacity)
    slots.initialize(repeating: ks_user_bits(user: -1, bits: 0), count: capacity)
    tables[number] = ks_place_table(slots: slots, capacity: Int64(capacity), count: 0)
    if let before = old.slots {
      #expect(withLimits { ks_places_merge(before, old.capacity, &tables[number], $0) } == KS_OK)
      before.deallocate()
    }
  }

  deinit {
    for table in tables { table.slots?.deallocate() }
  }
}
