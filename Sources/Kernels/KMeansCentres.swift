import CKernels

/// Centroids in scaled units, laid out twice: one after the other, and feature by feature, eight centroids a `Lanes`.
///
/// Plain pointers, so that threads can share it.
struct Centres: BitwiseCopyable {
  let features: Int
  let count: Int
  /// Centroid after centroid.
  let values: UnsafeMutablePointer<Double>
  /// Feature after feature; filled up with NaN, which is nearest to nothing.
  let across: UnsafeMutablePointer<Lanes>

  /// `Lanes` a feature.
  var width: Int { (count &+ 7) / 8 }

  /// Makes `across` anew from `values`.
  func spread() {
    var feature = 0
    while feature < features {
      var centre = 0
      while centre < width &* 8 {
        let value = centre < count ? values[centre &* features &+ feature] : .nan
        across[feature &* width &+ centre / 8][centre & 7] = value
        centre &+= 1
      }
      feature &+= 1
    }
  }
}

/// What one stripe needs for itself while it walks over blocks.
struct Bench: BitwiseCopyable {
  /// Centroids that may be nearest to some row of the block, in ascending order.
  let candidates: UnsafeMutablePointer<Int>
  /// For each row of the block, the place of its centroid among the candidates …
  let labels: UnsafeMutablePointer<SIMD8<Int64>>
  /// … and the squared distance to it.
  let distances: UnsafeMutablePointer<Lanes>

  /// Bytes of one bench, a multiple of 64.
  static var bytes: Int { Int(KS_MAX_CLUSTERS) &* 8 &+ groupsOfBlock &* 128 }

  init(at address: UnsafeMutableRawPointer) {
    labels = address.assumingMemoryBound(to: SIMD8<Int64>.self)
    distances = (address + groupsOfBlock &* 64).assumingMemoryBound(to: Lanes.self)
    candidates = (address + groupsOfBlock &* 128).assumingMemoryBound(to: Int.self)
  }

  @inline(__always)
  func label(_ row: Int) -> Int {
    Int(UnsafeRawPointer(labels).assumingMemoryBound(to: Int64.self)[row])
  }

  @inline(__always)
  func distance(_ row: Int) -> Double {
    UnsafeRawPointer(distances).assumingMemoryBound(to: Double.self)[row]
  }

  @inline(__always)
  func leaveOut(_ row: Int) {
    UnsafeMutableRawPointer(labels).assumingMemoryBound(to: Int64.self)[row] = -1
  }
}

/// Fills `bench.candidates` with the centroids that can be nearest to a row of the block; returns how many.
///
/// One centroid, nearest to the middle of the block's box, rules out every other one that is farther from that corner of
/// the box which lies farthest in the other's direction (Kanungo et al. 2002): the difference of the two squared
/// distances is linear, so it is least there. The margin is some hundred times what rounding can do to either distance
/// of any row, so the filter never changes an answer.
/// - Complexity: O(k · features) time, eight centroids at once.
@inline(__always)
func filterCandidates(_ points: Points, _ block: Int, _ centres: Centres, _ bench: Bench) -> Int {
  let features = points.features
  let low = points.low + block &* features
  let high = points.high + block &* features
  let width = centres.width
  let middle = nearestToMiddle(low, high, centres)
  let chosen = centres.values + middle &* features
  var diagonal = 0.0
  var feature = 0
  while feature < features {
    let side = high[feature] - low[feature]
    diagonal += side * side
    feature &+= 1
  }
  var count = 0
  var part = 0
  while part < width {
    var other = Lanes(repeating: 0)
    var own = Lanes(repeating: 0)
    feature = 0
    while feature < features {
      let value = chosen[feature]
      let centre = centres.across[feature &* width &+ part]
      let corner = Lanes(repeating: low[feature]).replacing(with: high[feature], where: centre .> value)
      let toOther = corner - centre
      let toOwn = corner - value
      other += toOther * toOther
      own += toOwn * toOwn
      feature &+= 1
    }
    let isFarther = (other - own) .> (other + own + diagonal) * 1e-11
    let most = min(8, centres.count &- part &* 8)
    var lane = 0
    while lane < most {
      bench.candidates[count] = part &* 8 &+ lane
      count &+= isFarther[lane] ? 0 : 1
      lane &+= 1
    }
    part &+= 1
  }
  return count
}

@inline(__always)
private func nearestToMiddle(
  _ low: UnsafeMutablePointer<Double>, _ high: UnsafeMutablePointer<Double>, _ centres: Centres
) -> Int {
  var best = Lanes(repeating: .infinity)
  var bestPart = SIMD8<Int64>(repeating: 0)
  var part = 0
  while part < centres.width {
    var distance = Lanes(repeating: 0)
    var feature = 0
    while feature < centres.features {
      let middle = (low[feature] + high[feature]) * 0.5
      let difference = centres.across[feature &* centres.width &+ part] - middle
      distance += difference * difference
      feature &+= 1
    }
    let isNearer = distance .< best
    best.replace(with: distance, where: isNearer)
    bestPart.replace(with: Int64(part), where: isNearer)
    part &+= 1
  }
  var nearest = 0
  var lane = 1
  while lane < 8 {
    if best[lane] < best[nearest] { nearest = lane }
    lane &+= 1
  }
  return min(Int(bestPart[nearest]) &* 8 &+ nearest, centres.count &- 1)
}

/// For each row of the block, the nearest of `count` candidates, the first one of several, and how far it is.
@inline(__always)
func labelRows(_ points: Points, _ block: Int, _ centres: Centres, _ bench: Bench, _ count: Int) {
  let features = points.features
  let rows = points.count(ofBlock: block)
  let groups = (rows &+ 7) / 8
  var values = points.values + block &* groupsOfBlock &* features
  var group = 0
  while group < groups {
    var best = Lanes(repeating: .infinity)
    var label = SIMD8<Int64>(repeating: 0)
    var place = 0
    while place < count {
      let centre = centres.values + bench.candidates[place] &* features
      var distance = Lanes(repeating: 0)
      var feature = 0
      while feature < features {
        let difference = values[feature] - centre[feature]
        distance += difference * difference
        feature &+= 1
      }
      let isNearer = distance .< best
      best.replace(with: distance, where: isNearer)
      label.replace(with: Int64(place), where: isNearer)
      place &+= 1
    }
    bench.labels[group] = label
    bench.distances[group] = best
    values += features
    group &+= 1
  }
  var row = rows
  while row < groups &* 8 {
    bench.leaveOut(row)
    row &+= 1
  }
}
