import CKernels

/// An event of one user: when, which steps it can be, which standing chains it ends, and its values.
struct Moment: BitwiseCopyable {
  var time: Int64
  var steps: UInt32
  var exclusions: UInt32
  var held: UInt32
  var value: UInt32

  /// The order in which a funnel takes events: those of one held value by themselves; by time; at one instant by
  /// the lowest step, those without a step last; then by whatever else they differ in.
  ///
  /// Total up to events that are alike, so row order cannot matter.
  @inline(__always)
  static func < (a: Moment, b: Moment) -> Bool {
    if a.held != b.held { return a.held < b.held }
    if a.time != b.time { return a.time < b.time }
    let (first, second) = (a.steps.trailingZeroBitCount, b.steps.trailingZeroBitCount)
    if first != second { return first < second }
    if a.steps != b.steps { return a.steps < b.steps }
    return a.exclusions != b.exclusions ? a.exclusions < b.exclusions : a.value < b.value
  }
}

/// Makes one moment of all that share an instant and a held value; returns how many remain.
///
/// It can be each of their steps and ends what any of them ends; its value is that of the first of them.
/// - Complexity: O(*n*), in place; the moments must be sorted.
func joinInstants(_ moments: UnsafeMutablePointer<Moment>, _ count: Int, _ limits: Limits) throws(Failure)
  -> Int
{
  if count == 0 { return 0 }
  var last = 0
  var row = 1
  while row < count {
    try limits.poll(row: row)
    if moments[row].time == moments[last].time && moments[row].held == moments[last].held {
      moments[last].steps |= moments[row].steps
      moments[last].exclusions |= moments[row].exclusions
    } else {
      last &+= 1
      moments[last] = moments[row]
    }
    row &+= 1
  }
  return last &+ 1
}

/// Sorts moments: runs of 24 by insertion, merged upwards; sorted input is only looked at.
///
/// - Complexity: O(*n* log *n*) time; `spare` grows to *n* beyond 24.
func sort(
  _ moments: UnsafeMutablePointer<Moment>, _ count: Int, _ spare: inout Scratch<Moment>,
  _ limits: inout Limits
) throws(Failure) {
  if isSorted(moments, count) { return }
  var begin = 0
  while begin < count {
    if begin & 8191 == 0 { try limits.poll() }
    insertionSort(moments + begin, min(24, count &- begin))
    begin &+= 24
  }
  if count <= 24 { return }
  if spare.capacity < count { try spare.grow(to: count, keeping: 0, &limits) }
  var (from, to) = (moments, spare.base)
  var width = 24
  while width < count {
    var start = 0
    while start < count {
      let middle = min(start &+ width, count)
      let end = min(middle &+ width, count)
      try merge(from, start, middle, end, into: to, limits)
      start = end
    }
    swap(&from, &to)
    width &*= 2
  }
  if from != moments { memcpy(moments, from, count &* MemoryLayout<Moment>.stride) }
}

@inline(__always)
private func isSorted(_ moments: UnsafePointer<Moment>, _ count: Int) -> Bool {
  var row = 1
  while row < count {
    if moments[row] < moments[row &- 1] { return false }
    row &+= 1
  }
  return true
}

private func insertionSort(_ moments: UnsafeMutablePointer<Moment>, _ count: Int) {
  var row = 1
  while row < count {
    let moment = moments[row]
    var place = row
    while place > 0 && moment < moments[place &- 1] {
      moments[place] = moments[place &- 1]
      place &-= 1
    }
    moments[place] = moment
    row &+= 1
  }
}

/// Merges the sorted rows start..<middle and middle..<end of `from` into the same places of `to`.
private func merge(
  _ from: UnsafePointer<Moment>, _ start: Int, _ middle: Int, _ end: Int,
  into to: UnsafeMutablePointer<Moment>,
  _ limits: Limits
) throws(Failure) {
  var (left, right, place) = (start, middle, start)
  while place < end {
    try limits.poll(row: place)
    if left < middle && (right >= end || !(from[right] < from[left])) {
      to[place] = from[left]
      left &+= 1
    } else {
      to[place] = from[right]
      right &+= 1
    }
    place &+= 1
  }
}
