import CKernels

// k-means: the exact fixed point of Lloyd's algorithm from seeded or given starts.
//
// Rows are put into an order that hangs on their values alone (KMeansOrder), scaled (KMeansScaling) and laid out in
// blocks (KMeansPoints); seeds are drawn (KMeansSeeds); rounds go over the blocks (KMeansPass). From the sorting on,
// every number is added up in one order whatever the order of rows and the number of threads: the answer has the same
// bits.
//
// - A row belongs to the nearest centroid, the first one of several.
// - A centroid without rows moves to the row that is farthest from its own (the first in order of several). If every
//   row lies on a centroid, there is none: the centroid is dropped.
// - Clusters are numbered by their centroids, the first feature first.

/// What the search moves about.
private struct Search: ~Copyable {
  var centres: Centres
  var iterations = 0
  var hasConverged = false
  /// Of the centroids of the last `measure`.
  var inertia = Double.infinity
  private let values: Scratch<Double>
  private let across: AlignedLanes
  let k: Int

  init(features: Int, k: Int, _ limits: inout Limits) throws(Failure) {
    let values = try Scratch<Double>(features &* k, &limits)
    let across = try AlignedLanes(features &* ((k &+ 7) / 8), &limits)
    centres = Centres(features: features, count: 0, values: values.base, across: across.base)
    self.values = values
    self.across = across
    self.k = k
  }

  /// Takes the first `count` of the values that were written to `centres.values` for its centroids.
  mutating func begin(with count: Int) {
    centres = Centres(
      features: centres.features, count: count, values: centres.values, across: centres.across)
    centres.spread()
    iterations = 0
    hasConverged = false
  }

  /// Takes over the other's centroids.
  mutating func copy(_ other: borrowing Search) {
    memcpy(centres.values, other.centres.values, k &* centres.features &* 8)
    begin(with: other.centres.count)
    iterations = other.iterations
    hasConverged = other.hasConverged
    inertia = other.inertia
  }

  /// Rounds until centroids rest, or move less than `tolerance` in all, or `most` of them are done.
  mutating func run(
    _ points: Points, most: Int, tolerance: Double, _ memory: borrowing PassMemory, threads: Int,
    _ limits: Limits
  ) throws(Failure) {
    while iterations < most && !hasConverged {
      try lloydPass(points, centres, memory, threads: threads, limits)
      iterations &+= 1
      let moved = move(to: memory.totals.base)
      let isWhole = try fillEmpty(points, memory, threads: threads, limits)
      centres.spread()
      hasConverged = isWhole && moved <= tolerance
    }
  }

  /// Moves centroids to the means of their rows; returns the sum of the squared ways. Those without rows stay.
  private func move(to totals: UnsafePointer<Double>) -> Double {
    let features = centres.features
    var moved = 0.0
    var centre = 0
    while centre < centres.count {
      let weight = totals[centres.count &* features &+ centre]
      var feature = 0
      while feature < features && weight > 0 {
        let place = centre &* features &+ feature
        let mean = totals[place] / weight
        let way = mean - centres.values[place]
        moved += way * way
        centres.values[place] = mean
        feature &+= 1
      }
      centre &+= 1
    }
    return moved
  }

  /// Finds places for centroids without rows, in their order; false if there were any.
  private mutating func fillEmpty(
    _ points: Points, _ memory: borrowing PassMemory, threads: Int, _ limits: Limits
  ) throws(Failure) -> Bool {
    let features = centres.features
    let weights = memory.totals.base + centres.count &* features
    var kept = 0
    var centre = 0
    while centre < centres.count {
      if weights[centre] > 0 {
        memmove(centres.values + kept &* features, centres.values + centre &* features, features &* 8)
        kept &+= 1
      }
      centre &+= 1
    }
    let wanted = centres.count
    if kept == wanted { return true }
    while kept < wanted {
      centres = Centres(features: features, count: kept, values: centres.values, across: centres.across)
      centres.spread()
      guard let row = try farthestRow(points, centres, memory, threads: threads, limits) else { break }
      var feature = 0
      while feature < features {
        centres.values[kept &* features &+ feature] = points.value(row, feature)
        feature &+= 1
      }
      kept &+= 1
    }
    centres = Centres(features: features, count: kept, values: centres.values, across: centres.across)
    return false
  }
}

/// Fewer numbers than this are one thread's work.
private let leastNumbersOfThreads = 100_000

