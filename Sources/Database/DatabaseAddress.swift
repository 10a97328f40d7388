/// Where the database is and who logs in.
package struct DatabaseAddress: Sendable {
  /// libpq's connection keywords, without the password.
  package var keywords: [String: String]
  /// The password, if one is needed.
  package var password: Secret?

  /// An address; a `nil` falls back on libpq's own environment variables and defaults.
  package init(
    host: String? = nil, port: String? = nil, database: String? = nil, user: String? = nil,
    password: String? = nil,
    applicationName: String = "vibe"
  ) {
    keywords = [
      "application_name": applicationName, "client_encoding": "UTF8",
      // A peer that vanished without a word is noticed within about 15 s.
      "keepalives_idle": "5", "keepalives_interval": "5", "keepalives_count": "2",
      "tcp_user_timeout": "15000",
    ]
    keywords["host"] = host
    keywords["port"] = port
    keywords["dbname"] = database
    keywords["user"] = user
    self.password = password.map(Secret.init)
  }
}
