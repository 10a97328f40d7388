import CKernels

/// At most so many stripes are made of one piece of work, and no more threads than that can be busy.
let mostStripes = 32

/// Does the stripes 0 ..< `count` of some work, by `threads` threads of which the caller's is one.
///
/// Work over many rows is cut into stripes whose number hangs on the rows alone. A stripe writes only to places of its
/// own, and the caller joins these in the order of stripes; so the answer has the same bits whatever number of threads
/// did the work. A stripe may fail by nothing but a stop flag, which it looks at every few thousand rows.
///
/// All signals are blocked in the new threads: the server's handlers must run in its own. A thread that cannot be made
/// is no failure; the caller does its share.
/// - Complexity: some 20 µs for each thread beside the work.
func runStripes(
  _ count: Int, threads: Int, _ limits: Limits, _ body: (Int, Limits) throws(Failure) -> Void
) throws(Failure) {
  let crew = max(1, min(threads, min(count, mostStripes)))
  if crew == 1 {
    var stripe = 0
    while stripe < count {
      try body(stripe, limits)
      stripe &+= 1
    }
    return
  }
  let stopped = withoutActuallyEscaping(body) { body in
    runCrew(crew, Share(body: body, limits: limits, count: count, step: crew))
  }
  if stopped { throw .stopped }
}

/// Every `step`-th stripe from `first` on.
private struct Share {
  let body: (Int, Limits) throws(Failure) -> Void
  let limits: Limits
  let count: Int
  let step: Int
  var first = 0
  var thread = pthread_t()
  var stopped = false

  mutating func run() {
    do throws(Failure) {
      var stripe = first
      while stripe < count {
        try body(stripe, limits)
        stripe &+= step
      }
    } catch {
      stopped = true
    }
  }
}

/// Runs `crew` shares like `share`, each with a first stripe of its own; true if one was stopped.
private func runCrew(_ crew: Int, _ share: Share) -> Bool {
  withUnsafeTemporaryAllocation(of: Share.self, capacity: crew) { shares in
    guard let shares = shares.baseAddress else { return true }
    var member = 0
    while member < crew {
      (shares + member).initialize(to: share)
      shares[member].first = member
      member &+= 1
    }
    var everySignal = sigset_t()
    var before = sigset_t()
    sigfillset(&everySignal)
    pthread_sigmask(SIG_SETMASK, &everySignal, &before)
    var made = 1
    while made < crew && start(shares + made) { made &+= 1 }
    pthread_sigmask(SIG_SETMASK, &before, nil)

    shares[0].run()
    member = made
    while member < crew {
      shares[member].run()
      member &+= 1
    }
    var stopped = false
    member = 0
    while member < crew {
      if member > 0 && member < made { pthread_join(shares[member].thread, nil) }
      stopped = stopped || shares[member].stopped
      member &+= 1
    }
    (shares).deinitialize(count: crew)
    return stopped
  }
}

private func start(_ share: UnsafeMutablePointer<Share>) -> Bool {
  let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { share in
    share?.assumingMemoryBound(to: Share.self).pointee.run()
    return nil
  }
  return pthread_create(&share.pointee.thread, nil, run, share) == 0
}
