import Database

/// Every object of the product that the server knows by name; all else comes from the schema cache.
enum Names {
  /// The role of those who have not signed in.
  static let anonymous = "vibe_anon"
  /// The role of those who run the installation.
  static let operatorRole = "vibe_operator"
  /// The setting that tells SQL who calls.
  static let claims = "request.jwt.claims"
  /// The function that refuses claims whose session has ended, with this SQLSTATE.
  static let sessionCheck = (function: "vibe_private.check_session", refusal: "PT401")
  /// The setting that tells SQL where a request came from, in the form of ingest's meta.
  static let client = "vibe.client"
  /// Names by which clients may ask for the exposed schema.
  static let profiles = ["vibe", "public"]
  /// The channel that asks for a new schema cache.
  static let reload = "pgrst"
  /// The channel that says the change feed grew.
  static let doorbell = "vibe_changes"

  /// The schema cache as one JSON value.
  static let schemaCache = Statement("select vibe_private.schema_cache()::text")

  /// One step of signing in or out.
  static func auth(_ action: String, request: [UInt8], meta: String) -> Statement {
    Statement(
      "select status, body::text, claims::text from vibe_private.answer_auth($1, $2, $3::jsonb)",
      [.text(action), .bytes(request), .text(meta)])
  }

  /// Claims of an API key, and how many requests a minute it may make; no row when it is not one.
  static func useApiKey(_ key: String) -> Statement {
    Statement("select claims::text, requests_per_minute from vibe_private.use_api_key($1)", [.text(key)])
  }

  /// Claims for a new secret key.
  static let secretClaims = Statement("select vibe_private.create_secret_session()::text")

  /// The member of an envelope that names the site.
  static let siteKey = "site"

  /// Stores envelopes, one answer each.
  static func ingest(_ envelopes: [UInt8], meta: [UInt8]) -> Statement {
    Statement(
      "select ord, status, body::text from vibe_private.ingest($1::text[], $2::jsonb[]) order by ord",
      [.bytes(envelopes), .bytes(meta)])
  }

  /// The first argument whose value its type does not take: name, type and reason.
  static func wrongArgument(body: [UInt8], texts: String, types: String) -> Statement {
    Statement(
      "select name, type, reason from vibe_private.wrong_argument($1::json, $2::json, $3::json)",
      [.bytes(body), .text(texts), .text(types)])
  }

  /// The changes since a cursor, one row each, at least one row.
  static func changes(since cursor: String?) -> Statement {
    Statement(
      """
      select page ->> 'cursor', page ->> 'resync', change ->> 'site_id', change ->> 'table', change::text
      from vibe_private.changes_since($1) as page
      left join lateral jsonb_array_elements(page -> 'changes') as change on true
      """, [Parameter(cursor)])
  }

  /// The sites that the holder of claims may see.
  static func sessionSites(claims: String) -> Statement {
    Statement(
      "select coalesce(json_agg(s.site_id), '[]')::text from vibe_private.session_sites($1::jsonb) as s",
      [.text(claims)])
  }
}
