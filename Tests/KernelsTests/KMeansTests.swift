import CKernels
import Foundation
import Kernels
import Testing

struct KMeansTests {
  @Test("two heaps on a line")
  func example() {
    let found = kmeans([[0], [1], [2], [10], [11], [12]], k: 2, start: [[0], [1]])
    #expect(found.centroids == [[1], [11]])
    #expect(found.sizes == [3, 3])
    #expect(found.inertia == 4)
    #expect(found.converged)
  }

  @Test("the slow obvious Lloyd finds the same from the same starts", arguments: [1, 2, 3, 4, 7, 17, 64])
  func reference(features: Int) {
    for (rows, k) in [(1, 1), (5, 2), (130, 3), (1000, 8), (3000, 20)] {
      let all = blobs(rows, features: features, heaps: 5, seed: rows + features)
      let start = Array(all.prefix(k))
      for iterations in [0, 1, 5] {
        let found = kmeans(all, k: k, start: start, iterations: iterations, tolerance: 0)
        let expected = obvious(all, start: start, iterations: iterations)
        let isAsExpected = isClose(found, expected)
        #expect(isAsExpected, "\(rows) rows, k \(k), \(iterations) iterations")
        #expect(found.sizes == expected.sizes)
      }
    }
  }

  @Test("weights count like repeated rows, for k-means++ too", arguments: 1...20)
  func weights(seed: Int) {
    var numbers = SeededNumbers(seed: seed)
    let rows = blobs(300, features: 3, heaps: 4, seed: seed)
    let weights = rows.map { _ in Double(Int.random(in: 1...4, using: &numbers)) }
    let repeated = zip(rows, weights).flatMap { row, weight in Array(repeating: row, count: Int(weight)) }
    let start = Array(rows.prefix(4))
    let weighted = kmeans(zip(rows, weights).map { $0 + [$1] }, k: 4, start: start, weighted: true)
    let plain = kmeans(repeated, k: 4, start: start)
    #expect(isClose(weighted, plain))
    #expect(weighted.weights == plain.sizes.map(Double.init))
    let scaled = kmeans(
      zip(rows, weights).map { $0 + [$1] }, k: 4, normalisation: KS_NORMALISE_ZSCORE, weighted: true)
    let scaledPlain = kmeans(repeated, k: 4, normalisation: KS_NORMALISE_ZSCORE)
    #expect(zip(scaled.scale, scaledPlain.scale).allSatisfy { abs($0 - $1) <= 1e-12 * $1 })
    #expect(isClose(scaled, scaledPlain))
  }

  @Test("inertia never grows from one round to the next, empty clusters or not", arguments: 1...10)
  func monotone(seed: Int) {
    let rows = blobs(500, features: 2, heaps: 6, seed: seed)
    // Starts on one spot leave clusters empty.
    let start = Array(repeating: rows[0], count: 3) + rows[1..<5]
    let inertias = (0...12).map {
      kmeans(rows, k: 7, start: start, iterations: $0, tolerance: 0).inertia
    }
    #expect(zip(inertias, inertias.dropFirst()).allSatisfy { $1 <= $0 * (1 + 1e-12) }, "\(inertias)")
    #expect(inertias.last! < inertias[0])
  }

  @Test("a centroid without rows moves to the farthest row")
  func emptyCluster() {
    let found = kmeans([[0], [1], [100], [101], [-50]], k: 3, start: [[0], [0], [0]])
    #expect(found.centroids == [[-50], [0.5], [100.5]])
    #expect(found.sizes == [1, 2, 2])
  }

  @Test("fewer different rows than clusters give fewer clusters")
  func fewRows() {
    let rows = [[1.0, 2], [1, 2], [3, 4], [3, 4], [3, 4]]
    for found in [
      kmeans(rows, k: 4), kmeans(rows, k: 4, start: [[0, 0], [1, 1], [2, 2], [9, 9]]), kmeans(rows, k: 256),
    ] {
      #expect(found.centroids == [[1, 2], [3, 4]])
      #expect(found.sizes == [2, 3])
      #expect(found.inertia == 0)
    }
    #expect(kmeans([[7.0]], k: 3).centroids == [[7]])
    #expect(kmeans(Array(repeating: [5.0, 5], count: 1000), k: 2).sizes == [1000])
  }

