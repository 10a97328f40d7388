import CKernels

/// Eats the bytes of a written number or date from left to right.
private struct Reader {
  var at: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>

  var isAtEnd: Bool { at == end }
  var next: UInt8 { at == end ? 0 : at.pointee }

  /// Takes the next byte if it is this one.
  mutating func take(_ byte: UInt8) -> Bool {
    guard at != end, at.pointee == byte else { return false }
    at += 1
    return true
  }

  /// Takes exactly this many digits; `nil` if there are fewer.
  mutating func digits(_ count: Int) -> Int32? {
    var value: Int32 = 0
    var taken = 0
    while taken < count {
      guard let digit = digit() else { return nil }
      value = value &* 10 &+ Int32(digit)
      taken &+= 1
    }
    return value
  }

  /// Takes one digit or two.
  mutating func oneOrTwoDigits() -> Int32? {
    guard let first = digit() else { return nil }
    guard let second = digit() else { return Int32(first) }
    return Int32(first) &* 10 &+ Int32(second)
  }

  mutating func digit() -> UInt8? {
    guard at != end, at.pointee >= 0x30, at.pointee <= 0x39 else { return nil }
    at += 1
    return (at - 1).pointee &- 0x30
  }
}

/// A written number as an integer of 10^-decimals: at most 12 digits before the mark, `decimals` (0 to 6) after it and zeros
/// after those; groups of three may be set off by the other mark ("1.234,50" where the mark is a comma).
///
/// - Returns: `nil` if it is no such number.
/// - Complexity: O(bytes); does not allocate.
private func decimal(_ reader: inout Reader, mark: UInt8, decimals: Int32) -> Int64? {
  let group = mark == UInt8(ascii: ",") ? UInt8(ascii: ".") : UInt8(ascii: ",")
  let negative = reader.take(UInt8(ascii: "-"))
  if !negative { _ = reader.take(UInt8(ascii: "+")) }
  var value: Int64 = 0
  var digits = 0, sinceGroup = 0
  var grouped = false, begins = UInt8(1)
  while true {
    if let digit = reader.digit() {
      if digits == 0 { begins = digit }
      value = value &* 10 &+ Int64(digit)
      digits &+= 1
      sinceGroup &+= 1
      if digits > 12 { return nil }
    } else if reader.next == group {
      // "0,125" and "1234,5" were written with another mark.
      if grouped ? sinceGroup != 3 : (digits == 0 || digits > 3 || begins == 0) { return nil }
      _ = reader.take(group)
      grouped = true
      sinceGroup = 0
    } else {
      break
    }
  }
  if digits == 0 || (grouped && sinceGroup != 3) { return nil }
  var places: Int32 = 0
  if reader.take(mark) {
    var any = false
    while let digit = reader.digit() {
      any = true
      if places < decimals {
        value = value &* 10 &+ Int64(digit)
        places &+= 1
      } else if digit != 0 {
        return nil
      }
    }
    if !any { return nil }
  }
  while places < decimals {
    value = value &* 10
    places &+= 1
  }
  return reader.isAtEnd ? (negative ? 0 &- value : value) : nil
}

/// A written date, with or without time and offset:
/// `2024-12-31`, `20241231`, `31/12/2024 23:59`, `12/31/2024 11:59:59.5 PM`,
/// `2024-12-31T23:59:59+01:00`. The parts of the date may be set apart by `-`, `/` or `.`, the year has four digits.
///
/// - Returns: `nil` if it is none; days that no month has are none.
/// - Complexity: O(bytes); does not allocate.
private func clock(_ reader: inout Reader, order: ks_date_order) -> ks_clock? {
  guard var clock = date(&reader, order: order) else { return nil }
  if reader.isAtEnd { return clock }
  guard reader.take(UInt8(ascii: " ")) || reader.take(UInt8(ascii: "T")) else { return nil }
  guard time(&reader, &clock) else { return nil }
  if reader.isAtEnd { return clock }
  return offset(&reader, &clock) && reader.isAtEnd ? clock : nil
}

