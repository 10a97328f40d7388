import CKernels

/// Numbers keys densely in the order they first come: 0, 1, 2 …
///
/// A hash table with open addressing, at most half full, that doubles as it fills. The hash is fixed, so that a
/// run can be repeated; the numbers depend on row order and must not reach an answer.
/// - Complexity: O(1) expected per key; 16 bytes for each of two to four slots a key.
struct KeyIndex: ~Copyable {
  private struct Slot: BitwiseCopyable {
    var key: Int64
    var number: UInt32
  }

  private static var empty: UInt32 { .max }

  private(set) var count = 0
  private var slots: Scratch<Slot>
  private var shift: UInt64

  init(_ limits: inout Limits) throws(Failure) {
    slots = try Scratch(1024, &limits)
    shift = 64 - 10
    clear()
  }

  /// The number of `key`, a new one if it was not seen before.
  @inline(__always)
  mutating func number(of key: Int64, _ limits: inout Limits) throws(Failure) -> Int {
    var place = home(key)
    while slots.base[place].number != Self.empty {
      if slots.base[place].key == key { return Int(slots.base[place].number) }
      place = (place &+ 1) & (slots.capacity &- 1)
    }
    if count &* 2 >= slots.capacity {
      try double(&limits)
      place = firstEmpty(from: home(key))
    }
    slots.base[place] = Slot(key: key, number: UInt32(truncatingIfNeeded: count))
    count &+= 1
    return count &- 1
  }

  /// Forgets all keys and keeps the room.
  mutating func removeAll() {
    count = 0
    clear()
  }

  /// Fibonacci hashing of the folded key: the high bits of the product depend on all of it.
  @inline(__always)
  private func home(_ key: Int64) -> Int {
    let bits = UInt64(bitPattern: key)
    return Int(truncatingIfNeeded: ((bits ^ (bits &>> 32)) &* 0x9E37_79B9_7F4A_7C15) &>> shift)
  }

  private func firstEmpty(from start: Int) -> Int {
    var place = start
    while slots.base[place].number != Self.empty { place = (place &+ 1) & (slots.capacity &- 1) }
    return place
  }

  private mutating func double(_ limits: inout Limits) throws(Failure) {
    var old = try Scratch<Slot>(slots.capacity &* 2, &limits)
    swap(&old, &slots)
    shift &-= 1
    clear()
    var row = 0
    while row < old.capacity {
      let slot = old.base[row]
      if slot.number != Self.empty { slots.base[firstEmpty(from: home(slot.key))] = slot }
      row &+= 1
    }
    old.release(&limits)
  }

  private func clear() {
    memset(slots.base, 0xFF, slots.capacity &* MemoryLayout<Slot>.stride)
  }
}