private func kmeans(
  _ rows: UnsafePointer<ks_chunk>?, _ task: ks_kmeans_task, _ limits: inout Limits,
  _ result: inout ks_kmeans_result
) throws(Failure) {
  let scaling = Scaling(
    features: Int(task.features), normalisation: task.normalisation, shift: result.shift, scale: result.scale)
  let shape = RowShape(
    features: scaling.features, isWeighted: task.weighted != 0, takesLogarithm: scaling.takesLogarithm)
  let k = Int(task.k)
  let tableMemory = try RowTableMemory(rows, shape, &limits)
  let table = tableMemory.table
  if table.count < 1 { throw .badArgument }
  let threads = table.count &* shape.features >= leastNumbersOfThreads ? limits.threads : 1

  let ranges = try FeatureRanges(rows, shape, &limits)
  let pointsMemory = try PointsMemory(table, &limits)
  let points = pointsMemory.points
  let placed = try rowsInOrder(table, ranges, stripes: points.stripes, threads: threads, &limits)
  try fill(points, placed.base, table, threads: threads, limits)
  placed.release(&limits)
  let memory = try PassMemory(points, k: k, &limits)
  let meanVariance = try scale(points, scaling, ranges, memory, threads: threads, &limits)

  var best = try Search(features: shape.features, k: k, &limits)
  var trial = try Search(features: shape.features, k: k, &limits)
  let tolerance = task.tolerance * meanVariance
  let most = Int(task.max_iterations)
  if let start = task.start {
    var place = 0
    while place < k &* shape.features {
      best.centres.values[place] = scaling.apply(start[place], remainder(place, shape.features))
      place &+= 1
    }
    best.begin(with: k)
    try best.run(points, most: most, tolerance: tolerance, memory, threads: threads, limits)
  } else {
    let seedMemory = try SeedMemory(points, k: k, &limits)
    var restart = 0
    while restart < Int(task.restarts) {
      var draws = Draws(seed: task.seed, restart: restart)
      let seeds = try chooseSeeds(
        points, k: k, &draws, seedMemory, threads: threads, limits, into: trial.centres.values)
      trial.begin(with: seeds)
      try trial.run(points, most: most, tolerance: tolerance, memory, threads: threads, limits)
      if task.restarts > 1 {
        trial.inertia = try measure(
          points, trial.centres, memory, threads: threads, limits, sizes: result.sizes,
          weights: result.weights)
      }
      if restart == 0 || trial.inertia < best.inertia { best.copy(trial) }
      restart &+= 1
    }
  }
  try finish(points, &best, scaling, memory, threads: threads, limits, &result)
}

/// Writes the centroids in the rows' units and in order, and measures them as everyone will who reads them there.
private func finish(
  _ points: Points, _ search: inout Search, _ scaling: Scaling, _ memory: borrowing PassMemory,
  threads: Int, _ limits: Limits, _ result: inout ks_kmeans_result
) throws(Failure) {
  let (features, count) = (search.centres.features, search.centres.count)
  var place = 0
  while place < count &* features {
    result.centroids[place] = scaling.undo(search.centres.values[place], remainder(place, features))
    place &+= 1
  }
  sortCentroids(result.centroids, count, features)
  place = 0
  while place < count &* features {
    search.centres.values[place] = scaling.apply(result.centroids[place], remainder(place, features))
    place &+= 1
  }
  let (iterations, hasConverged) = (search.iterations, search.hasConverged)
  search.begin(with: count)
  result.inertia = try measure(
    points, search.centres, memory, threads: threads, limits, sizes: result.sizes, weights: result.weights)
  result.clusters = Int32(truncatingIfNeeded: count)
  result.iterations = Int32(truncatingIfNeeded: iterations)
  result.converged = hasConverged ? 1 : 0
}

/// Insertion by the first feature, then the next; there are 256 at most.
private func sortCentroids(_ values: UnsafeMutablePointer<Double>, _ count: Int, _ features: Int) {
  var centre = 1
  while centre < count {
    var place = centre
    while place > 0 && isBefore(values + place &* features, values + (place &- 1) &* features, features) {
      var feature = 0
      while feature < features {
        let value = values[place &* features &+ feature]
        values[place &* features &+ feature] = values[(place &- 1) &* features &+ feature]
        values[(place &- 1) &* features &+ feature] = value
        feature &+= 1
      }
      place &-= 1
    }
    centre &+= 1
  }
}

private func isBefore(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ features: Int) -> Bool {
  var feature = 0
  while feature < features {
    if a[feature] != b[feature] { return a[feature] < b[feature] }
    feature &+= 1
  }
  return false
}

// The C entry, as kernels.h declares it.

@c @implementation
public func ks_kmeans(
  _ rows: UnsafePointer<ks_chunk>?, _ task: UnsafePointer<ks_kmeans_task>, _ limits: UnsafePointer<ks_limits>,
  _ result: UnsafeMutablePointer<ks_kmeans_result>
) -> ks_status {
  let asked = task.pointee
  if asked.features < 1 || asked.features > KS_MAX_FEATURES || asked.k < 1 || asked.k > KS_MAX_CLUSTERS
    || asked.normalisation < 0 || asked.normalisation > Int32(KS_NORMALISE_LOG1P_ZSCORE.rawValue)
    || asked.max_iterations < 0 || asked.restarts < 1 || !(asked.tolerance >= 0)
  {
    return KS_BAD_ARGUMENT
  }
  var limits = Limits(limits)
  do throws(Failure) {
    try kmeans(rows, asked, &limits, &result.pointee)
    return KS_OK
  } catch {
    return error.status
  }
}
