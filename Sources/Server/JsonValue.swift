import Foundation

/// Any JSON value, for the few that the server itself has to look into.
package enum JsonValue: Codable, Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JsonValue])
  case object([String: JsonValue])

  /// Decodes whatever is there.
  package init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let bool = try? value.decode(Bool.self) {
      self = .bool(bool)
    } else if let integer = try? value.decode(Int.self) {
      self = .integer(integer)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let string = try? value.decode(String.self) {
      self = .string(string)
    } else if let array = try? value.decode([JsonValue].self) {
      self = .array(array)
    } else {
      self = .object(try value.decode([String: JsonValue].self))
    }
  }

  /// Encodes the value as itself.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }

  /// A member of an object.
  package subscript(_ key: String) -> JsonValue? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  /// The text of a string.
  package var text: String? { if case .string(let text) = self { text } else { nil } }

  /// A number, whole or not.
  package var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
}

extension JsonValue {
  /// Parses `text`; `nil` when it is no JSON.
  package init?(text: String) {
    guard let value = try? JSONDecoder().decode(JsonValue.self, from: Data(text.utf8)) else { return nil }
    self = value
  }

  /// The members of an object.
  package var members: [String: JsonValue]? { if case .object(let members) = self { members } else { nil } }
}
