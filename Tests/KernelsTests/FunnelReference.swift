import CKernels

/// One row of a funnel, with everything it can have.
struct Row: Hashable {
  var user: Int64 = 0
  var time: Int64
  var steps: UInt32
  var exclusions: UInt32 = 0
  var held: UInt32 = 0
  var value: UInt32 = 0

  /// The order of events as it is documented, written down once more.
  static func comes(_ a: Row, before b: Row) -> Bool {
    (a.time, a.steps.trailingZeroBitCount, a.steps, a.exclusions, a.value)
      < (b.time, b.steps.trailingZeroBitCount, b.steps, b.exclusions, b.value)
  }
}

/// What a funnel is asked for.
struct Question {
  var steps = 3
  var window: Int64 = .max
  var mode = KS_FUNNEL_ORDERED
  var strictTies = false

  var shape: ks_funnel_shape {
    ks_funnel_shape(
      window: window, steps: Int32(steps), mode: Int32(mode.rawValue), strict_ties: strictTies ? 1 : 0,
      valued: 0)
  }

  var all: UInt32 { UInt32.max >> UInt32(32 - steps) }
}

/// The definition itself: makes every chain there is and chooses by the documented order; no walk, no state.
struct Reference {
  let question: Question

  struct Chain: Equatable {
    var held: UInt32
    var value: UInt32
    var times: [Int64]
  }

  /// The chain to tell of one user that begins in [from, to), `nil` if there is none.
  func chain(of rows: [Row], from: Int64 = .min, to: Int64? = nil) -> Chain? {
    var best: (chain: Chain, rank: [Int64])?
    for held in Set(rows.map(\.held)).sorted() {
      let ordered = rows.filter { $0.held == held }.sorted(by: Row.comes)
      let inTime = everyChain(ordered).filter { places in
        ordered[places[0]].time >= from && to.map { ordered[places[0]].time < $0 } ?? true
      }
      guard let places = inTime.min(by: { order($0).lexicographicallyPrecedes(order($1)) }) else { continue }
      let times = places.map { ordered[$0].time }
      // Of the held values the deepest chain, which completes first, starts last, then the lowest value.
      let rank = [-Int64(places.count), times[times.count - 1], -times[0]]
      if best == nil || rank.lexicographicallyPrecedes(best!.rank) {
        best = (Chain(held: held, value: entryValue(ordered, places[0]), times: times), rank)
      }
    }
    return best?.chain
  }

  /// Deepest; completes first; starts last; then from the end the earliest steps (unordered: from the start on the
  /// latest). Each in the order of events.
  private func order(_ places: [Int]) -> [Int64] {
    let between = places.dropFirst().dropLast().map(Int64.init)
    return [-Int64(places.count), Int64(places[places.count - 1]), -Int64(places[0])]
      + (question.mode == KS_FUNNEL_UNORDERED ? between.map { -$0 } : between.reversed())
  }

  /// With strict ties an instant is told with the value of its first event.
  private func entryValue(_ ordered: [Row], _ place: Int) -> UInt32 {
    question.strictTies
      ? ordered.first { $0.time == ordered[place].time }!.value : ordered[place].value
  }

  /// Every list of places that is a chain of at least one step; unordered, in the order of places.
  private func everyChain(_ ordered: [Row]) -> [[Int]] {
    var found: [[Int]] = []
    func follows(_ last: Int, _ next: Int) -> Bool {
      next > last && (!question.strictTies || ordered[next].time > ordered[last].time)
    }
    func isBetween(_ row: Int, _ first: Int, _ last: Int) -> Bool {
      question.strictTies
        ? ordered[row].time > ordered[first].time && ordered[row].time < ordered[last].time
        : row > first && row < last
    }
    func extend(_ chain: [Int], _ taken: [UInt32]) {
      if let last = chain.last {
        if question.mode == KS_FUNNEL_UNORDERED && !canMatch(taken) { return }
        found.append(chain)
        if chain.count == question.steps { return }
        for next in ordered.indices where follows(last, next) {
          if ordered[next].time - ordered[chain[0]].time > question.window { continue }
          switch question.mode {
          case KS_FUNNEL_UNORDERED:
            let crosses = ordered.indices.contains {
              ordered[$0].exclusions != 0 && isBetween($0, chain[0], next)
            }
            if !crosses { extend(chain + [next], taken + [ordered[next].steps & question.all]) }
          default:
            guard ordered[next].steps >> UInt32(chain.count) & 1 == 1 else { continue }
            let ended = ordered.indices.contains {
              isBetween($0, last, next)
                && (question.mode == KS_FUNNEL_STRICT
                  || ordered[$0].exclusions >> UInt32(chain.count - 1) & 1 == 1)
            }
            if !ended { extend(chain + [next], []) }
          }
        }
      } else {
        for start in ordered.indices {
          let steps = ordered[start].steps & question.all
          if question.mode == KS_FUNNEL_UNORDERED ? steps != 0 : steps & 1 == 1 { extend([start], [steps]) }
        }
      }
    }
    extend([], [])
    return found
  }

  /// Whether each event can have a step of its own, by trying.
  private func canMatch(_ taken: [UInt32]) -> Bool {
    func assign(_ event: Int, _ used: UInt32) -> Bool {
      if event == taken.count { return true }
      return (0..<question.steps).contains { step in
        let bit = UInt32(1) << UInt32(step)
        return taken[event] & bit != 0 && used & bit == 0 && assign(event + 1, used | bit)
      }
    }
    return assign(0, 0)
  }
}
