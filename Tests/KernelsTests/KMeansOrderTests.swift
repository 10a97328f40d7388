import CKernels
import Foundation
import Kernels
import Testing

struct KMeansOrderTests {
  @Test("any order of rows, chunks and threads gives the same bits", arguments: 1...6)
  func order(seed: Int) {
    var numbers = SeededNumbers(seed: seed)
    // Above 100,000 numbers threads take part; halves of the rows repeat, so that places on the curve do too.
    let half = blobs(20_000, features: 3, heaps: 7, seed: seed)
    let rows = half + half.map { $0.map { ($0 * 4).rounded() / 4 } }
    for normalisation in everyNormalisation {
      let positive = normalisation == KS_NORMALISE_LOG1P_ZSCORE ? rows.map { $0.map(abs) } : rows
      let expected = kmeans(positive, k: 9, normalisation: normalisation, chunksOf: 1000)
      for threads in [1, 2, 3, 40] {
        let found = kmeans(
          positive.shuffled(using: &numbers), k: 9, normalisation: normalisation, threads: threads,
          chunksOf: Int.random(in: 1...5000, using: &numbers))
        #expect(found == expected)
      }
    }
  }

  @Test("so do rows that crowd on a few places, and weighted ones", arguments: [1, 2, 4, 40])
  func crowds(features: Int) {
    var numbers = SeededNumbers(seed: features)
    var rows = (0..<30_000).map { row in (0..<features).map { Double((row &* 7919 &+ $0) % 5) } }
    rows[100] = (0..<features).map { _ in 1e9 }
    for row in 200..<260 { rows[row] = (0..<features).map { _ in 1 + Double(row) * 1e-9 } }
    let plain = kmeans(rows, k: 5)
    #expect(kmeans(rows.shuffled(using: &numbers), k: 5, threads: 2) == plain)
    let weighted = rows.enumerated().map { $1 + [Double($0 % 3 + 1)] }
    let expected = kmeans(weighted, k: 5, weighted: true)
    #expect(kmeans(weighted.shuffled(using: &numbers), k: 5, weighted: true, threads: 2) == expected)
  }

  @Test("shifting and stretching features changes nothing under zscore and minmax", arguments: 1...10)
  func shifted(seed: Int) {
    let rows = blobs(2000, features: 3, heaps: 4, seed: seed)
    let moved = rows.map { [$0[0] * 1000 - 7, $0[1] * 0.001 + 5, $0[2] * 3] }
    for normalisation in [KS_NORMALISE_ZSCORE, KS_NORMALISE_MINMAX] {
      let start = Array(rows.prefix(4))
      let found = kmeans(rows, k: 4, start: start, normalisation: normalisation, tolerance: 0)
      let other = kmeans(
        moved, k: 4, start: Array(moved.prefix(4)), normalisation: normalisation, tolerance: 0)
      #expect(found.sizes == other.sizes)
      #expect(abs(found.inertia - other.inertia) <= 1e-9 * found.inertia)
    }
  }

  @Test("scaling is what its name says; a constant feature counts for nothing")
  func scalings() {
    let rows = [[1.0, 5, 10], [2, 5, 20], [3, 5, 60]]
    let zscore = kmeans(rows, k: 1, normalisation: KS_NORMALISE_ZSCORE)
    #expect(zscore.shift == [2, 5, 30])
    #expect(abs(zscore.scale[0] - 1 / (2.0 / 3).squareRoot()) < 1e-15 && zscore.scale[1] == 0)
    #expect(abs(zscore.inertia - 6) < 1e-12)
    let minmax = kmeans(rows, k: 1, normalisation: KS_NORMALISE_MINMAX)
    #expect(minmax.shift == [1, 5, 10] && minmax.scale == [0.5, 0, 0.02])
    let none = kmeans(rows, k: 1)
    #expect(none.shift == [0, 0, 0] && none.scale == [1, 1, 1] && none.centroids == [[2, 5, 30]])
    let logarithm = kmeans([[0], [exp(2) - 1]], k: 1, normalisation: KS_NORMALISE_LOG1P_ZSCORE)
    #expect(abs(logarithm.shift[0] - 1) < 1e-15 && abs(logarithm.centroids[0][0] - (exp(1) - 1)) < 1e-14)
    #expect(kmeans([[-0.5], [3]], k: 2, normalisation: KS_NORMALISE_LOG1P_ZSCORE).sizes == [1, 1])
  }

  @Test("the largest and the smallest numbers keep their distances")
  func huge() {
    for factor in [1e140, 1e-140] {
      for normalisation in [KS_NORMALISE_NONE, KS_NORMALISE_ZSCORE, KS_NORMALISE_MINMAX] {
        let rows = [0, 0.1, 0.9, 1, -1].map { [$0 * factor, $0 * factor] }
        let found = kmeans(rows, k: 3, normalisation: normalisation, tolerance: 0)
        #expect(found.sizes == [1, 2, 2], "\(factor) \(normalisation)")
        #expect(found.inertia.isFinite)
      }
    }
  }

  @Test("centroids agree with the obvious ones to 1e-9 after two million rows")
  func manyRows() {
    let rows = 2_000_000
    var numbers = SeededNumbers(seed: 5)
    var values: [Double] = []
    var sums = [Double](repeating: 0, count: 6)
    var errors = sums
    for row in 0..<rows {
      for feature in 0..<2 {
        let value = Double(row % 3) * 1e6 + Double.random(in: 0..<1, using: &numbers)
        values.append(value)
        // Kahan's sum, as the reference.
        let place = row % 3 * 2 + feature
        let term = value - errors[place]
        let sum = sums[place] + term
        errors[place] = (sum - sums[place]) - term
        sums[place] = sum
      }
    }
    let found = kmeans(packed: values, features: 2, k: 3, threads: 2)
    #expect(found.sizes == [666_667, 666_667, 666_666])
    for (cluster, centroid) in found.centroids.enumerated() {
      for (feature, value) in centroid.enumerated() {
        let expected = sums[cluster * 2 + feature] / Double(found.sizes[cluster])
        #expect(abs(value - expected) <= 1e-9)
      }
    }
  }

  @Test("too little memory is said, never passed", arguments: [0, 1_000, 100_000, 600_000])
  func memory(bytes: Int64) {
    let list = ChunkList((0..<40_000).map(Double.init), chunksOf: 1000)
    #expect(status(list, features: 2, k: 3, memory: bytes) == KS_MEMORY_LIMIT)
  }

  @Test("a stop flag ends it and leaves the rows; then it starts over", arguments: [1, 2])
  func stop(threads: Int32) {
    var numbers = SeededNumbers(seed: 1)
    let values = (0..<800_000).map { _ in Double.random(in: 0..<1, using: &numbers) }
    let list = ChunkList(values, chunksOf: 4096)
    #expect(status(list, features: 4, k: 20, threads: threads, stopped: true) == KS_STOPPED)
    let alarm = Alarm(after: 5)
    let limits = ks_limits(stop: alarm.flag, stop_too: alarm.flag, memory: 1 << 30, threads: threads)
    let began = DispatchTime.now().uptimeNanoseconds
    #expect(withUnsafePointer(to: limits) { status(list, features: 4, k: 20, limits: $0) } == KS_STOPPED)
    let stopped = DispatchTime.now().uptimeNanoseconds
    #expect(list.rows == values)
    #expect(status(list, features: 4, k: 20, threads: threads) == KS_OK)
    // Against the whole run on the same machine: an alarm after 5 ms leaves most of it undone.
    #expect(stopped - began < (DispatchTime.now().uptimeNanoseconds - stopped) / 2)
  }
}
