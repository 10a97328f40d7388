import CKernels

/// How features are made comparable: `(x - shift) * scale`, after the logarithm if there is one.
struct Scaling: BitwiseCopyable {
  let features: Int
  let normalisation: Int32
  let shift: UnsafeMutablePointer<Double>
  let scale: UnsafeMutablePointer<Double>

  var isNone: Bool { normalisation == Int32(KS_NORMALISE_NONE.rawValue) }
  var takesLogarithm: Bool { normalisation == Int32(KS_NORMALISE_LOG1P_ZSCORE.rawValue) }

  /// A raw value of a feature as distances take it.
  @inline(__always)
  func apply(_ value: Double, _ feature: Int) -> Double {
    ((takesLogarithm ? log1p(value) : value) - shift[feature]) * scale[feature]
  }

  /// The other way; a feature of scale 0 has one value only.
  @inline(__always)
  func undo(_ value: Double, _ feature: Int) -> Double {
    let before = scale[feature] == 0 ? shift[feature] : value / scale[feature] + shift[feature]
    return takesLogarithm ? expm1(before) : before
  }

  /// Decides shift and scale of a feature from its least value, width, mean and variance, the latter two as shares of
  /// the width; returns the variance afterwards.
  ///
  /// Standard deviations are those of a population. A constant feature gets scale 0 unless nothing is normalised.
  func decide(_ feature: Int, low: Double, width: Double, mean: Double, variance: Double) -> Double {
    let deviation = width * variance.squareRoot()
    switch UInt32(truncatingIfNeeded: normalisation) {
    case KS_NORMALISE_NONE.rawValue:
      shift[feature] = 0
      scale[feature] = 1
    case KS_NORMALISE_MINMAX.rawValue:
      shift[feature] = low
      scale[feature] = 1 / width
    default:
      shift[feature] = low + width * mean
      scale[feature] = 1 / deviation
    }
    if !(scale[feature] < .infinity) {
      shift[feature] = low
      scale[feature] = 0
    }
    let after = deviation * scale[feature]
    return after * after
  }
}

/// Decides about the scaling of all features, scales `points`, and sums up their blocks; returns the mean variance
/// of the scaled features.
///
/// Sums go by blocks, so that they are right to some 1e-14 for any number of rows.
/// - Complexity: three passes over the values.
func scale(
  _ points: Points, _ scaling: Scaling, _ ranges: borrowing FeatureRanges, _ memory: borrowing PassMemory,
  threads: Int, _ limits: inout Limits
) throws(Failure) -> Double {
  let features = points.features
  let numbers = try Scratch<Double>(4 &* features, &limits)
  let (lows, inverses) = (numbers.base, numbers.base + features)
  let (means, variances) = (numbers.base + 2 &* features, numbers.base + 3 &* features)
  var feature = 0
  while feature < features {
    lows[feature] = ranges.low.base[feature]
    let inverse = 1 / (ranges.high.base[feature] - lows[feature])
    inverses[feature] = inverse < .infinity ? inverse : 0
    means[feature] = 0
    feature &+= 1
  }
  let moments = Moments(lows: lows, inverses: inverses, means: means)
  let weight = try moments.pass(points, squared: false, memory, threads: threads, limits, into: variances)
  memcpy(means, variances, features &* MemoryLayout<Double>.stride)
  _ = try moments.pass(points, squared: true, memory, threads: threads, limits, into: variances)
  var meanVariance = 0.0
  feature = 0
  while feature < features {
    let variance = scaling.decide(
      feature, low: lows[feature], width: ranges.high.base[feature] - lows[feature], mean: means[feature],
      variance: variances[feature])
    meanVariance += variance / Double(features)
    feature &+= 1
  }
  try runStripes(
    points.stripes, threads: threads, limits, Finishing(points: points, scaling: scaling))
  numbers.release(&limits)
  return weight > 0 ? meanVariance : 0
}

/// A stripe of `scale`'s last pass.
private struct Finishing: StripedWork {
  let points: Points
  let scaling: Scaling

  static var thread: ThreadEntry { { Share<Self>.run($0) } }

