import NIOCore

/// A message of the realtime protocol: Phoenix channels, version 1.0.0 (objects) or 2.0.0 (arrays).
package struct Message: Sendable, Equatable {
  /// How messages are written.
  package enum Version: String, Sendable, Hashable {
    case object = "1.0.0"
    case array = "2.0.0"
  }

  /// The client's number for its join of the topic.
  package var joinReference = JsonValue.null
  /// The client's number for this message; an answer repeats it.
  package var reference = JsonValue.null
  /// The channel.
  package var topic: String
  /// What the message is.
  package var event: String
  /// What it says.
  package var payload = JsonValue.object([:])

  /// Parses a text frame; `nil` when it is no message of this version.
  package init?(text: String, version: Version) {
    guard let json = JsonValue(text: text) else { return nil }
    let parts: [JsonValue?]
    switch (version, json) {
    case (.object, .object(let all)):
      parts = ["join_ref", "ref", "topic", "event", "payload"].map { all[$0] }
    case (.array, .array(let all)) where all.count == 5: parts = all
    default: return nil
    }
    guard let topic = parts[2]?.text, let event = parts[3]?.text,
      let joinReference = Self.reference(parts[0]),
      let reference = Self.reference(parts[1])
    else { return nil }
    (self.topic, self.event, self.joinReference, self.reference) = (topic, event, joinReference, reference)
    payload = parts[4] ?? .object([:])
  }

  /// Parses a binary frame, which in version 2 is a broadcast: kind 3, six lengths or kinds of a byte each, five texts,
  /// payload.
  package init?(bytes: ByteBuffer) {
    var bytes = bytes
    guard bytes.readInteger(as: UInt8.self) == 3, let lengths = bytes.readBytes(length: 6) else { return nil }
    let texts = lengths.dropLast().map { bytes.readString(length: Int($0)) }
    guard let joinReference = texts[0], let reference = texts[1], let topic = texts[2], texts[3] != nil,
      texts[4] != nil
    else { return nil }
    (self.topic, event) = (topic, "broadcast")
    self.joinReference = joinReference.isEmpty ? .null : .string(joinReference)
    self.reference = reference.isEmpty ? .null : .string(reference)
  }

  /// A reference is a text, a number or null; all else is `nil`.
  private static func reference(_ value: JsonValue?) -> JsonValue? {
    switch value {
    case nil: .null
    case .string, .integer, .null: value
    default: nil
    }
  }
}

/// Where messages of the server go.
package struct Topic: Sendable, Hashable {
  /// How the client writes.
  package let version: Message.Version
  /// The channel.
  package let name: String
  /// What the client called its join.
  package let joinReference: JsonValue

  /// A topic from its parts.
  package init(version: Message.Version, name: String, joinReference: JsonValue) {
    (self.version, self.name, self.joinReference) = (version, name, joinReference)
  }

  /// A text frame with `event`; `payload` is JSON, `reference` that of the message it answers.
  package func frame(_ event: String, _ payload: String, reference: JsonValue = .null) -> ByteBuffer {
    let ends = ends(event, reference: reference)
    return TextFrame.buffer([ends.before, payload, ends.after].map { ByteBuffer(string: $0) })
  }

  /// An answer to the message called `reference`.
  package func reply(_ status: String, _ response: String = "{}", reference: JsonValue) -> ByteBuffer {
    frame("phx_reply", "{\"status\":\"\(status)\",\"response\":\(response)}", reference: reference)
  }

  /// An answer that refuses.
  package func refusal(_ reason: String, reference: JsonValue) -> ByteBuffer {
    var text = JsonText()
    text.object([("reason", reason)])
    return reply("error", String(buffer: text.buffer), reference: reference)
  }

  /// What the server has to say about the subscription.
  package func system(_ status: String, _ message: String) -> ByteBuffer {
    var text = JsonText()
    text.object([
      ("channel", String(name.dropFirst(Self.prefix.count))), ("extension", "postgres_changes"),
      ("message", message), ("status", status),
    ])
    return frame("system", String(buffer: text.buffer))
  }

  /// With what the clients' topics begin.
  package static let prefix = "realtime:"

  /// The JSON around a payload.
  package func ends(_ event: String, reference: JsonValue = .null) -> (before: String, after: String) {
    switch version {
    case .array:
      ("[\(joinReference.json),\(reference.json),\(JsonValue.string(name).json),\"\(event)\",", "]")
    case .object:
      (
        "{\"event\":\"\(event)\",\"payload\":",
        ",\"ref\":\(reference.json),\"topic\":\(JsonValue.string(name).json)}"
      )
    }
  }
}

extension JsonValue {
  /// The JSON text of a string or an integer; null for all else.
  package var json: String {
    switch self {
    case .string(let value):
      var text = JsonText()
      text.string(value)
      return String(buffer: text.buffer)
    case .integer(let value): return "\(value)"
    default: return "null"
    }
  }
}

/// Unmasked WebSocket text frames.
package enum TextFrame {
  /// A frame of the texts one after the other.
  package static func buffer(_ parts: [ByteBuffer]) -> ByteBuffer {
    var buffer = ByteBuffer()
    write(parts, to: &buffer)
    return buffer
  }

  /// Appends a frame.
  static func write(_ parts: [ByteBuffer], to buffer: inout ByteBuffer) {
    let length = parts.reduce(0) { $0 + $1.readableBytes }
    buffer.reserveCapacity(minimumWritableBytes: length + 10)
    buffer.writeInteger(0x81 as UInt8)
    switch length {
    case ..<126: buffer.writeInteger(UInt8(length))
    case ..<65_536: buffer.writeMultipleIntegers(126 as UInt8, UInt16(length))
    default: buffer.writeMultipleIntegers(127 as UInt8, UInt64(length))
    }
    for part in parts { buffer.writeImmutableBuffer(part) }
  }
}
