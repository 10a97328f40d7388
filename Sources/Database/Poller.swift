import CLibPQ
import Glibc

/// epoll and one eventfd: waits for many sockets at once, and can be woken from any thread.
struct Poller {
  /// What happened to the socket registered as `token`.
  struct Event {
    let token: Int
    let isReadable: Bool
    let isWritable: Bool
  }

  /// Wakes the poller; callable from any thread and at any time, since it owns its descriptor.
  final class Waker: Sendable {
    fileprivate let descriptor: Int32

    fileprivate init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { Glibc.close(descriptor) }

    /// Makes the next or current wait return.
    func wake() { eventfd_write(descriptor, 1) }
  }

  private static let wakeToken = UInt64.max
  private let epoll: Int32
  /// Wakes this poller.
  let waker: Waker

  /// A poller with nothing registered; `nil` when the process has no descriptor left.
  init?() {
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    waker = Waker(descriptor: eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC)))
    guard epoll >= 0, waker.descriptor >= 0 else { return nil }
    var event = unsafe epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: Self.wakeToken))
    guard unsafe epoll_ctl(epoll, EPOLL_CTL_ADD, waker.descriptor, &event) == 0 else { return nil }
  }

  /// Watches `socket` for input when `reading` and for room to write when `writing`; replaces what was asked before.
  func watch(_ socket: Int32, token: Int, reading: Bool, writing: Bool) {
    let mask = (reading ? EPOLLIN.rawValue : 0) | (writing ? EPOLLOUT.rawValue : 0)
    var event = unsafe epoll_event(events: mask, data: epoll_data_t(u64: UInt64(token)))
    // libpq closes a socket and opens another while it tries addresses: the number may be known, unknown or reused.
    if unsafe epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) != 0 {
      _ = unsafe epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event)
    }
  }

  /// Waits until something happens, someone wakes us, or `timeout` has passed (`nil`: for ever).
  func wait(timeout: Duration?) -> [Event] {
    let milliseconds = timeout.map {
      Int32(clamping: max(0, ($0 + .microseconds(999)) / .milliseconds(1)).rounded())
    }
    return unsafe withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 64) { events in
      let count = unsafe epoll_wait(epoll, events.baseAddress, Int32(events.count), milliseconds ?? -1)
      guard count > 0 else { return [] }
      return (0..<Int(count)).compactMap { unsafe event(events[$0].events, token: events[$0].data.u64) }
    }
  }

  private func event(_ mask: UInt32, token: UInt64) -> Event? {
    if token == Self.wakeToken {
      var value: eventfd_t = 0
      _ = unsafe eventfd_read(waker.descriptor, &value)
      return nil
    }
    // Errors and hang-ups count as readable: reading is what finds out about them.
    return Event(
      token: Int(token), isReadable: mask & ~EPOLLOUT.rawValue != 0, isWritable: mask & EPOLLOUT.rawValue != 0
    )
  }

  /// Gives the descriptor back; waking does nothing from now on.
  func close() { Glibc.close(epoll) }
}

extension Int32 {
  /// The nearest whole number, at most the largest there is.
  fileprivate init(clamping value: Double) { self = value >= Double(Int32.max) ? .max : Int32(value) }
}