  func run(_ stripe: Int, _ limits: Limits) throws(Failure) {
    let (first, end) = points.blocks(ofStripe: stripe)
    var block = first
    while block < end {
      try limits.poll()
      finish(points, block, scaling)
      block &+= 1
    }
  }
}

/// Means and variances of features as shares of their width, where nothing can overflow.
private struct Moments: BitwiseCopyable {
  let lows: UnsafeMutablePointer<Double>
  let inverses: UnsafeMutablePointer<Double>
  /// What is subtracted.
  let means: UnsafeMutablePointer<Double>

  /// Writes each feature's weighted mean of distances from `means`, or of their squares; returns the weight.
  func pass(
    _ points: Points, squared: Bool, _ memory: borrowing PassMemory, threads: Int, _ limits: Limits,
    into results: UnsafeMutablePointer<Double>
  ) throws(Failure) -> Double {
    let (totals, stride, features) = (memory.totals.base, memory.stride, points.features)
    try runStripes(
      points.stripes, threads: threads, limits,
      Adding(moments: self, points: points, squared: squared, totals: totals, stride: stride))
    var place = 0
    while place <= features {
      var stripe = 1
      while stripe < points.stripes {
        totals[place] += totals[stripe &* stride &+ place]
        stripe &+= 1
      }
      place &+= 1
    }
    place = 0
    while place < features {
      results[place] = totals[place] / totals[features]
      place &+= 1
    }
    return totals[features]
  }

  @inline(__always)
  func add(_ points: Points, _ block: Int, squared: Bool, to totals: UnsafeMutablePointer<Double>) {
    let features = points.features
    let (first, end) = points.groups(ofBlock: block)
    var weight = Lanes(repeating: 0)
    var group = first
    while group < end {
      weight += points.weights(ofGroup: group)
      group &+= 1
    }
    totals[features] += weight.sum()
    var feature = 0
    while feature < features {
      var sum = Lanes(repeating: 0)
      group = first
      while group < end {
        let share = (points.values[group &* features &+ feature] - lows[feature]) * inverses[feature]
        let distance = share - means[feature]
        sum += (squared ? distance * distance : distance) * points.weights(ofGroup: group)
        group &+= 1
      }
      totals[feature] += sum.sum()
      feature &+= 1
    }
  }
}

/// A stripe of a pass of `Moments`.
private struct Adding: StripedWork {
  let moments: Moments
  let points: Points
  let squared: Bool
  let totals: UnsafeMutablePointer<Double>
  let stride: Int

  static var thread: ThreadEntry { { Share<Self>.run($0) } }

  func run(_ stripe: Int, _ limits: Limits) throws(Failure) {
    let own = totals + stripe &* stride
    memset(own, 0, (points.features &+ 1) &* MemoryLayout<Double>.stride)
    let (first, end) = points.blocks(ofStripe: stripe)
    var block = first
    while block < end {
      try limits.poll()
      moments.add(points, block, squared: squared, to: own)
      block &+= 1
    }
  }
}

/// Scales a block's values, weighs them, and finds its box, sums and weight.
@inline(__always)
private func finish(_ points: Points, _ block: Int, _ scaling: Scaling) {
  let features = points.features
  let (first, end) = points.groups(ofBlock: block)
  var weight = Lanes(repeating: 0)
  var group = first
  while group < end {
    weight += points.weights(ofGroup: group)
    group &+= 1
  }
  points.blockWeights[block] = weight.sum()
  var feature = 0
  while feature < features {
    var low = Lanes(repeating: .infinity)
    var high = Lanes(repeating: -.infinity)
    var sum = Lanes(repeating: 0)
    group = first
    while group < end {
      let place = group &* features &+ feature
      let values =
        scaling.isNone
        ? points.values[place] : (points.values[place] - scaling.shift[feature]) * scaling.scale[feature]
      let product = values * points.weights(ofGroup: group)
      points.values[place] = values
      if points.isWeighted { points.weighted[place] = product }
      low.replace(with: values, where: values .< low)
      high.replace(with: values, where: values .> high)
      sum += product
      group &+= 1
    }
    points.low[block &* features &+ feature] = low.min()
    points.high[block &* features &+ feature] = high.max()
    points.sums[block &* features &+ feature] = sum.sum()
    feature &+= 1
  }
}
