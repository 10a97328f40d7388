import CKernels
import Foundation
import Kernels
import Testing

private struct Score: Equatable {
  var customer: Int64
  var recency: Int32, frequency: Int32
  var amount: Int64
  var scores: [Int8]
  var cluster: Int8
  var smallN: Bool
}

/// One order, or a refund without one.
private func purchase(_ customer: Int64, day: Int32, amount: Int64, isRefund: Bool = false) -> ks_purchase {
  ks_purchase(customer: customer, amount: amount, day: isRefund ? Int32.min : day, orders: isRefund ? 0 : 1)
}

/// Collapses and scores, as the glue does.
private func rfm(_ purchases: [ks_purchase], end: Int32, chunksOf size: Int = 7) -> [Score] {
  let list = ChunkList(purchases, chunksOf: size)
  var rows: Int64 = -1
  #expect(withLimits { ks_rfm_collapse(list.first, $0, &rows) } == KS_OK)
  #expect(list.rows.count == Int(rows))
  var count: Int64 = -1
  let scores = [ks_rfm_score](unsafeUninitializedCapacity: Int(rows) + 1) { buffer, used in
    #expect(withLimits { ks_rfm_scores(list.first, rows, end, $0, buffer.baseAddress!, &count) } == KS_OK)
    used = Int(count)
  }
  return scores.map {
    Score(
      customer: $0.customer, recency: $0.recency_days, frequency: $0.frequency, amount: $0.amount,
      scores: [$0.r_score, $0.f_score, $0.m_score], cluster: $0.cluster, smallN: $0.small_n != 0)
  }
}

/// The definition itself: for each customer, count who is strictly worse.
private func obvious(_ purchases: [ks_purchase], end: Int32) -> [Score] {
  let customers = Dictionary(grouping: purchases, by: \.customer).compactMap { customer, all -> Score? in
    let orders = all.filter { $0.orders > 0 }
    guard let last = orders.map(\.day).max(), last < end else { return nil }
    return Score(
      customer: customer, recency: end - last, frequency: Int32(orders.count),
      amount: all.map(\.amount).reduce(0, +),
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

  @Test("sums that leave their range are a status, and the rows stay")
  func overflow() {
    let rows = [
      purchase(1, day: 1, amount: .max), purchase(2, day: 1, amount: 1), purchase(1, day: 2, amount: 1),
    ]
    let list = ChunkList(rows, chunksOf: 2)
    var count: Int64 = 0
    #expect(withLimits { ks_rfm_collapse(list.first, $0, &count) } == KS_OVERFLOW)
    #expect(list.rows.map(\.amount) == rows.map(\.amount))
  }

  @Test("a raised flag and too little memory are statuses, and the rows stay")
  func limits() {
    let rows = (0..<3000).map { purchase($0 % 1000, day: 1, amount: 1) }
    let list = ChunkList(rows)
    var count: Int64 = 0
    #expect(withLimits(stopped: true) { ks_rfm_collapse(list.first, $0, &count) } == KS_STOPPED)
    #expect(withLimits(memory: 30_000) { ks_rfm_collapse(list.first, $0, &count) } == KS_MEMORY_LIMIT)
    #expect(list.rows.count == 3000 && list.rows.allSatisfy { $0.amount == 1 })
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

  // For 200 seeds: up to 300 rows of up to 60 customers, refunds and rows after the end among them.
  @Test("customers score what counting the worse ones gives, in any order", arguments: 0..<200)
  func reference(seed: Int) {
    var numbers = SeededNumbers(seed: seed)
    var purchases = (0..<Int.random(in: 1...300, using: &numbers)).map { _ in
      purchase(
        Int64.random(in: -30...30, using: &numbers), day: Int32.random(in: -40...90, using: &numbers),
        amount: Int64.random(in: -5...9, using: &numbers),
        isRefund: Int.random(in: 0...9, using: &numbers) == 0)
    }
    // The glue shows the kernel nothing from the end on.
    purchases.removeAll { $0.day >= 80 }
    let scores = rfm(purchases, end: 80)
    #expect(scores == obvious(purchases, end: 80))
    purchases.shuffle(using: &numbers)
    #expect(rfm(purchases, end: 80, chunksOf: 64) == scores)
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
