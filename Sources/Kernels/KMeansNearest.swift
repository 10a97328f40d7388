import CKernels

// Scoring of single rows by a model: the same sums in the same order as the passes of the search, so that a row of
// the search gets the cluster that it was counted in.

@c @implementation
public func ks_kmeans_place(
  _ model: UnsafePointer<ks_kmeans_model>, _ centroids: UnsafePointer<Double>
) -> ks_status {
  let (features, clusters) = (Int(model.pointee.features), Int(model.pointee.clusters))
  let padded = Int(model.pointee.padded)
  if features < 1 || clusters < 1 || padded != (clusters &+ 7) & ~7 { return KS_BAD_ARGUMENT }
  let scaling = Scaling(model.pointee)
  var feature = 0
  while feature < features {
    var cluster = 0
    while cluster < padded {
      model.pointee.placed[feature &* padded &+ cluster] =
        cluster < clusters ? scaling.apply(centroids[cluster &* features &+ feature], feature) : .nan
      cluster &+= 1
    }
    feature &+= 1
  }
  return KS_OK
}

@c @implementation
public func ks_kmeans_nearest(_ model: UnsafePointer<ks_kmeans_model>, _ row: UnsafeMutablePointer<Double>)
  -> Int32
{
  let (features, padded) = (Int(model.pointee.features), Int(model.pointee.padded))
  let scaling = Scaling(model.pointee)
  let placed = UnsafeRawPointer(model.pointee.placed)
  var feature = 0
  while feature < features {
    row[feature] = scaling.apply(row[feature], feature)
    feature &+= 1
  }
  var best = Lanes(repeating: .infinity)
  var bestPart = SIMD8<Int64>(repeating: 0)
  var part = 0
  while part < padded {
    var distance = Lanes(repeating: 0)
    feature = 0
    while feature < features {
      let centres = (placed + (feature &* padded &+ part) &* 8).loadUnaligned(as: Lanes.self)
      let difference = row[feature] - centres
      distance += difference * difference
      feature &+= 1
    }
    let isNearer = distance .< best
    best.replace(with: distance, where: isNearer)
    bestPart.replace(with: Int64(part), where: isNearer)
    part &+= 8
  }
  // Of equal distances the lowest number wins, which may stand in any lane.
  var nearest = bestPart[0]
  var distance = best[0]
  var lane = 1
  while lane < 8 {
    let number = bestPart[lane] &+ Int64(lane)
    if best[lane] < distance || (best[lane] == distance && number < nearest) {
      nearest = number
      distance = best[lane]
    }
    lane &+= 1
  }
  return Int32(truncatingIfNeeded: nearest)
}

extension Scaling {
  fileprivate init(_ model: ks_kmeans_model) {
    features = Int(model.features)
    normalisation = model.normalisation
    shift = UnsafeMutablePointer(mutating: model.shift)
    scale = UnsafeMutablePointer(mutating: model.scale)
  }
}
