import CKernels
import Foundation
import Kernels
import Testing

let everyNormalisation = [
  KS_NORMALISE_NONE, KS_NORMALISE_ZSCORE, KS_NORMALISE_MINMAX, KS_NORMALISE_LOG1P_ZSCORE,
]

/// What `ks_kmeans` found, with arrays that own their memory.
struct Clustering: Equatable {
  var centroids: [[Double]]
  var sizes: [Int64]
  var weights: [Double]
  var inertia: Double
  var iterations: Int32
  var converged: Bool
  var shift: [Double]
  var scale: [Double]
  var normalisation: Int32

  /// The place of the row's cluster, by `ks_kmeans_nearest`.
  func nearest(_ row: [Double]) -> Int {
    let padded = (centroids.count + 7) / 8 * 8
    var placed = [Double](repeating: 0, count: padded * row.count)
    var row = row
    return shift.withUnsafeBufferPointer { shift in
      scale.withUnsafeBufferPointer { scale in
        placed.withUnsafeMutableBufferPointer { placed in
          var model = ks_kmeans_model(
            features: Int32(row.count), clusters: Int32(centroids.count), normalisation: normalisation,
            padded: Int32(padded), shift: shift.baseAddress!, scale: scale.baseAddress!,
            placed: placed.baseAddress!)
          #expect(ks_kmeans_place(&model, Array(centroids.joined())) == KS_OK)
          return Int(ks_kmeans_nearest(&model, &row))
        }
      }
    }
  }
}

func kmeans(
  _ rows: [[Double]], k: Int, start: [[Double]]? = nil, normalisation: ks_normalisation = KS_NORMALISE_NONE,
  weighted: Bool = false, iterations: Int = 300, restarts: Int32 = 1, seed: UInt64 = 0,
  tolerance: Double = 1e-4,
  threads: Int = 1, chunksOf size: Int = 7
) -> Clustering {
  kmeans(
    packed: Array(rows.joined()), features: rows[0].count - (weighted ? 1 : 0), k: k, start: start,
    normalisation: normalisation, weighted: weighted, iterations: iterations, restarts: restarts, seed: seed,
    tolerance: tolerance, threads: threads, chunksOf: size)
}

/// Calls `ks_kmeans` on rows that lie one after the other.
func kmeans(
  packed values: [Double], features: Int, k: Int, start: [[Double]]? = nil,
  normalisation: ks_normalisation = KS_NORMALISE_NONE, weighted: Bool = false, iterations: Int = 300,
  restarts: Int32 = 1, seed: UInt64 = 0, tolerance: Double = 1e-4, threads: Int = 1, chunksOf size: Int = 4096
) -> Clustering {
  let list = rowList(values, stride: features + (weighted ? 1 : 0), chunksOf: size)
  let room = Room(features: features, k: k)
  let starts = start.map { Array($0.joined()) } ?? []
  let status = starts.withUnsafeBufferPointer { starts in
    var task = ks_kmeans_task(
      features: Int32(features), k: Int32(k), normalisation: Int32(normalisation.rawValue),
      weighted: weighted ? 1 : 0, max_iterations: Int32(iterations), restarts: restarts, seed: seed,
      tolerance: tolerance, start: start == nil ? nil : starts.baseAddress)
    return withThreads(threads) { ks_kmeans(list.first, &task, $0, &room.result) }
  }
  #expect(status == KS_OK)
  return room.clustering(normalisation)
}

/// Memory for a result, freed with the object.
final class Room {
  var result: ks_kmeans_result
  let features: Int
  private let doubles: UnsafeMutablePointer<Double>
  private let sizes: UnsafeMutablePointer<Int64>

  init(features: Int, k: Int) {
    self.features = features
    doubles = .allocate(capacity: k * features + k + 2 * features)
    doubles.initialize(repeating: .nan, count: k * features + k + 2 * features)
    sizes = .allocate(capacity: k)
    sizes.initialize(repeating: -1, count: k)
    result = ks_kmeans_result(
      centroids: doubles, sizes: sizes, weights: doubles + k * features, shift: doubles + k * features + k,
      scale: doubles + k * features + k + features, inertia: .nan, clusters: -1, iterations: -1, converged: -1
    )
  }

  func clustering(_ normalisation: ks_normalisation) -> Clustering {
    let clusters = Int(result.clusters)
    return Clustering(
      centroids: (0..<clusters).map { cluster in
        (0..<features).map { result.centroids[cluster * features + $0] }
      },
      sizes: (0..<clusters).map { result.sizes[$0] }, weights: (0..<clusters).map { result.weights[$0] },
      inertia: result.inertia, iterations: result.iterations, converged: result.converged != 0,
      shift: (0..<features).map { result.shift[$0] }, scale: (0..<features).map { result.scale[$0] },
      normalisation: Int32(normalisation.rawValue))
  }

