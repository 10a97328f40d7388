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

  /// The channel that says a job is to be done.
  static let queueBell = "vibe_queue"

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

  /// The changes since a cursor, one row each, at least one row; up to a later cursor, and of these sites alone.
  static func changes(since cursor: String?, until: String?, sites: Set<Int>) -> Statement {
    Statement(
      """
      select next, resync, site_id, table_name, kind, is_listed, age, change
      from vibe_private.changes_since($1, $2, $3::int[])
      """,
      [
        Parameter(cursor), Parameter(until),
        .text("{\(sites.sorted().map(String.init).joined(separator: ","))}"),
      ])
  }

  /// In the change feed: who may hear what has changed.
  static let rights = "site_members"

  /// Which of the claims, given as a JSON array of texts, have a live session, and the sites they may see.
  static func rights(of claims: String) -> Statement {
    Statement(
      """
      select place - 1, is_live, sites
      from vibe_private.realtime_rights(array(select c from jsonb_array_elements_text($1::jsonb) as c))
      """, [.text(claims)])
  }

  /// What a subscription asks for, checked and with typed values.
  static func bindings(_ wanted: String) -> Statement {
    Statement("select vibe_private.realtime_bindings($1::jsonb)::text", [.text(wanted)])
  }

  /// Takes jobs for a worker, as one JSON value.
  static func queueClaim(by worker: String, upTo count: Int) -> Statement {
    Statement("select vibe_private.queue_claim($1::uuid, $2)::text", [.text(worker), .text("\(count)")])
  }

  /// Keeps jobs of a worker from the others for a while.
  static func queueKeep(_ jobs: [Int], by worker: String) -> Statement {
    let list = "{\(jobs.map(String.init).joined(separator: ","))}"
    return Statement("select vibe_private.queue_keep($1::uuid, $2::bigint[])", [.text(worker), .text(list)])
  }

  /// Gives all jobs of a worker to the others.
  static func queueRelease(by worker: String) -> Statement {
    Statement("select vibe_private.queue_release($1::uuid)", [.text(worker)])
  }

  /// Does a step of a job and tells what is next, as one JSON value.
  static func queueStep(_ step: Int, of job: Int, by worker: String, answer: [UInt8]?) -> Statement {
    Statement(
      "select vibe_private.queue_step($1::bigint, $2::uuid, $3::jsonb, $4::int)::text",
      [.text("\(job)"), .text(worker), answer.map { .bytes($0) } ?? .null, .text("\(step)")])
  }
}
