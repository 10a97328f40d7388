/// A text that must not reach any log: printing or mirroring it, alone or inside something else, shows dots.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The text itself.
  package let text: String

  /// Hides `text`.
  package init(_ text: String) { self.text = text }

  /// Dots.
  package var description: String { "•••" }
  /// Dots.
  package var debugDescription: String { description }
  /// Nothing to look into.
  package var customMirror: Mirror { Mirror(self, children: []) }
}
