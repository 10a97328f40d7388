import CKernels
import Foundation
import Kernels
import Testing

private struct Score: Equatable {
  var customer: Int64
  var recency: Int32, frequency: Int32
  var amount: Int64
  var foreign: Int32 = 0
  var scores: [Int8]
  var cluster: Int8
  var smallN: Bool
}

/// One order, or a refund without one.
private func purchase(
  _ customer: Int64, day: Int32, amount: Int64, isRefund: Bool = false, isForeign: Bool = false
) -> ks_purchase {
  ks_purchase(
    customer: customer, amount: amount, day: isRefund ? Int32.min : day, orders: isRefund ? 0 : 1,
    foreign_orders: isForeign ? 1 : 0, padding: 0)
}

/// A table of totals as the glue keeps it, freed with the object.
private final class Totals {
  var table = ks_rfm_totals(slots: nil, capacity: 0, count: 0)

  deinit {
    table.slots?.deallocate()
  }

  /// A larger table, empty as malloc gives it.
  func larger(for more: Int) -> ks_rfm_totals {
    var capacity = 2
    while capacity < 2 * (Int(table.count) + more) { capacity *= 2 }
    return ks_rfm_totals(slots: .allocate(capacity: capacity), capacity: Int64(capacity), count: 0)
  }

  func add(_ purchases: some Collection<ks_purchase>) -> ks_status {
    if table.capacity < 2 * (Int(table.count) + purchases.count) {
      var larger = larger(for: purchases.count)
      #expect(withLimits { ks_rfm_move(&table, &larger, $0) } == KS_OK)
      table.slots?.deallocate()
      table = larger
    }
    return Array(purchases).withUnsafeBufferPointer {
      $0.baseAddress.map { ks_rfm_add(&table, $0, Int64(purchases.count)) } ?? KS_OK
    }
  }

  var rows: [ks_purchase] {
    [ks_purchase](unsafeUninitializedCapacity: Int(table.count) + 1) { buffer, used in
      #expect(withLimits { ks_rfm_list(&table, buffer.baseAddress!, $0) } == KS_OK)
      used = Int(table.count)
    }
  }
}

private func score(_ rows: [ks_purchase], end: Int32) -> [ks_rfm_score] {
  [ks_rfm_score](unsafeUninitializedCapacity: rows.count + 1) { buffer, used in
    var count: Int64 = -1
    rows.withUnsafeBufferPointer { rows in
      // An empty array has no address, and the kernel wants one.
      let start = rows.baseAddress ?? UnsafePointer(bitPattern: 8)!
      let status = withLimits {
        ks_rfm_scores(start, Int64(rows.count), end, $0, buffer.baseAddress!, &count)
      }
      #expect(status == KS_OK)
    }
    used = Int(count)
  }
}

private func merged(_ left: [ks_purchase], _ right: [ks_purchase]) -> (rows: [ks_purchase], status: ks_status)
{
  var status = KS_BAD_ARGUMENT
  let rows = [ks_purchase](unsafeUninitializedCapacity: left.count + right.count + 1) { buffer, used in
    var count: Int64 = 0
    // One row more than is said: an empty array has no address.
    let (some, more) = (left + [purchase(0, day: 0, amount: 0)], right + [purchase(0, day: 0, amount: 0)])
    status = withLimits {
      ks_rfm_merge(some, Int64(left.count), more, Int64(right.count), $0, buffer.baseAddress!, &count)
    }
    used = Int(count)
  }
  return (rows, status)
}

/// Adds up and scores, as the glue does in one process: so many rows at a time.
private func rfm(_ purchases: [ks_purchase], end: Int32, chunksOf size: Int = 7) -> [Score] {
  let totals = Totals()
  for start in stride(from: 0, to: purchases.count, by: size) {
    #expect(totals.add(purchases[start..<min(start + size, purchases.count)]) == KS_OK)
  }
  return seen(score(totals.rows, end: end))
}