  deinit {
    doubles.deallocate()
    sizes.deallocate()
  }
}

/// A list of doubles whose chunks hold so many whole rows; their counts are rows.
func rowList(_ values: [Double], stride: Int, chunksOf size: Int) -> ChunkList<Double> {
  let list = ChunkList(values, chunksOf: size * stride)
  var next = list.first
  while let chunk = next {
    chunk.pointee.count /= Int64(stride)
    next = chunk.pointee.next
  }
  return list
}

private func withThreads<Result>(_ threads: Int, _ body: (UnsafePointer<ks_limits>) -> Result) -> Result {
  withUnsafePointer(to: Int32(0)) { flag in
    withUnsafePointer(to: ks_limits(stop: flag, stop_too: flag, memory: 1 << 31, threads: Int32(threads))) {
      body($0)
    }
  }
}

/// The status of a run whose answer does not matter; `list` holds doubles, so its chunks' counts are made rows first.
func status(_ list: ChunkList<Double>, features: Int, k: Int, limits: UnsafePointer<ks_limits>) -> ks_status {
  var next = list.first
  while let chunk = next {
    chunk.pointee.count /= Int64(features)
    next = chunk.pointee.next
  }
  defer {
    next = list.first
    while let chunk = next {
      chunk.pointee.count *= Int64(features)
      next = chunk.pointee.next
    }
  }
  var task = ks_kmeans_task(
    features: Int32(features), k: Int32(k), normalisation: 0, weighted: 0, max_iterations: 1000, restarts: 3,
    seed: 0,
    tolerance: 0, start: nil)
  let room = Room(features: features, k: k)
  return ks_kmeans(list.first, &task, limits, &room.result)
}

func status(
  _ list: ChunkList<Double>, features: Int, k: Int, memory: Int64 = 1 << 30, threads: Int32 = 1,
  stopped: Bool = false
) -> ks_status {
  withUnsafePointer(to: Int32(stopped ? 1 : 0)) { flag in
    withUnsafePointer(to: ks_limits(stop: flag, stop_too: flag, memory: memory, threads: threads)) {
      status(list, features: features, k: k, limits: $0)
    }
  }
}

/// Rows around so many centres, seeded.
func blobs(_ count: Int, features: Int, heaps: Int, seed: Int) -> [[Double]] {
  var numbers = SeededNumbers(seed: seed)
  let centres = (0..<heaps).map { _ in
    (0..<features).map { _ in Double.random(in: -50...50, using: &numbers) }
  }
  return (0..<count).map { _ in
    let centre = centres.randomElement(using: &numbers)!
    return centre.map { centre in
      centre + (0..<4).map { _ in Double.random(in: -4...4, using: &numbers) }.reduce(0, +)
    }
  }
}

/// Lloyd's algorithm as the textbook has it: every row against every centroid, a plain mean, nothing else. It has no
/// answer for clusters without rows, so starts must leave none.
func obvious(_ rows: [[Double]], start: [[Double]], iterations: Int) -> Clustering {
  func squared(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).map { ($0 - $1) * ($0 - $1) }.reduce(0, +)
  }
  var centroids = start
  func labels() -> [Int] {
    rows.map { row in
      centroids.indices.min { squared(row, centroids[$0]) < squared(row, centroids[$1]) }!
    }
  }
  for _ in 0..<iterations {
    let members = Dictionary(grouping: zip(labels(), rows), by: \.0)
    for (cluster, rows) in members {
      for feature in start[0].indices {
        centroids[cluster][feature] = rows.map { $0.1[feature] }.reduce(0, +) / Double(rows.count)
      }
    }
  }
  centroids.sort { $0.lexicographicallyPrecedes($1) }
  let last = labels()
  let sizes = centroids.indices.map { cluster in Int64(last.count { $0 == cluster }) }
  return Clustering(
    centroids: centroids, sizes: sizes, weights: sizes.map(Double.init),
    inertia: zip(rows, last).map { squared($0, centroids[$1]) }.reduce(0, +), iterations: Int32(iterations),
    converged: false, shift: [], scale: [], normalisation: 0)
}

/// Equal centroids and inertia but for rounding.
func isClose(_ a: Clustering, _ b: Clustering) -> Bool {
  a.centroids.count == b.centroids.count
    && abs(a.inertia - b.inertia) <= 1e-9 * max(1, b.inertia)
    && zip(a.centroids.joined(), b.centroids.joined()).allSatisfy { abs($0 - $1) <= 1e-9 }
}