  @Test("one cluster is the mean")
  func oneCluster() {
    let rows = blobs(2000, features: 5, heaps: 3, seed: 3)
    let found = kmeans(rows, k: 1)
    for feature in 0..<5 {
      let mean = rows.map { $0[feature] }.reduce(0, +) / 2000
      #expect(abs(found.centroids[0][feature] - mean) < 1e-12 * 100)
    }
    #expect(found.sizes == [2000])
  }

  @Test("256 clusters of 64 features")
  func largest() {
    let rows = blobs(4000, features: 64, heaps: 300, seed: 9)
    let start = Array(rows.prefix(256))
    let found = kmeans(rows, k: 256, start: start, iterations: 1, tolerance: 0)
    let isAsExpected = isClose(found, obvious(rows, start: start, iterations: 1))
    #expect(isAsExpected)
    #expect(kmeans(rows, k: 256, iterations: 2).centroids.count == 256)
  }

  @Test("restarts never make it worse, and one seed gives one answer", arguments: 1...5)
  func restarts(seed: UInt64) {
    let rows = blobs(800, features: 2, heaps: 12, seed: Int(seed))
    let once = kmeans(rows, k: 12, seed: seed)
    #expect(kmeans(rows, k: 12, seed: seed) == once)
    #expect(kmeans(rows, k: 12, restarts: 8, seed: seed).inertia <= once.inertia)
  }

  @Test("k-means++ finds heaps that lie far apart", arguments: 1...50)
  func seeds(seed: UInt64) {
    let rows = (0..<600).map { row -> [Double] in
      let heap = Double(row % 6) * 1000
      return [heap + Double(row / 6) * 0.01]
    }
    #expect(kmeans(rows, k: 6, seed: seed).sizes == [100, 100, 100, 100, 100, 100])
  }

  @Test("scoring a row gives the cluster that it was counted in", arguments: [1, 2, 4, 9], [1, 3, 8, 9, 40])
  func nearest(features: Int, k: Int) {
    for normalisation in everyNormalisation {
      let rows = blobs(700, features: features, heaps: 5, seed: k).map { $0.map(abs) }
      let found = kmeans(rows, k: k, normalisation: normalisation, iterations: 3)
      var sizes = [Int64](repeating: 0, count: found.sizes.count)
      for row in rows { sizes[found.nearest(row)] += 1 }
      #expect(sizes == found.sizes)
    }
  }

  @Test("of equal distances the first cluster wins")
  func ties() {
    let found = kmeans([[0], [2], [4]], k: 2, start: [[0], [4]], iterations: 0)
    #expect(found.sizes == [2, 1])
    #expect(found.nearest([2]) == 0)
    let many = kmeans(
      (0..<30).map { [Double($0)] }, k: 16, start: (0..<16).map { [Double($0 * 2)] }, iterations: 0)
    #expect((0..<15).allSatisfy { many.nearest([Double($0 * 2 + 1)]) == $0 })
  }

  @Test("what cannot be asked is refused")
  func badArguments() {
    let list = ChunkList([1.0, 2.0])
    let good = ks_kmeans_task(
      features: 1, k: 1, normalisation: 0, weighted: 0, max_iterations: 1, restarts: 1, seed: 0, tolerance: 0,
      start: nil)
    let spoil: [(inout ks_kmeans_task) -> Void] = [
      { $0.features = 0 }, { $0.features = 65 }, { $0.k = 0 }, { $0.k = 257 }, { $0.normalisation = 4 },
      { $0.max_iterations = -1 }, { $0.restarts = 0 }, { $0.tolerance = .nan },
    ]
    for change in spoil {
      var task = good
      change(&task)
      let room = Room(features: 1, k: 1)
      #expect(withLimits { ks_kmeans(list.first, &task, $0, &room.result) } == KS_BAD_ARGUMENT)
    }
  }

  @Test(
    "numbers that the glue never lets through still end in an answer",
    arguments: [Double.nan, .infinity, 1e300])
  func strangeNumbers(strange: Double) {
    var rows = blobs(300, features: 3, heaps: 3, seed: 1)
    rows[17][1] = strange
    for normalisation in everyNormalisation {
      let found = kmeans(rows, k: 4, normalisation: normalisation)
      #expect(found.sizes.reduce(0, +) == 300)
    }
  }
}