/// As parallel workers do: each adds up a part and sorts it, and their lists are merged by another.
private func rfm(_ purchases: [ks_purchase], end: Int32, workers: Int) -> [Score] {
  var all: [ks_purchase] = []
  for worker in 0..<workers {
    let part = purchases.enumerated().filter { $0.offset % workers == worker }.map(\.element)
    let totals = Totals()
    #expect(totals.add(part) == KS_OK)
    let (rows, status) = merged(all, totals.rows)
    #expect(status == KS_OK)
    all = rows
  }
  return seen(score(all, end: end))
}

private func seen(_ scores: [ks_rfm_score]) -> [Score] {
  scores.map {
    Score(
      customer: $0.customer, recency: $0.recency, frequency: $0.frequency, amount: $0.amount,
      foreign: $0.foreign_orders, scores: [$0.r_score, $0.f_score, $0.m_score], cluster: $0.cluster,
      smallN: $0.small_n != 0)
  }
}

/// The definition itself: for each customer, count who is strictly worse.
private func obvious(_ purchases: [ks_purchase], end: Int32) -> [Score] {
  let customers = Dictionary(grouping: purchases, by: \.customer).compactMap { customer, all -> Score? in
    let orders = all.filter { $0.orders > 0 }
    guard let last = orders.map(\.day).max(), last < end else { return nil }
    return Score(
      customer: customer, recency: end - last, frequency: Int32(orders.count),
      amount: all.map(\.amount).reduce(0, +), foreign: all.map(\.foreign_orders).reduce(0, +),
      scores: [], cluster: 0, smallN: false)
  }
  func score(_ value: (Score) -> Int64, _ customer: Score) -> Int8? {
    let all = customers.map(value)
    if all.count < 5 || Set(all).count == 1 { return nil }
    return Int8(1 + 5 * all.count { $0 < value(customer) } / all.count)
  }
  let scored = customers.map { customer in
    var customer = customer
    let r = score({ -Int64($0.recency) }, customer)
    let f = score({ Int64($0.frequency) }, customer)
    let m = score({ $0.amount }, customer)
    customer.scores = [r ?? 3, f ?? 3, m ?? 3]
    customer.smallN = r == nil || f == nil || m == nil
    customer.cluster = ks_rfm_cluster(
      Int32(customer.scores[0]), Int32(customer.scores[1]), Int32(customer.scores[2]))
    return customer
  }
  return scored.sorted { $0.customer < $1.customer }
}

struct RFMTests {
  @Test("ten customers of rising worth score in pairs")
  func example() {
    let scores = rfm((1...10).map { purchase($0, day: Int32($0), amount: $0) }, end: 11)
    #expect(scores.map { $0.scores[0] } == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    #expect(scores.map { $0.scores[2] } == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    #expect(scores.allSatisfy { $0.scores[1] == 3 && $0.smallN })
    #expect(scores.map(\.recency) == (1...10).reversed())
  }

  @Test("equal customers have equal scores, the lowest that their place allows")
  func ties() {
    let orders = [1, 1, 1, 1, 1, 1, 1, 2, 2, 9]
    let purchases = orders.enumerated().flatMap { customer, count in
      (0..<count).map { purchase(Int64(customer), day: Int32($0), amount: 100) }
    }
    #expect(rfm(purchases, end: 100).map { $0.scores[1] } == [1, 1, 1, 1, 1, 1, 1, 4, 4, 5])
  }

  @Test("fewer than five customers, or all alike, cannot be ranked", arguments: [1, 4, 5, 9])
  func small(count: Int) {
    let different = rfm((1...Int64(count)).map { purchase($0, day: Int32($0), amount: $0) }, end: 50)
    #expect(different.allSatisfy { $0.smallN })
    #expect(different.allSatisfy { $0.scores == [3, 3, 3] } == (count < 5))
    let alike = rfm((1...Int64(count)).map { purchase($0, day: 7, amount: 5) }, end: 50)
    #expect(alike.allSatisfy { $0.smallN && $0.scores == [3, 3, 3] && $0.cluster == 2 })
  }

