import CKernels

/// Finds users in one table of a set of (user, place) pairs.
///
/// The home of a user is given by the high bits of its hash. So tables of all sizes hold users in the same order,
/// and whoever walks one table meets the users of another in the order of memory.
struct PlaceTable {
  private let slots: UnsafeMutablePointer<ks_user_bits>
  private let mask: Int
  private let shift: UInt64

  /// `nil` for a table without slots.
  @inline(__always)
  init?(_ table: ks_place_table) {
    guard let slots = table.slots else { return nil }
    self.slots = slots
    mask = Int(table.capacity) &- 1
    shift = UInt64(table.capacity.leadingZeroBitCount &+ 1)
  }

  /// The slot of `user`, or the empty one where it belongs. There is always an empty slot.
  /// - Complexity: O(1) expected.
  @inline(__always)
  func slot(of user: Int64) -> UnsafeMutablePointer<ks_user_bits> {
    var place = home(of: user)
    while slots[place].bits != 0 && slots[place].user != user { place = (place &+ 1) & mask }
    return slots + place
  }

  /// The places of `user` as bits; 0 if it is not here.
  @inline(__always)
  func bits(of user: Int64) -> UInt64 {
    slot(of: user).pointee.bits
  }

  @inline(__always)
  func prefetch(_ user: Int64) {
    ks_prefetch(slots + home(of: user))
  }

  /// Fibonacci hashing of the folded key, as in `KeyIndex`.
  @inline(__always)
  private func home(of user: Int64) -> Int {
    let bits = UInt64(bitPattern: user)
    return Int(truncatingIfNeeded: ((bits ^ (bits &>> 32)) &* 0x9E37_79B9_7F4A_7C15) &>> shift)
  }
}

extension ks_place_table {
  /// The places of `user` as bits; 0 if it is not here.
  @inline(__always)
  func bits(of user: Int64) -> UInt64 {
    PlaceTable(self)?.bits(of: user) ?? 0
  }
}

/// How many rows ahead a slot is fetched, which hides the way to memory behind the rows before.
private var prefetchDistance: Int { 12 }

/// Adds rows to their tables; returns how many were added before a table was full.
/// - Throws: `badArgument` if a place has no table.
/// - Complexity: O(rows) expected; allocates nothing.
private func add(
  _ rows: UnsafePointer<ks_user_place>, _ count: Int, to tables: UnsafeMutablePointer<ks_place_table>,
  _ tableCount: Int, _ limits: Limits
) throws(Failure) -> Int {
  var row = 0
  while row < count {
    try limits.poll(row: row)
    let ahead = rows[min(row &+ prefetchDistance, count &- 1)]
    let (number, aheadNumber) = (Int(rows[row].place) &>> 6, Int(ahead.place) &>> 6)
    if number < 0 || number >= tableCount || aheadNumber < 0 || aheadNumber >= tableCount {
      throw .badArgument
    }
    PlaceTable(tables[aheadNumber])?.prefetch(ahead.user)
    guard let table = PlaceTable(tables[number]) else { return row }
    let slot = table.slot(of: rows[row].user)
    if slot.pointee.bits == 0 {
      if ks_table_is_full(tables + number, 1) { return row }
      slot.pointee.user = rows[row].user
      tables[number].count &+= 1
    }
    slot.pointee.bits |= 1 &<< UInt64(truncatingIfNeeded: rows[row].place & 63)
    row &+= 1
  }
  return count
}

/// Adds the slots of another table.
/// - Throws: `badArgument` if the table has no room for all of them. The room is asked for beforehand: slots come in
///   the order of their hash, and would pile up at the beginning of a table that is too small for them.
/// - Complexity: O(slots) expected; allocates nothing.
private func merge(
  _ slots: UnsafePointer<ks_user_bits>, _ count: Int, into table: inout ks_place_table, _ limits: Limits
) throws(Failure) {
  guard let places = PlaceTable(table) else {
    if count == 0 { return }
    throw .badArgument
  }
  var row = 0
  while row < count {
    try limits.poll(row: row)
    let other = slots[row]
    row &+= 1
    if other.bits == 0 { continue }
    let slot = places.slot(of: other.user)
    if slot.pointee.bits == 0 {
      if ks_table_is_full(&table, 1) { throw .badArgument }
      slot.pointee.user = other.user
      table.count &+= 1
    }
    slot.pointee.bits |= other.bits
  }
}

// The C entries, as kernels.h declares them.

@c @implementation
public func ks_places_add(
  _ rows: UnsafePointer<ks_user_place>, _ count: Int64, _ tables: UnsafeMutablePointer<ks_place_table>,
  _ tableCount: Int32, _ limits: UnsafePointer<ks_limits>, _ done: UnsafeMutablePointer<Int64>
) -> ks_status {
  do throws(Failure) {
    done.pointee = Int64(try add(rows, Int(count), to: tables, Int(tableCount), Limits(limits)))
    return KS_OK
  } catch {
    return error.status
  }
}

@c @implementation
public func ks_places_merge(
  _ slots: UnsafePointer<ks_user_bits>, _ count: Int64, _ table: UnsafeMutablePointer<ks_place_table>,
  _ limits: UnsafePointer<ks_limits>
) -> ks_status {
  do throws(Failure) {
    try merge(slots, Int(count), into: &table.pointee, Limits(limits))
    return KS_OK
  } catch {
    return error.status
  }
}

@c @implementation
public func ks_places_pack(
  _ table: UnsafePointer<ks_place_table>, _ limits: UnsafePointer<ks_limits>,
  _ packed: UnsafeMutablePointer<ks_user_bits>
) -> ks_status {
  guard let slots = table.pointee.slots else { return KS_OK }
  do throws(Failure) {
    var (place, written) = (0, 0)
    while place < Int(table.pointee.capacity) {
      try Limits(limits).poll(row: place)
      if slots[place].bits != 0 {
        packed[written] = slots[place]
        written &+= 1
      }
      place &+= 1
    }
    return KS_OK
  } catch {
    return error.status
  }
}
