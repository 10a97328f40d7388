import CKernels

/// At most so many stripes are made of one piece of work, and no more threads than that can be busy.
let mostStripes = 32

/// Work over many rows that can be done stripe by stripe: what it needs, as plain values and pointers, so that threads
/// can share it.
///
/// It is no closure because Swift makes a heap object of what a closure takes along, and traps when memory is out.
protocol StripedWork: BitwiseCopyable {
  /// Does one stripe. It writes only to places of its own, and may fail by nothing but a stop flag, which it looks at
  /// every few thousand rows.
  func run(_ stripe: Int, _ limits: Limits) throws(Failure)

  /// Always `{ Share<Self>.run($0) }`, written out in every kind of work: generic code cannot make a C function.
  static var thread: ThreadEntry { get }
}

/// What a new thread begins with.
typealias ThreadEntry = @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?

/// Does the stripes 0 ..< `count` of some work, by `threads` threads of which the caller's is one.
///
/// Work is cut into stripes whose number hangs on the rows alone, and the caller joins what they wrote in their order;
/// so the answer has the same bits whatever number of threads did the work. Each thread takes the next stripe as it
/// gets free: on a busy machine the others do not wait for the one that is slow.
///
/// All signals are blocked in the new threads: the server's handlers must run in its own. A thread that cannot be made
/// is no failure; the caller does its share.
/// - Complexity: some 20 µs for each thread beside the work; scratch a few hundred bytes a thread.
func runStripes<Work: StripedWork>(
  _ count: Int, threads: Int, _ limits: Limits, _ work: Work
) throws(Failure) {
  let crew = max(1, min(threads, min(count, mostStripes)))
  if crew == 1 {
    var stripe = 0
    while stripe < count {
      try work.run(stripe, limits)
      stripe &+= 1
    }
    return
  }
  var left = limits
  let shares = try Scratch<Share<Work>>(crew, &left)
  let next = try Scratch<Int64>(1, &left)
  next.base[0] = 0
  var member = 0
  while member < crew {
    shares.base[member] = Share(work: work, limits: limits, next: next.base, count: count)
    member &+= 1
  }
  if runCrew(shares.base, crew) { throw .stopped }
}

/// What one thread does: stripes that nobody has taken, until none are left.
struct Share<Work: StripedWork>: BitwiseCopyable {
  fileprivate let work: Work
  fileprivate let limits: Limits
  fileprivate let next: UnsafeMutablePointer<Int64>
  fileprivate let count: Int
  fileprivate var thread = pthread_t()
  fileprivate var stopped = false

  /// Does the share at this address; the body of `StripedWork.thread`.
  static func run(_ share: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    share?.assumingMemoryBound(to: Share.self).pointee.run()
    return nil
  }

  fileprivate mutating func run() {
    do throws(Failure) {
      while true {
        let stripe = Int(ks_take_number(next))
        if stripe >= count { return }
        try work.run(stripe, limits)
      }
    } catch {
      stopped = true
    }
  }
}

/// Runs all shares, the first in the caller's thread; true if one was stopped.
private func runCrew<Work: StripedWork>(_ shares: UnsafeMutablePointer<Share<Work>>, _ crew: Int) -> Bool {
  var everySignal = sigset_t()
  var before = sigset_t()
  sigfillset(&everySignal)
  pthread_sigmask(SIG_SETMASK, &everySignal, &before)
  var made = 1
  while made < crew && pthread_create(&shares[made].thread, nil, Work.thread, shares + made) == 0 {
    made &+= 1
  }
  pthread_sigmask(SIG_SETMASK, &before, nil)

  shares[0].run()
  var stopped = shares[0].stopped
  var member = 1
  while member < made {
    pthread_join(shares[member].thread, nil)
    stopped = stopped || shares[member].stopped
    member &+= 1
  }
  return stopped
}