  @Test("nothing, refunds alone and orders after the end give no customer")
  func nobody() {
    #expect(rfm([], end: 0).isEmpty)
    #expect(
      rfm([purchase(1, day: 3, amount: -5, isRefund: true), purchase(2, day: 9, amount: 5)], end: 9).isEmpty)
  }

  @Test("the calendar's ends do not overflow")
  func extremes() {
    let scores = rfm(
      [purchase(.min, day: Int32.min + 1, amount: .min), purchase(.max, day: 0, amount: .max)], end: .max)
    #expect(scores.map(\.recency) == [Int32.max, Int32.max])
    #expect(scores.map(\.amount) == [.min, .max])
  }

  @Test("sums that leave their range are a status")
  func overflow() {
    for (first, second) in [(Int64.max, Int64(1)), (.min, -1)] {
      let totals = Totals()
      let rows = [
        purchase(1, day: 1, amount: first), purchase(2, day: 1, amount: 1),
        purchase(1, day: 2, amount: second),
      ]
      #expect(totals.add(rows) == KS_OVERFLOW)
    }
    let totals = Totals()
    var much = purchase(1, day: 1, amount: 0)
    much.orders = .max
    #expect(totals.add([much]) == KS_OK)
    #expect(totals.add([purchase(1, day: 1, amount: 0)]) == KS_OVERFLOW)
  }

  @Test("a raised flag and too little memory are statuses, and the totals stay")
  func limits() {
    let totals = Totals()
    #expect(totals.add((0..<3000).map { purchase($0 % 1000, day: 1, amount: 1) }) == KS_OK)
    var larger = totals.larger(for: 10_000)
    #expect(withLimits(stopped: true) { ks_rfm_move(&totals.table, &larger, $0) } == KS_STOPPED)
    larger.slots?.deallocate()
    let list = UnsafeMutablePointer<ks_purchase>.allocate(capacity: 2000)
    let scores = UnsafeMutablePointer<ks_rfm_score>.allocate(capacity: 1000)
    defer {
      list.deallocate()
      scores.deallocate()
    }
    var count: Int64 = 0
    #expect(withLimits(stopped: true) { ks_rfm_list(&totals.table, list, $0) } == KS_STOPPED)
    // 16 bytes a customer twice for the order, later 8 and 16 kB for the quintiles.
    #expect(withLimits(memory: 31_000) { ks_rfm_list(&totals.table, list, $0) } == KS_MEMORY_LIMIT)
    #expect(withLimits(memory: 48_000) { ks_rfm_list(&totals.table, list, $0) } == KS_OK)
    let rows = totals.rows
    #expect(
      withLimits(stopped: true) { ks_rfm_merge(rows, 1000, rows, 1000, $0, list, &count) } == KS_STOPPED)
    #expect(withLimits(stopped: true) { ks_rfm_scores(rows, 1000, 2, $0, scores, &count) } == KS_STOPPED)
    #expect(withLimits(memory: 7_000) { ks_rfm_scores(rows, 1000, 2, $0, scores, &count) } == KS_MEMORY_LIMIT)
    #expect(withLimits(memory: 32_000) { ks_rfm_scores(rows, 1000, 2, $0, scores, &count) } == KS_OK)
    #expect(count == 1000 && rows.allSatisfy { $0.amount == 3 && $0.orders == 3 })
    #expect(rows.map(\.customer) == (0..<1000).map { Int64($0) })
  }

  @Test("merging adds up who is in both lists, and keeps the order")
  func merging() {
    let left = [1, 3, 5].map { purchase($0, day: 3, amount: 10) }
    let right = [
      purchase(.min, day: 1, amount: 1), purchase(3, day: 9, amount: 5), purchase(7, day: 1, amount: 2),
    ]
    for (one, other) in [(left, right), (right, left)] {
      let (rows, status) = merged(one, other)
      #expect(status == KS_OK)
      #expect(rows.map(\.customer) == [.min, 1, 3, 5, 7])
      #expect(rows.map(\.amount) == [1, 10, 15, 10, 2])
      #expect(rows.map(\.orders) == [1, 1, 2, 1, 1])
      #expect(rows.map(\.day) == [1, 3, 9, 3, 1])
    }
    #expect(merged(left, []).rows.map(\.customer) == [1, 3, 5] && merged([], left).rows.count == 3)
    #expect(merged([], []).rows.isEmpty)
    let much = [purchase(1, day: 1, amount: .max)]
    #expect(merged(much, much).status == KS_OVERFLOW)
  }

  @Test("a table without room, or of no size, is refused")
  func room() {
    let totals = Totals()
    let row = purchase(1, day: 1, amount: 1)
    #expect(ks_rfm_add(&totals.table, [row], 1) == KS_BAD_ARGUMENT)
    #expect(totals.add([row]) == KS_OK && totals.table.capacity == 2)
    #expect(ks_rfm_add(&totals.table, [row, row], 2) == KS_BAD_ARGUMENT)
    var odd = ks_rfm_totals(slots: totals.table.slots, capacity: 3, count: 0)
    #expect(withLimits { ks_rfm_move(&totals.table, &odd, $0) } == KS_BAD_ARGUMENT)
  }

  @Test("the kernels are built for x86-64-v3")
  func target() {
    #expect(ks_target_v3() == 1)
  }

  @Test("each of 125 cells has one cluster, and a better score never a worse one")
  func clusters() {
    let worth: [Int8: Int] = [1: 6, 2: 5, 3: 4, 4: 3, 5: 2, 6: 1]
    var sizes: [Int8: Int] = [:]
    for r in Int32(1)...5 {
      for f in Int32(1)...5 {
        for m in Int32(1)...5 {
          let here = ks_rfm_cluster(r, f, m)
          sizes[here, default: 0] += 1
          for better in [
            ks_rfm_cluster(min(r + 1, 5), f, m), ks_rfm_cluster(r, min(f + 1, 5), m),
            ks_rfm_cluster(r, f, min(m + 1, 5)),
          ] {
            #expect(worth[better]! >= worth[here]!)
          }
        }
      }
    }
    // The sizes that the rule's description gives.
    #expect(sizes == [1: 8, 2: 37, 3: 30, 4: 30, 5: 10, 6: 10])
    #expect(ks_rfm_cluster(0, 3, 3) == 0 && ks_rfm_cluster(3, 6, 3) == 0 && ks_rfm_cluster(3, 3, .min) == 0)
  }

  // For 200 seeds: up to 300 rows of up to 60 customers; refunds, foreign orders and negative amounts among them.
  @Test(
    "customers score what counting the worse ones gives, in any order, chunks and workers", arguments: 0..<200
  )
  func reference(seed: Int) {
    var numbers = SeededNumbers(seed: seed)
    var purchases = somePurchases(&numbers)
    let scores = rfm(purchases, end: 80)
    #expect(scores == obvious(purchases, end: 80))
    purchases.shuffle(using: &numbers)
    #expect(rfm(purchases, end: 80, chunksOf: 64) == scores)
    #expect(rfm(purchases, end: 80, workers: 3) == scores)
  }

  // Another name for each customer, another calendar: the same scores, in the order of the new names.
  @Test("names of customers and the date do not matter", arguments: 0..<50)
  func invariance(seed: Int) {
    var numbers = SeededNumbers(seed: seed)
    let purchases = somePurchases(&numbers)
    let names = Dictionary(uniqueKeysWithValues: zip(-30...30, (Int64(-30)...30).shuffled(using: &numbers)))
    let shift = Int32.random(in: -100_000...100_000, using: &numbers)
    let moved = purchases.map { row in
      var row = row
      row.customer = names[Int(row.customer)]! &* 7_919
      if row.orders > 0 { row.day += shift }
      return row
    }
    let expected = rfm(purchases, end: 80).map { score in
      var score = score
      score.customer = names[Int(score.customer)]! &* 7_919
      return score
    }
    #expect(rfm(moved, end: 80 + shift) == expected.sorted { $0.customer < $1.customer })
  }

  // The k-th cut of 2 million values by sorting them, for values that fill few bins, one bin, or all of 64 bits.
  @Test("two million customers score as sorting them gives", arguments: [0, 1, 2])
  func large(kind: Int) {
    var numbers = SeededNumbers(seed: kind)
    let amounts = (0..<2_000_000).map { _ -> Int64 in
      switch kind {
      case 0: Int64.random(in: 0...3, using: &numbers)
      case 1:
        Int.random(in: 0..<1000, using: &numbers) == 0 ? .max : Int64.random(in: -9...99_999, using: &numbers)
      default: Int64(truncatingIfNeeded: numbers.next())
      }
    }
    let scores = rfm(
      amounts.enumerated().map { purchase(Int64($0.offset), day: 1, amount: $0.element) }, end: 2,
      chunksOf: 65_536)
    let sorted = amounts.sorted()
    var worse: [Int64: Int] = [:]
    for (place, amount) in sorted.enumerated() where worse[amount] == nil { worse[amount] = place }
    #expect(scores.count == amounts.count)
    #expect(
      zip(scores, amounts).allSatisfy {
        $0.amount == $1 && Int($0.scores[2]) == 1 + 5 * worse[$1]! / amounts.count
      })
  }

  @Test("customers are told apart and put in order, whatever their numbers", arguments: [0, 1, 2, 3])
  func keys(kind: Int) {
    var numbers = SeededNumbers(seed: kind)
    var keys = (0..<50_000).map { (row: Int64) -> Int64 in
      switch kind {
      case 0: row
      case 1: row << 32
      case 2: .min + row * 4096
      default: Int64(truncatingIfNeeded: numbers.next())
      }
    }
    keys.shuffle(using: &numbers)
    let scores = rfm((keys + keys).map { purchase($0, day: 1, amount: 1) }, end: 2, chunksOf: 999)
    #expect(rfm((keys + keys).map { purchase($0, day: 1, amount: 1) }, end: 2, workers: 2) == scores)
    #expect(scores.map(\.customer) == keys.sorted())
    #expect(scores.allSatisfy { $0.frequency == 2 })
  }

  // Numbers from a script in Python over the same file (sorted lists and bisect_left), 1998-07-01 as the end.
  @Test("CDNOW: all 69,659 orders of 23,570 customers")
  func cdnow() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../../shared/data/cdnow_master.txt.gz")
    let path = ProcessInfo.processInfo.environment["VIBE_CDNOW"] ?? file.standardizedFileURL.path
    guard FileManager.default.fileExists(atPath: path) else {
      print("skipped: \(path) is not here")
      return
    }
    let purchases = try readCDNOW(path)
    #expect(purchases.count == 69_659)
    let scores = rfm(purchases, end: 547, chunksOf: 5000)
    #expect(scores.count == 23_570)
    #expect(scores.map(\.amount).reduce(0, +) == 25_003_156_300)
    #expect(
      (1...6).map { cluster in scores.count { $0.cluster == cluster } } == [
        6314, 3691, 4118, 799, 4220, 4428,
      ])
  }
}

