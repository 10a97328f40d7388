import Database
import Logging

/// The keys that programs send as `apikey`.
package struct ApiKeys: Sendable {
  /// May do what anyone may.
  package let anonymous: String
  /// Acts as an operator.
  package let secret: String

  /// Makes a key of each kind; the secret one gets a session in the database, which can be revoked.
  package static func make(_ settings: Settings, logger: Logger) async throws -> ApiKeys {
    let configuration = PoolConfiguration(
      address: settings.database, lanes: [Lane("keys", connections: 1, queueLimit: 1)])
    let pool = try Pool(configuration, logger: logger)
    let tokens = await Tokens(secret: settings.jwtSecret.text)
    do {
      let claims = try await pool.run(Transaction([Names.secretClaims]))[0].string() ?? ""
      await pool.close()
      guard let values = JsonValue(text: claims)?.members else {
        throw SettingsError(description: "the database gave no claims for a secret key")
      }
      return ApiKeys(
        anonymous: try await tokens.sign(["role": .string(Names.anonymous)]),
        secret: try await tokens.sign(values))
    } catch {
      await pool.close()
      throw error
    }
  }
}