private func date(_ reader: inout Reader, order: ks_date_order) -> ks_clock? {
  var year: Int32, month: Int32, day: Int32
  if order == KS_YEAR_FIRST {
    guard let first = reader.digits(4) else { return nil }
    year = first
    let separator = reader.next
    if isSeparator(separator) {
      _ = reader.take(separator)
      guard let second = reader.oneOrTwoDigits(), reader.take(separator), let third = reader.oneOrTwoDigits()
      else { return nil }
      (month, day) = (second, third)
    } else {
      guard let second = reader.digits(2), let third = reader.digits(2) else { return nil }
      (month, day) = (second, third)
    }
  } else {
    guard let first = reader.oneOrTwoDigits() else { return nil }
    let separator = reader.next
    guard isSeparator(separator), reader.take(separator), let second = reader.oneOrTwoDigits(),
      reader.take(separator),
      let third = reader.digits(4)
    else { return nil }
    year = third
    (month, day) = order == KS_DAY_FIRST ? (second, first) : (first, second)
  }
  guard year >= 1, month >= 1, month <= 12, day >= 1, day <= daysInMonth(year, month) else { return nil }
  return ks_clock(
    year: year, month: month, day: day, hour: 0, minute: 0, second: 0, microsecond: 0, has_offset: false,
    offset: 0)
}

private func isSeparator(_ byte: UInt8) -> Bool {
  byte == UInt8(ascii: "-") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".")
}

private func daysInMonth(_ year: Int32, _ month: Int32) -> Int32 {
  if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
}

/// `8:05`, `08:05:30`, `08:05:30.25`, `8:05 PM`.
private func time(_ reader: inout Reader, _ clock: inout ks_clock) -> Bool {
  guard let hour = reader.oneOrTwoDigits(), reader.take(UInt8(ascii: ":")), let minute = reader.digits(2)
  else { return false }
  (clock.hour, clock.minute) = (hour, minute)
  if reader.take(UInt8(ascii: ":")) {
    guard let second = reader.digits(2) else { return false }
    clock.second = second
    if reader.take(UInt8(ascii: ".")) {
      var unit: Int32 = 100_000
      var any = false
      while let digit = reader.digit() {
        any = true
        clock.microsecond = clock.microsecond &+ Int32(digit) &* unit
        unit /= 10
      }
      if !any { return false }
    }
  }
  if let half = halfOfDay(&reader) {
    guard clock.hour >= 1, clock.hour <= 12 else { return false }
    clock.hour = clock.hour % 12 &+ half
  }
  return clock.hour <= 23 && clock.minute <= 59 && clock.second <= 59
}

/// 0 after "AM", 12 after "PM"; `nil`, and nothing taken, where neither stands.
private func halfOfDay(_ reader: inout Reader) -> Int32? {
  var tried = reader
  _ = tried.take(UInt8(ascii: " "))
  let letter = tried.next & 0xDF
  guard letter == UInt8(ascii: "A") || letter == UInt8(ascii: "P"), tried.take(tried.next),
    tried.next & 0xDF == UInt8(ascii: "M"),
    tried.take(tried.next)
  else { return nil }
  reader = tried
  return letter == UInt8(ascii: "A") ? 0 : 12
}

/// `Z`, `+01`, `+0100`, `+01:00`, with or without a blank before it.
private func offset(_ reader: inout Reader, _ clock: inout ks_clock) -> Bool {
  _ = reader.take(UInt8(ascii: " "))
  clock.has_offset = true
  if reader.take(UInt8(ascii: "Z")) { return true }
  let west = reader.take(UInt8(ascii: "-"))
  if !west, !reader.take(UInt8(ascii: "+")) { return false }
  guard let hours = reader.digits(2) else { return false }
  var minutes: Int32 = 0
  if !reader.isAtEnd {
    _ = reader.take(UInt8(ascii: ":"))
    guard let more = reader.digits(2) else { return false }
    minutes = more
  }
  let seconds = hours &* 3600 &+ minutes &* 60
  clock.offset = west ? 0 &- seconds : seconds
  return hours <= 15 && minutes <= 59
}

@c @implementation
public func ks_read_decimal(
  _ text: UnsafePointer<UInt8>, _ size: Int32, _ mark: UInt8, _ decimals: Int32,
  _ value: UnsafeMutablePointer<Int64>
) -> Bool {
  var reader = Reader(at: text, end: text + Int(size))
  guard decimals >= 0, decimals <= 6, let read = decimal(&reader, mark: mark, decimals: decimals) else {
    return false
  }
  value.pointee = read
  return true
}

@c @implementation
public func ks_read_clock(
  _ text: UnsafePointer<UInt8>, _ size: Int32, _ order: ks_date_order,
  _ result: UnsafeMutablePointer<ks_clock>
) -> Bool {
  var reader = Reader(at: text, end: text + Int(size))
  guard let read = clock(&reader, order: order) else { return false }
  result.pointee = read
  return true
}
