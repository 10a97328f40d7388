import CKernels

/// Sorts each run of rows with one key by the rows' values, from the first feature to the weight.
///
/// - Complexity: O(run) if all rows of a run are equal or in order, else O(run · log run · features) time; `spare` has
///   room for all rows.
func sortEqualKeysByValues(
  _ rows: UnsafeMutablePointer<PlacedRow>, _ spare: UnsafeMutablePointer<PlacedRow>,
  _ table: RowTable, _ limits: Limits
) throws(Failure) {
  let count = table.count
  var begin = 0
  var row = 1
  while row <= count {
    try limits.poll(row: row)
    if row == count || rows[row].key != rows[begin].key {
      if row &- begin > 1 { try sortRun(rows + begin, spare, row &- begin, table, limits) }
      begin = row
    }
    row &+= 1
  }
}

/// Merges upwards from runs of 16 made by insertion.
private func sortRun(
  _ rows: UnsafeMutablePointer<PlacedRow>, _ spare: UnsafeMutablePointer<PlacedRow>, _ count: Int,
  _ table: RowTable, _ limits: Limits
) throws(Failure) {
  if try isSorted(rows, count, table, limits) { return }
  var begin = 0
  while begin < count {
    if begin & 4095 == 0 { try limits.poll() }
    insertionSort(rows + begin, min(16, count &- begin), table)
    begin &+= 16
  }
  var (from, to) = (rows, spare)
  var width = 16
  while width < count {
    var start = 0
    while start < count {
      let middle = min(start &+ width, count)
      let end = min(middle &+ width, count)
      try merge(from, start, middle, end, into: to, table, limits)
      start = end
    }
    swap(&from, &to)
    width &*= 2
  }
  if from != rows { memcpy(rows, from, count &* MemoryLayout<PlacedRow>.stride) }
}

/// A total order of doubles, with NaN last; rows of equal values are alike, whatever their order.
@inline(__always)
private func isLess(_ a: PlacedRow, _ b: PlacedRow, _ table: RowTable) -> Bool {
  let (a, b) = (table[Int(a.row)], table[Int(b.row)])
  var place = 0
  while place < table.shape.stride {
    if a[place] < b[place] { return true }
    if !(a[place] == b[place]) { return a[place] == a[place] && !(a[place] > b[place]) }
    place &+= 1
  }
  return false
}

private func isSorted(
  _ rows: UnsafePointer<PlacedRow>, _ count: Int, _ table: RowTable, _ limits: Limits
) throws(Failure) -> Bool {
  var row = 1
  while row < count {
    try limits.poll(row: row)
    if isLess(rows[row], rows[row &- 1], table) { return false }
    row &+= 1
  }
  return true
}

private func insertionSort(_ rows: UnsafeMutablePointer<PlacedRow>, _ count: Int, _ table: RowTable) {
  var row = 1
  while row < count {
    let item = rows[row]
    var place = row
    while place > 0 && isLess(item, rows[place &- 1], table) {
      rows[place] = rows[place &- 1]
      place &-= 1
    }
    rows[place] = item
    row &+= 1
  }
}

/// Merges the sorted rows start..<middle and middle..<end of `from` into the same places of `to`.
private func merge(
  _ from: UnsafePointer<PlacedRow>, _ start: Int, _ middle: Int, _ end: Int,
  into to: UnsafeMutablePointer<PlacedRow>, _ table: RowTable, _ limits: Limits
) throws(Failure) {
  var (left, right, place) = (start, middle, start)
  while place < end {
    try limits.poll(row: place)
    if left < middle && (right >= end || !isLess(from[right], from[left], table)) {
      to[place] = from[left]
      left &+= 1
    } else {
      to[place] = from[right]
      right &+= 1
    }
    place &+= 1
  }
}
