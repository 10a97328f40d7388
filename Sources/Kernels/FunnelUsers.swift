import CKernels

/// A row of a funnel's chunk list, with or without values.
protocol FunnelRow {
  var user: Int64 { get }
  var moment: Moment { get }
}

extension ks_event: FunnelRow {
  @inline(__always)
  var moment: Moment { Moment(time: time, steps: steps, exclusions: exclusions, held: 0, value: 0) }
}

extension ks_valued_event: FunnelRow {
  @inline(__always)
  var user: Int64 { event.user }
  @inline(__always)
  var moment: Moment {
    Moment(time: event.time, steps: event.steps, exclusions: event.exclusions, held: held, value: value)
  }
}

/// The moments of one user, in order.
struct UserMoments {
  let user: Int64
  let base: UnsafeMutablePointer<Moment>
  let count: Int
}

/// Deals the rows of a chunk list to their users and hands out user by user, each with sorted moments.
///
/// Many rows are first dealt to buckets by a hash of the user, so that all that follows happens in the cache.
/// - Complexity: O(rows) if each user's rows come in order, O(rows · log) otherwise; scratch a copy of the rows, and
///   for the largest bucket 28 bytes a row, 24 a row of its largest user that must be sorted, and up to 70 a user.
struct FunnelUsers<Row: FunnelRow & BitwiseCopyable>: ~Copyable {
  private let rows: Scratch<Row>
  private let ends: Scratch<UInt32>
  private let bucketCount: Int
  private var bucket = 0
  private var bucketBegin = 0

  private var index: KeyIndex
  private var users: Scratch<Int64>
  private var places: Scratch<UInt32>
  private var userOfRow: Scratch<UInt32>
  private var moments: Scratch<Moment>
  private var spare: Scratch<Moment>
  private var user = 0
  private var userBegin = 0

  init(_ events: UnsafePointer<ks_chunk>?, _ limits: inout Limits) throws(Failure) {
    let count = try Chunks<Row>.count(events)
    var bits: UInt64 = 0
    while bits < 9 && count &>> Int(truncatingIfNeeded: bits) > 16384 { bits &+= 1 }
    let rows = try Scratch<Row>(count, &limits)
    let ends = try Scratch<UInt32>(1 &<< Int(truncatingIfNeeded: bits), &limits)
    let index = try KeyIndex(&limits)
    let users = try Scratch<Int64>(512, &limits)
    let places = try Scratch<UInt32>(512, &limits)
    let userOfRow = try Scratch<UInt32>(0, &limits)
    let moments = try Scratch<Moment>(0, &limits)
    let spare = try Scratch<Moment>(0, &limits)
    try Self.deal(events, to: rows.base, ends: ends.base, bits, limits)
    bucketCount = 1 &<< Int(truncatingIfNeeded: bits)
    self.rows = rows
    self.ends = ends
    self.index = index
    self.users = users
    self.places = places
    self.userOfRow = userOfRow
    self.moments = moments
    self.spare = spare
  }

  /// The next user, `nil` after the last; its moments are good until the next call.
  mutating func next(_ limits: inout Limits) throws(Failure) -> UserMoments? {
    while user == index.count {
      if bucket == bucketCount { return nil }
      try openBucket(&limits)
    }
    try limits.poll(row: user)
    let begin = userBegin
    let count = Int(places.base[user]) &- begin
    try sort(moments.base + begin, count, &spare, &limits)
    userBegin &+= count
    user &+= 1
    return UserMoments(user: users.base[user &- 1], base: moments.base + begin, count: count)
  }

  /// A hash of its own: the bits of `KeyIndex` must still differ within a bucket.
  @inline(__always)
  private static func bucket(of user: Int64, _ bits: UInt64) -> Int {
    let key = UInt64(bitPattern: user)
    return Int(truncatingIfNeeded: ((key ^ (key &>> 31)) &* 0xD6E8_FEB8_6659_FD93) &>> 40)
      & ((1 &<< Int(truncatingIfNeeded: bits)) &- 1)
  }

  /// Puts each row into its bucket; `ends` becomes where each bucket ends.
  private static func deal(
    _ events: UnsafePointer<ks_chunk>?, to rows: UnsafeMutablePointer<Row>,
    ends: UnsafeMutablePointer<UInt32>,
    _ bits: UInt64, _ limits: Limits
  ) throws(Failure) {
    let bucketCount = 1 &<< Int(truncatingIfNeeded: bits)
    memset(ends, 0, bucketCount &* MemoryLayout<UInt32>.stride)
    var counted = Chunks<Row>(events)
    while bucketCount > 1, let block = counted.nextBlock() {
      var row = 0
      while row < block.count {
        try limits.poll(row: row)
        ends[Self.bucket(of: block.rows[row].user, bits)] &+= 1
        row &+= 1
      }
    }
    var begin: UInt32 = 0
    var bucket = 0
    while bucket < bucketCount {
      let size = ends[bucket]
      ends[bucket] = begin
      begin &+= size
      bucket &+= 1
    }
    // Each place moves from its bucket's begin to the bucket's end.
    var dealt = Chunks<Row>(events)
    while let block = dealt.nextBlock() {
      var row = 0
      while row < block.count {
        try limits.poll(row: row)
        let bucket = Self.bucket(of: block.rows[row].user, bits)
        rows[Int(ends[bucket])] = block.rows[row]
        ends[bucket] &+= 1
        row &+= 1
      }
    }
  }

  /// Numbers the users of the next bucket, counts their rows and puts each row among its user's moments.
  private mutating func openBucket(_ limits: inout Limits) throws(Failure) {
    let begin = bucketBegin
    let count = Int(ends.base[bucket]) &- begin
    bucketBegin &+= count
    bucket &+= 1
    index.removeAll()
    user = 0
    userBegin = 0
    if userOfRow.capacity < count {
      try userOfRow.grow(to: count, keeping: 0, &limits)
      try moments.grow(to: count, keeping: 0, &limits)
    }
    try numberUsers(begin, count, &limits)
    var place: UInt32 = 0
    var number = 0
    while number < index.count {
      let size = places.base[number]
      places.base[number] = place
      place &+= size
      number &+= 1
    }
    var row = 0
    while row < count {
      try limits.poll(row: row)
      let number = Int(userOfRow.base[row])
      moments.base[Int(places.base[number])] = rows.base[begin &+ row].moment
      places.base[number] &+= 1
      row &+= 1
    }
  }

  private mutating func numberUsers(_ begin: Int, _ count: Int, _ limits: inout Limits) throws(Failure) {
    var row = 0
    while row < count {
      try limits.poll(row: row)
      let known = index.count
      let user = rows.base[begin &+ row].user
      let number = try index.number(of: user, &limits)
      if number == known {
        if number == places.capacity {
          try places.grow(to: number &* 2, keeping: number, &limits)
          try users.grow(to: number &* 2, keeping: number, &limits)
        }
        places.base[number] = 0
        users.base[number] = user
      }
      places.base[number] &+= 1
      userOfRow.base[row] = UInt32(truncatingIfNeeded: number)
      row &+= 1
    }
  }
}
