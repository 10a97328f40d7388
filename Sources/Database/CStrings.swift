/// Parameters as C strings, one after the other in one buffer.
struct CStrings {
  private var bytes: [UInt8] = []
  private var starts: [Int?] = []

  /// Copies `parameters`; a zero byte would end a value early, so callers refuse it first.
  init(_ parameters: [Parameter]) {
    starts.reserveCapacity(parameters.count)
    for parameter in parameters {
      switch parameter {
      case .null:
        starts.append(nil)
        continue
      case .text(let text):
        starts.append(bytes.count)
        bytes.append(contentsOf: text.utf8)
      case .bytes(let value):
        starts.append(bytes.count)
        bytes.append(contentsOf: value)
      }
      bytes.append(0)
    }
  }

  /// Calls `body` with one pointer for each parameter, null for null.
  func withPointers<R>(_ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R) -> R {
    unsafe bytes.withUnsafeBytes { buffer in
      let base = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
      let pointers = unsafe starts.map { start -> UnsafePointer<CChar>? in
        guard let start, let base = unsafe base else { return nil }
        return unsafe base + start
      }
      return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
    }
  }
}

extension Parameter {
  /// Whether PostgreSQL's text format can hold the value.
  var hasZeroByte: Bool {
    switch self {
    case .null: false
    case .text(let text): text.utf8.contains(0)
    case .bytes(let bytes): bytes.contains(0)
    }
  }
}