/// Up to 300 purchases before day 80 of up to 61 customers.
private func somePurchases(_ numbers: inout SeededNumbers) -> [ks_purchase] {
  (0..<Int.random(in: 1...300, using: &numbers)).map { _ in
    let isForeign = Int.random(in: 0...9, using: &numbers) == 0
    return purchase(
      Int64.random(in: -30...30, using: &numbers), day: Int32.random(in: -40...79, using: &numbers),
      amount: isForeign ? 0 : Int64.random(in: -5...9, using: &numbers),
      isRefund: !isForeign && Int.random(in: 0...9, using: &numbers) == 0, isForeign: isForeign)
  }
}

/// Days count from 1996-12-31, so that 1997-01-01 is 1 and 1998-07-01 is 547.
private func readCDNOW(_ path: String) throws -> [ks_purchase] {
  let gzip = Process()
  let pipe = Pipe()
  gzip.executableURL = URL(filePath: "/bin/gzip")
  gzip.arguments = ["-dc", path]
  gzip.standardOutput = pipe
  try gzip.run()
  let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  let monthStarts: [Int32] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
  return text.split(whereSeparator: \.isNewline).compactMap { line in
    let fields = line.split(separator: " ")
    guard fields.count == 4, let customer = Int64(fields[0]), let date = Int32(fields[1]) else { return nil }
    let dollars = fields[3].split(separator: ".")
    guard let units = Int64(dollars[0]), let cents = Int64(dollars[1]), dollars[1].count == 2 else {
      return nil
    }
    let day = (date / 10_000 - 1997) * 365 + monthStarts[Int(date / 100 % 100) - 1] + date % 100
    return purchase(customer, day: day, amount: units * 10_000 + cents * 100)
  }
}
