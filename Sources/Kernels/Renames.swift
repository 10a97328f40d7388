import CKernels

/// Fills a table with users and their numbers from 1 on.
/// - Throws: `badArgument` if the table has no room for all of them.
/// - Complexity: O(users) expected; allocates nothing.
private func fill(
  _ users: UnsafePointer<Int64>, _ count: Int, into table: inout ks_place_table, _ limits: Limits
) throws(Failure) {
  guard let places = PlaceTable(table) else {
    if count == 0 { return }
    throw .badArgument
  }
  var number = 0
  while number < count {
    try limits.poll(row: number)
    let slot = places.slot(of: users[number])
    if slot.pointee.bits == 0 {
      if ks_table_is_full(&table, 1) { throw .badArgument }
      slot.pointee = ks_user_bits(user: users[number], bits: UInt64(number &+ 1))
      table.count &+= 1
    }
    number &+= 1
  }
}

// The C entries, as kernels.h declares them.

@c @implementation
public func ks_renames_fill(
  _ users: UnsafePointer<Int64>, _ count: Int64, _ table: UnsafeMutablePointer<ks_place_table>,
  _ limits: UnsafePointer<ks_limits>
) -> ks_status {
  do throws(Failure) {
    try fill(users, Int(count), into: &table.pointee, Limits(limits))
    return KS_OK
  } catch {
    return error.status
  }
}

/// Each row costs a look at a table that is small where few users are renamed; allocates nothing.
@c @implementation
public func ks_places_rename(
  _ rows: UnsafeMutablePointer<ks_user_place>, _ count: Int64, _ renames: UnsafePointer<ks_renames>
) -> Int64 {
  guard let table = PlaceTable(renames.pointee.table), let others = renames.pointee.others,
    let isNobody = renames.pointee.is_nobody
  else { return count }
  var (row, kept) = (0, 0)
  while row < Int(count) {
    let number = Int(truncatingIfNeeded: table.bits(of: rows[row].user)) &- 1
    rows[kept] = rows[row]
    row &+= 1
    if number < 0 {
      kept &+= 1
    } else if !isNobody[number] {
      rows[kept].user = others[number]
      kept &+= 1
    }
  }
  return Int64(kept)
}
