import CKernels
import Kernels
import Testing

/// The fields of a record, or the code of what is wrong with it.
private func fields(_ record: String, delimiter: Character = ",", room: Int = 16) -> (
  count: Int32, texts: [String]
) {
  let bytes = Array(record.utf8)
  var text = [UInt8](repeating: 0, count: bytes.count + 1)
  var places = [ks_csv_field](repeating: ks_csv_field(start: 0, length: 0), count: room)
  let count = ks_csv_split(
    bytes + [0], Int32(bytes.count), delimiter.asciiValue ?? 0, &text, &places, Int32(room))
  let texts = places.prefix(max(0, min(room, Int(count)))).map { place in
    String(decoding: text[Int(place.start)..<Int(place.start + place.length)], as: UTF8.self)
  }
  return (count, texts)
}

private func decimal(_ text: String, mark: Character = ".", decimals: Int32 = 2) -> Int64? {
  let bytes = Array(text.utf8)
  var value: Int64 = 0
  return ks_read_decimal(bytes + [0], Int32(bytes.count), mark.asciiValue ?? 0, decimals, &value)
    ? value : nil
}

private func clock(_ text: String, _ order: ks_date_order = KS_YEAR_FIRST) -> [Int32]? {
  let bytes = Array(text.utf8)
  var read = ks_clock()
  guard ks_read_clock(bytes + [0], Int32(bytes.count), order, &read) else { return nil }
  return [
    read.year, read.month, read.day, read.hour, read.minute, read.second, read.microsecond,
    read.has_offset ? read.offset : -1,
  ]
}

@Suite("CSV records") struct CSVTests {
  @Test(
    "a record is taken apart as RFC 4180 says",
    arguments: [
      ("", [""]), (",", ["", ""]), ("a,b", ["a", "b"]), (" a , b\r", ["a", "b"]),
      ("\"a,b\",c", ["a,b", "c"]),
      ("\"a \"\"b\"\"\"", ["a \"b\""]), ("\"\",x", ["", "x"]), ("5\" disk,x", ["5\" disk", "x"]),
      ("\"a\nb\"", ["a\nb"]),
      (" \"a\" ,b", ["a", "b"]), ("é,日本,😀", ["é", "日本", "😀"]),
    ])
  func splits(record: String, expected: [String]) {
    #expect(fields(record).texts == expected)
    #expect(fields(record).count == Int32(expected.count))
  }

  @Test("broken quotes have a code, fields beyond the room are counted only")
  func problems() {
    #expect(fields("\"a").count == KS_CSV_OPEN_QUOTE)
    #expect(fields("x,\"a\"\"").count == KS_CSV_OPEN_QUOTE)
    #expect(fields("\"a\"b").count == KS_CSV_TEXT_AFTER_QUOTE)
    #expect(fields("a,b,c", room: 2) == (3, ["a", "b"]))
    #expect(fields("a\t\tb", delimiter: "\t").texts == ["a", "", "b"])
  }

  // Quoting any texts, joining them and splitting the record gives the texts back, blanks at their ends apart.
  @Test("what was quoted is read back", arguments: 0..<200)
  func roundTrip(seed: Int) {
    var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1
    func draw(_ n: UInt64) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % n)
    }
    let letters = Array("ab\",\n; é")
    let texts = (0...draw(6)).map { _ in
      "x" + String((0..<draw(12)).map { _ in letters[draw(UInt64(letters.count))] }) + "x"
    }
    let record = texts.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: ",")
    #expect(fields(record).texts == texts)
    let lines = record.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.utf8) }
    var inside = false
    for (number, line) in lines.enumerated() {
      inside = ks_csv_ends_in_quotes(line + [0], Int32(line.count), UInt8(ascii: ","), inside)
      #expect(inside == (number < lines.count - 1))
    }
  }

  @Test(
    "numbers are exact and strict",
    arguments: [
      ("10", 1000), ("1.5", 150), ("-0.01", -1), ("+1.500", 150), ("999999999999.99", 99_999_999_999_999),
      ("1,234,567.8", 123_456_780),
    ])
  func decimals(text: String, expected: Int64) { #expect(decimal(text) == expected) }

  @Test(
    "what is no number is none",
    arguments: [
      "", "-", ".", ".5", "1.", "1.005", "1000000000000", "NaN", "inf", "1e5", "1,23", "12,34,567",
      "1234,567", "0,125", "1 000", "0x1F", "١",
    ])
  func notDecimal(text: String) { #expect(decimal(text) == nil) }

  @Test("a comma may be the mark")
  func comma() {
    #expect(decimal("1.234,50", mark: ",") == 123_450)
    #expect(decimal("1.50", mark: ",") == nil)
    #expect(decimal("0,125", mark: ",", decimals: 6) == 125_000)
  }

  @Test("dates and times are read in their order")
  func clocks() {
    #expect(clock("2024-02-29") == [2024, 2, 29, 0, 0, 0, 0, -1])
    #expect(clock("20240229") == [2024, 2, 29, 0, 0, 0, 0, -1])
    #expect(clock("2024-02-29T23:59:59.5-03:30") == [2024, 2, 29, 23, 59, 59, 500_000, -12600])
    #expect(clock("2024/2/9 7:05 Z") == [2024, 2, 9, 7, 5, 0, 0, 0])
    #expect(clock("31/12/2023 12:30 am", KS_DAY_FIRST) == [2023, 12, 31, 0, 30, 0, 0, -1])
    #expect(clock("12/31/2023 12:30PM", KS_MONTH_FIRST) == [2023, 12, 31, 12, 30, 0, 0, -1])
  }

  @Test(
    "what is no date is none",
    arguments: [
      "", "2023-02-29", "2024-13-01", "2024-00-10", "2024-01-32", "24-01-01", "2024-01", "2024-01/01",
      "2024-01-01 24:00", "2024-01-01 10:60",
      "2024-01-01 10", "2024-01-01 10:00:60", "2024-01-01 13:00 PM", "2024-01-01 10:00+16",
      "2024-01-01 10:00+01:60", "2024-01-01x", "now", "infinity",
    ])
  func notClock(text: String) { #expect(clock(text) == nil) }

  @Test("bytes that were read as Latin 1 come back; other characters do not")
  func latin1() {
    let all = (1...255).map { UInt8($0) }
    let text = Array(String(String.UnicodeScalarView(all.map { Unicode.Scalar($0) })).utf8)
    var bytes = [UInt8](repeating: 0, count: text.count)
    let count = ks_bytes_of_latin1(text, Int32(text.count), &bytes)
    #expect(Array(bytes.prefix(Int(count))) == all)
    let other = Array("日".utf8)
    #expect(ks_bytes_of_latin1(other, Int32(other.count), &bytes) == -1)
  }
}
