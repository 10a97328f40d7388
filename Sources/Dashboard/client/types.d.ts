// What schema vibe offers to a member, made by `make reference` from the catalog; change that, not this file.

/** An instant in ISO 8601, as 2026-03-29T01:30:00+00:00. */
export type Instant = string
/** A calendar day, as 2026-03-29. */
export type Day = string
/** A length of time as PostgreSQL writes it, as 1 day 02:00:00. */
export type Interval = string

/** Who is on the site now. */
export type OnlineUser = Functions["get_online_users"]["row"]
/** A segment with its size. */
export type Segment = Relations["segment_sizes"]
/** The figures of the CRM cards, one row each. */
export type CrmMetrics = Functions["get_crm_metrics"]["row"][]
/** A step of a chart; date is the day, or the hour, on the site's calendar. */
export type ChartDataPoint = Functions["stats_series"]["row"] & { date: string }
/** A step of a funnel. */
export type FunnelStep = Functions["calculate_funnel_conversion"]["row"]
/** A visit of one person. */
export type UserSession = Functions["user_sessions"]["row"]
/** A site that the caller may see. */
export type Site = Functions["get_sites"]["row"] & { role: "viewer" | "member" | "owner" }

/** Functions by name: the arguments they take and the rows they give. */
export interface Functions {
  /** makes the caller, who must have signed in with the invited e-mail, a member and returns the site's id. Definer: nobody may write members directly */
  accept_invitation: {
    arguments: { token: string | null }
    row: { accept_invitation: number | null }
  }
  /** the query that unpacks what a query with vibe.rolling_users counted (days of zeros if there was no row); a day is provisional that had not ended 48 hours ago */
  active_days_query: {
    arguments: { counted: string | null; first_day: Day | null; last_day: Day | null; time_zone: string | null }
    row: { active_days_query: string | null }
  }
  /** distinct users of each day from first_day to last_day (the last 30 days and today; at most 3660), both included, by the site's calendar: of the day (dau), of the 7 (wau) and of the 30 days (mau) that end with it. Visitors who turned out to be one person count once, bots do not count, a day without anybody is zeros. Days that the nightly work has counted come from vibe.user_days, later ones from the events. Provisional until 48 hours after the end of the day, since events may come late */
  active_users: {
    arguments: { site?: string | null; first_day?: Day | null; last_day?: Day | null }
    row: { day: Day | null; dau: number | null; wau: number | null; mau: number | null; is_provisional: boolean | null }
  }
  /** vibe.active_users() of those events alone whose name is one of event_names, whose page is like page_pattern and whose properties contain these; what is null is not asked. It reads the events, so it reaches as far back as they do */
  active_users_of_events: {
    arguments: { site?: string | null; first_day?: Day | null; last_day?: Day | null; event_names?: (string | null)[] | null; page_pattern?: string | null; properties?: any | null }
    row: { day: Day | null; dau: number | null; wau: number | null; mau: number | null; is_provisional: boolean | null }
  }
  /** changes a member's role, for owners; operators also let users (by e-mail) and database logins in at once, where owners use vibe.invite_member. Definer: nobody may write members directly */
  add_member: {
    arguments: { site: string | null; email_or_login: string | null; role: string | null }
    row: { add_member: null | null }
  }
  /** makes a segment as vibe.create_segment() does, also POST /api/v1/segments: the answer, 201, is the segment as vibe.segment_list() has it; for members of the site */
  add_segment: {
    arguments: { name: string | null; criteria?: any | null; subject?: string | null; description?: string | null; site?: string | null }
    row: { add_segment: any | null }
  }
  /** puts customers or users (by id) into a static segment and returns how many were not in it before; an id that the site does not have is an error. Definer: membership is written by functions only */
  add_to_segment: {
    arguments: { site: string | null; segment: string | null; subject_ids: (number | null)[] | null }
    row: { add_to_segment: number | null }
  }
  /** size and worth of all six RFM clusters of a month (as 2026-01; the one of as_of unless given), best first, beside their size in the month before: as vibe.rfm_distribution() has the month if it is stored and as_of is not given; else scored as the orders are, of the whole days before as_of against as many of the month before. revenue in the site's currency */
  analytics_clusters: {
    arguments: { site?: string | null; month?: string | null; as_of?: Instant | null }
    row: { cluster: string | null; label: string | null; color: string | null; customers: number | null; share: number | null; revenue: number | null; average_value: number | null; previous_customers: number | null; customers_change: number | null }
  }
  /** key figures of a site for the days start_date to end_date, with those of the range that they are compared with: revenue (orders less refunds) and average_order_value (before refunds) in the site's currency, orders, customers (different ones with an order), new_customers (whose first order it was), repeat_rate (share of the customers with an order that was not their first), active_users (merged), conversion_rate (share of these who met a goal; null without goals). change is told as by vibe.metric_change(). format is money, integer or rate. The range and what compare does: see vibe.analytics_range(). Nothing after as_of is seen */
  analytics_kpis: {
    arguments: { site?: string | null; start_date?: Day | null; end_date?: Day | null; compare?: string | null; as_of?: Instant | null }
    row: { metric: string | null; value: number | null; previous: number | null; change: number | null; range_start: Instant | null; range_end: Instant | null; previous_start: Instant | null; previous_end: Instant | null; is_partial: boolean | null; format: string | null; better: string | null }
  }
  /** a month of a site (as 2026-01; the one of as_of unless given) as the days [period_start, through): all of it or, while it was running as of then, its whole days; and as many of the month before */
  analytics_month: {
    arguments: { site: string | null; month: string | null; as_of: Instant | null }
    row: { month: string | null; as_of: Instant | null; site_id: number | null; time_zone: string | null; currency: string | null; map_version: number | null; period_start: Day | null; period_end: Day | null; through: Day | null; previous_start: Day | null; previous_through: Day | null }
  }
  /** the month of a day and the one before as vibe.get_analytics() tells them */
  analytics_months: {
    arguments: { of_site: number | string | null; in_day: Day | null; compare: string | null; as_of: Instant | null }
    row: { analytics_months: any | null }
  }
  /** the instants [range_start, range_end) of the days start_date to end_date (the running month up to today unless given) by the site's clock, up to the last full hour before as_of (now unless given) if that lies in them, which is_partial tells; and those they are compared with: from the first of a month as many months before, else as many days. compare: same_elapsed takes as much of them as has passed of the range, at most to the end of the month; full_month all; pro_rata all, of which sums count for the share that pro_rata tells; none nothing. Errors name field, value and rule */
  analytics_range: {
    arguments: { site: string | null; start_date: Day | null; end_date: Day | null; compare: string | null; as_of: Instant | null }
    row: { start_date: Day | null; end_date: Day | null; compare: string | null; as_of: Instant | null; site_id: number | null; time_zone: string | null; currency: string | null; range_start: Instant | null; range_end: Instant | null; previous_start_date: Day | null; previous_start: Instant | null; previous_end: Instant | null; pro_rata: number | null; is_partial: boolean | null }
  }
  /** what came from each outside source in a range (see vibe.analytics_range()) and how the source is now: value is the revenue of its orders (less refunds, in the site's currency), of the CRM the number of its interactions; both figures are null, never 0, unless status is ok. status: ok, stale (it has not delivered for too long), error, never (nothing has come yet), off (not connected); since when; code says why. Of several sources of a kind the worst is told */
  analytics_sources: {
    arguments: { site?: string | null; start_date?: Day | null; end_date?: Day | null; as_of?: Instant | null }
    row: { source: string | null; value: number | null; orders: number | null; status: string | null; since: Instant | null; code: string | null; last_success_at: Instant | null }
  }
  /** the days, weeks or months of a range and the instants at which they begin and end; the first and last one end with the range */
  analytics_steps: {
    arguments: { first_day: Day | null; last_day: Day | null; step: string | null; time_zone: string | null }
    row: { day: Day | null; opens: Instant | null; closes: Instant | null }
  }
  /** a figure of vibe.analytics_kpis() from start_date to end_date step by step, beside the same step of the range before (see vibe.analytics_range()), of which for the running step as much counts as has passed of it. interval_by is day (at most 366 days), week (from Monday) or month, chosen by the length of the range unless given; the first and last step end with the range. A step without sales is zero, its averages and rates are null, and so is what has not begun */
  analytics_trend: {
    arguments: { site?: string | null; start_date?: Day | null; end_date?: Day | null; metric?: string | null; interval_by?: string | null; as_of?: Instant | null }
    row: { starts_at: Day | null; value: number | null; previous: number | null; is_partial: boolean | null }
  }
  /** vibe.analytics_trend() of several figures, counted together */
  analytics_trends: {
    arguments: { site: string | null; start_date: Day | null; end_date: Day | null; metrics: (string | null)[] | null; interval_by: string | null; as_of: Instant | null }
    row: { metric: string | null; starts_at: Day | null; value: number | null; previous: number | null; is_partial: boolean | null }
  }
  /** the site and the days of an answer, both included, up to today; errors name field, value and rule */
  answer_days: {
    arguments: { site: string | null; start_date: Day | null; end_date: Day | null; usual_length: Interval | null; longest: number | string | null }
    row: { start_date: Day | null; end_date: Day | null; site_id: number | null; time_zone: string | null; today: Day | null }
  }
  /** opens an import of history; format says what wrote the file: csv, ndjson (our own fields), umami (website_event.csv), posthog (events as JSON lines), ga4 (BigQuery export as JSON lines), plausible (imported_visitors_….csv: days, no events). Then load the file by `command` in the same session and call finish_event_import(import_id). Options: before (only what happened before this instant, e.g. when the tracker went live), time_zone (of times without an offset), encoding (UTF8); of csv and ndjson also columns {"our name": "name in the file"}; of csv also delimiter (,) and date_order (ymd, dmy, mdy) */
  begin_event_import: {
    arguments: { site: string | null; format: string | null; options?: any | null }
    row: { import_id: number | null; command: string | null }
  }
  /** opens an import of a CSV file with a header; kind says what a record is: orders, lines (of orders) or customers. Then load the file by `command` in the same session and call finish_import(import_id). Options: columns {"our name": "name in the header"}, delimiter (,), decimal_mark (.), date_order (ymd, dmy, mdy), time_zone and currency (the site's), encoding (UTF8), refund_prefix (order numbers that begin so are refunds), duplicate_lines (reject or keep) */
  begin_import: {
    arguments: { site: string | null; kind: string | null; options?: any | null }
    row: { import_id: number | null; command: string | null }
  }
  /** conditions for a question of vibe.export_rows(): an instant lies in the days start_date to end_date of a site's calendar, open where null */
  between_days: {
    arguments: { instant: string | null; of_site: number | string | null; start_date: Day | null; end_date: Day | null }
    row: { between_days: any | null }
  }
  /** divides the customers of vibe.customer_features(site, as_of) into k clusters, stores the model in vibe.segmentations and each cluster as a segment, and returns the clusters, best first. They are named High, Medium and Low value, with tier Premium, Standard or Value for marketing, by the worth of their centroid (sum of normalised features, each in the direction of vibe.cluster_features()). Options are those of vibe.kmeans; by default the features' logarithms are normalised (log1p_zscore), the search begins with the customers of least, middle and greatest worth and runs to its end; {"start": "k-means++"}, a seed or restarts begin by chance. Customers without one of the features are in no cluster; less than nothing spent counts as nothing. Repeating it keeps the segments and the history of their members */
  calculate_clusters: {
    arguments: { site?: string | null; name?: string | null; k?: number | string | null; features?: (string | null)[] | null; options?: any | null; as_of?: Instant | null }
    row: { segment_id: number | null; segment: string | null; tier: string | null; cluster_number: number | null; customers: number | null; share: number | null; centroid: any | null }
  }
  /** recounts the days first_day to last_day (yesterday unless given) of one site or all of mine into vibe.daily_user_stats; returns the rows written; may be repeated */
  calculate_daily_stats: {
    arguments: { site?: string | null; first_day?: Day | null; last_day?: Day | null }
    row: { calculate_daily_stats: number | null }
  }
  /** users who reach each step of a stored funnel (the first one made unless named), or of one given as definition, from first_day to last_day (the last 30 days and today), both included, by the site's clock. Conversions are shares of 1, null where nobody could convert; drop_off are the users lost since the step before. With breakdown, the name of an event property, for each entry_value: what it was at the first event of the user's chain (see vibe.funnel_chains); null without it. drop_off_share is that of the users of the step before; is_biggest_drop marks the step before which most users are lost, the first of equals. segment, a name or id, counts only the users who are in it now. Visitors who turned out to be one person count once; bots do not count */
  calculate_funnel_conversion: {
    arguments: { site?: string | null; funnel?: string | null; first_day?: Day | null; last_day?: Day | null; definition?: any | null; breakdown?: string | null; segment?: string | null }
    row: { step: number; name: string; users: number; conversion_from_start: number | null; conversion_from_previous: number | null; drop_off: number; entry_value: string | null; drop_off_share: number | null; is_biggest_drop: boolean | null }
  }
  /** recounts vibe.daily_funnel_stats of a site's stored funnels from first_day to last_day (yesterday unless given), and the days before first_day whose windows reach it; a funnel without days gets its last 90 at least; returns the rows that changed; may be repeated */
  calculate_funnel_days: {
    arguments: { site?: string | null; first_day?: Day | null; last_day?: Day | null }
    row: { calculate_funnel_days: number | null }
  }
  /** calculate_rfm() of a period as 2026-01 or 2026-01-05..2026-02-04 */
  calculate_rfm: {
    arguments: { customer_id: number | string | null; period: string | null }
    row: { recency: number | null; frequency: number | null; monetary: number | null; cluster: string | null }
  } | {
    arguments: { site: string | null; customer_id: number | string | null; period_start: Day | null; period_end: Day | null }
    row: { recency: number | null; frequency: number | null; monetary: number | null; currency: string | null; r_score: number | null; f_score: number | null; m_score: number | null; cluster: string | null; small_n: boolean | null; foreign_orders: number | null }
  } | {
    arguments: { site: string | null; period: string | null }
    row: { calculate_rfm: number | null }
  } | {
    arguments: { site: string | null; period_start: Day | null; period_end: Day | null; map_version?: number | string | null }
    row: { calculate_rfm: number | null }
  }
  /** what the orders of the days from start_date to end_date (all for null) are due to: first, last or linear share by the campaigns that touched the buyer in the window_days times 24 hours before; model and window are the site's settings unless given. orders are shares of orders with linear, customers the different buyers, revenue in the site's currency. Orders that no campaign touched are in no row */
  campaign_attribution: {
    arguments: { site?: string | null; start_date?: Day | null; end_date?: Day | null; model?: string | null; window_days?: number | string | null }
    row: { campaign_id: number | null; name: string | null; orders: number | null; customers: number | null; revenue: number | null }
  }
  /** which campaigns get the orders of [begins, ends): credit is the share of an order (1 but with linear), revenue that share of its amount in the site's currency; Touches up to window_days times 24 hours before the order count; a conversion that names the order is its last touch. Model and window are the site's unless given; refunds take nothing away, since they name no order */
  campaign_credits: {
    arguments: { of_site: number | string | null; begins: Instant | null; ends: Instant | null; model?: string | null; window_days?: number | string | null }
    row: { campaign_id: number | null; purchase_id: number | null; purchased_at: Instant | null; buyer: number | null; credit: number | null; revenue: number | null }
  }
  /** figures of these campaigns (all for null) by day of the site's calendar, days without any left out. impressions, clicks, conversions, revenue and cost are as reported in vibe.campaign_performance; what was not reported is counted: events of the types impression and click, conversions of the site's types and the orders attributed to the campaign, their worth, and the cost of events. conversion_events are those of total_events that are conversions */
  campaign_daily: {
    arguments: { of_site: number | string | null; campaigns: (number | null)[] | null; start_date: Day | null; end_date: Day | null }
    row: { campaign_id: number | null; day: Day | null; total_events: number | null; conversion_events: number | null; impressions: number | null; clicks: number | null; conversions: number | null; revenue: number | null; cost: number | null }
  }
  /** figures of a campaign on each day from start_date to end_date, both included (the last 30 unless given), as vibe.get_campaign_performance() has them. Who is met on several days is exposed on each, so exposed and converted do not add up to the range's */
  campaign_days: {
    arguments: { campaign_id: number | string | null; start_date?: Day | null; end_date?: Day | null }
    row: { date: Day | null; total_events: number | null; exposed: number | null; converted: number | null; conversion_rate: number | null; event_conversion_rate: number | null; impressions: number | null; clicks: number | null; conversions: number | null; revenue: number | null; cost: number | null; ctr: number | null; cpc: number | null; roas: number | null }
  }
  /** what the metadata of a campaign event mean, looked up in the site; raises 22023 for what means nothing */
  campaign_event_fields: {
    arguments: { of_site: number | string | null; metadata: any | null }
    row: { customer_id: number | null; user_id: number | null; occurred_at: Instant | null; value: number | null; cost: number | null; order_id: string | null; event_id: string | null }
  }
  /** the orders of [begins, ends), neither refund nor cancelled, each with its buyer: two rows where it was bought in a browser that is not known to be the customer's, of which buyer is one, null for nobody. amount is 0 in another currency than the site's */
  campaign_orders: {
    arguments: { of_site: number | string | null; begins: Instant | null; ends: Instant | null }
    row: { purchase_id: number | null; external_id: string | null; purchased_at: Instant | null; amount: number | null; subject: number | null; buyer: number | null }
  }
  /** the instants [begins, ends) of the days from start_date to end_date by the site's clock; null is without end */
  campaign_range: {
    arguments: { of_site: number | string | null; start_date: Day | null; end_date: Day | null }
    row: { begins: Instant | null; ends: Instant | null }
  }
  /** how many different people these campaigns (all for null) met in the range or on each of its days, and how many of those had a conversion of the campaign or bought within the site's window afterwards, so that the share is never above 1. People whose browser was merged or who are the same customer are one; events without a person are in neither */
  campaign_reach: {
    arguments: { of_site: number | string | null; campaigns: (number | null)[] | null; start_date: Day | null; end_date: Day | null; by_day: boolean | null }
    row: { campaign_id: number | null; day: Day | null; exposed: number | null; converted: number | null }
  }
  /** the row of vibe.campaign_settings, or what holds without one */
  campaign_setting: {
    arguments: { of_site: number | string | null }
    row: { attribution_model: string | null; window_days: number | null; conversion_types: (string | null)[] | null; passive_types: (string | null)[] | null }
  }
  /** the site of a campaign; raises PT404 for one that does not exist or is none of the caller's, 42501 where the caller may do less than at_least */
  campaign_site: {
    arguments: { campaign_id: number | string | null; at_least?: string | null }
    row: { campaign_site: number | null }
  }
  /** who each visitor of a site is to campaigns: minus a customer_id where one of the person's browsers is known as a customer, else the user_id after merges */
  campaign_subjects: {
    arguments: { of_site: number | string | null }
    row: { user_id: number | null; subject: number | null }
  }
  /** when these campaigns (all for null) met whom in [begins, ends): visits by their parameters, orders by the shop's where no visit of the last 24 hours says the same, and campaign events; all whose person is known */
  campaign_touches: {
    arguments: { of_site: number | string | null; campaigns: (number | null)[] | null; begins: Instant | null; ends: Instant | null }
    row: { campaign_id: number | null; subject: number | null; at: Instant | null; is_passive: boolean | null; is_conversion: boolean | null }
  }
  /** the visits of [begins, ends) that campaigns brought, by the parameters of their first address, and the orders of which the shop says so (purchases.utm), with their purchase_id; programs' visits are left out */
  campaign_visits: {
    arguments: { of_site: number | string | null; begins: Instant | null; ends: Instant | null }
    row: { campaign_id: number | null; user_id: number | null; customer_id: number | null; purchase_id: number | null; at: Instant | null }
  }
  /** takes an invitation back; its token is worth nothing from then on; owners only. Definer: tokens are secret */
  cancel_invitation: {
    arguments: { site: string | null; email: string | null }
    row: { cancel_invitation: null | null }
  }
  /** cancels a job and returns its status: a queued one is cancelled at once; a running one (cancelling) ends after its present step, and what it has stored stays; one that has ended is left alone. For members. Definer: nobody may write jobs directly */
  cancel_job: {
    arguments: { site: string | null; job_id: number | string | null }
    row: { cancel_job: string | null }
  }
  /** changes how a site reckons with its campaigns, in all reports at once and of past days too; what is null stays. attribution_model: first, last or linear; window_days: 1 to 365; conversion_types and passive_types: types of campaign events */
  change_campaign_settings: {
    arguments: { site?: string | null; attribution_model?: string | null; window_days?: number | string | null; conversion_types?: (string | null)[] | null; passive_types?: (string | null)[] | null }
    row: { change_campaign_settings: null | null }
  }
  /** gives a site another name, domain ('' for none) or list of origins whose pages may send events (empty for any); null leaves as it is. Owners only. Definer: nobody may write sites directly */
  change_site: {
    arguments: { site: string | null; name?: string | null; domain?: string | null; allowed_origins?: (string | null)[] | null }
    row: { change_site: null | null }
  }
  /** gives a site a new public key and returns it; pages that send the old one are refused from the next batch on. Owners only. Definer: nobody may write sites directly */
  change_site_key: {
    arguments: { site: string | null }
    row: { change_site_key: string | null }
  }
  /** raises the first rule that a campaign (its columns as JSON) would break: 22023 for a value, 23505 for a name, external_id or parameters that another one has */
  check_campaign: {
    arguments: { of_site: number | string | null; of_campaign: number | string | null; wanted: any | null }
    row: { check_campaign: null | null }
  }
  /** raises 22023 with path, value and rule of the first thing in segment criteria that is not as vibe.segment_schema() says */
  check_criteria: {
    arguments: { criteria: any | null }
    row: { check_criteria: null | null }
  }
  /** raises what is wrong with the filters and the order of a list of customers */
  check_customer_list: {
    arguments: { cluster: string | null; sort: string | null; search: string | null }
    row: { check_customer_list: null | null }
  }
  /** raises the first rule that the definition of a funnel breaks, with field and value; vibe.create_funnel() says what it may have */
  check_funnel: {
    arguments: { definition: any | null }
    row: { check_funnel: null | null }
  }
  /** the part of vibe.check_funnel() that looks at steps and exclusions */
  check_funnel_parts: {
    arguments: { kind: string | null; parts: any | null; steps: number | string | null; mode: string | null }
    row: { check_funnel_parts: null | null }
  }
  /** raises what is wrong with the number of a page, its length or a text to search for */
  check_page: {
    arguments: { page: number | string | null; limit: number | string | null; search?: string | null }
    row: { check_page: null | null }
  }
  /** raises what is wrong with a segment, with field, value and rule as vibe.refuse() does */
  check_segment: {
    arguments: { name: string | null; criteria: any | null; subject: string | null; description: string | null }
    row: { check_segment: null | null }
  }
  /** raises the first rule that name or description of a segment breaks */
  check_segment_name: {
    arguments: { name: string | null; description: string | null }
    row: { check_segment_name: null | null }
  }
  /** filters of reports with each value as a list of texts; an error names the key that is wrong */
  check_stats_filters: {
    arguments: { filters: any | null }
    row: { check_stats_filters: any | null }
  }
  /** a site, the days that are meant (to today unless given) and its calendar; refuses days that have not begun and ranges that are too long */
  chosen_days: {
    arguments: { site: string | null; first_day: Day | null; last_day: Day | null; usual_length: Interval | null; longest: number | string | null }
    row: { first_day: Day | null; last_day: Day | null; site_id: number | null; time_zone: string | null; today: Day | null }
  }
  /** features that vibe.calculate_clusters takes, and whether more of it means a better customer (1), a worse one (-1) or neither (0) */
  cluster_features: {
    arguments: {}
    row: { feature: string | null; direction: number | null }
  }
  /** name of the cluster at a place in the order of value (1 is the best) among so many; language pt, else English; null for a place that is none */
  cluster_label: {
    arguments: { place: number | string | null; clusters: number | string | null; language?: string | null }
    row: { cluster_label: string | null }
  }
  /** connects a program that tells of models: returns the path for its events and the secret that signs them (yours, or one that is made), this once. Owners only. Definer: secrets are nobody's to read */
  connect_ai_model: {
    arguments: { site: string | null; name: string | null; secret?: string | null }
    row: { source_id: number | null; delivery_path: string | null; webhook_secret: string | null }
  }
  /** makes a Bling account a source of a site (owners only), or changes one: client_id and client_secret are those of your app at Bling (null keeps the secret), whose redirect address is callback_path and whose webhooks go to webhook_path. An owner opens start_url within ten minutes and allows it; then orders since import_from (null: two years), contacts, products and stock are read, and hourly again. skip_stores: Bling's ids of stores that are sources of their own. statuses: {"15": "pending"} for a status id that is to be paid, pending or cancelled against the rule. requests_per_second and requests_per_day: this account's share of Bling's 3 and 120000. Definer: secrets are nobody's to read */
  connect_bling: {
    arguments: { site?: string | null; client_id?: string | null; client_secret?: string | null; name?: string | null; import_from?: Day | null; skip_stores?: (string | null)[] | null; statuses?: any | null; requests_per_second?: number | string | null; requests_per_day?: number | string | null; currency?: string | null; base_url?: string | null; authorize_url?: string | null }
    row: { source_id: number | null; start_url: string | null; callback_path: string | null; webhook_path: string | null }
  }
  /** connects a CRM that sends contacts and interactions: returns the path for its webhooks and their secret (yours, or one that is made), this once. adapter says how it signs: generic (X-Signature: t=seconds,v1=hex of "t.body"), twenty, mautic, or HMAC-SHA256 of the body in X-Signature as hmac_hex or hmac_b64. Owners only. Definer: secrets are nobody's to read */
  connect_crm: {
    arguments: { site: string | null; name: string | null; adapter?: string | null; secret?: string | null }
    row: { source_id: number | null; delivery_path: string | null; webhook_secret: string | null }
  }
  /** connects a shop of WooCommerce: base_url is its address, consumer_key and consumer_secret (read access) let the server fetch what webhooks did not bring, each hour. Returns the path for its webhooks and their secret, this once; connected again it has a new one, and the former works for another day. Owners only. Definer: secrets are nobody's to read */
  connect_woocommerce: {
    arguments: { site: string | null; base_url: string | null; consumer_key?: string | null; consumer_secret?: string | null; name?: string | null }
    row: { source_id: number | null; delivery_path: string | null; webhook_secret: string | null }
  }
  /** what these days of a site sold by category ('' for items without one), counted from the items of purchases in the site's currency */
  count_category_revenue: {
    arguments: { of_site: number | string | null; days: (Day | null)[] | null }
    row: { day: Day | null; category: string | null; orders: number | null; quantity: number | null; revenue: number | null }
  }
  /** for these days of a site (the last one up to until) how many customers with an order (neither refund nor cancelled) had ordered last on which day before (0001-01-01: never), and how many of them placed the second order of their lives; from the purchases */
  count_customer_days: {
    arguments: { of_site: number | string | null; days: (Day | null)[] | null; until?: Instant | null }
    row: { day: Day | null; previous_day: Day | null; customers: number | null; second_orders: number | null }
  }
  /** vibe.customers_between() counted from the purchases */
  count_customers: {
    arguments: { of_site: number | string | null; starts_at: Instant | null; ends_at: Instant | null }
    row: { customers: number | null; new_customers: number | null; repeat_customers: number | null }
  }
  /** users of a site first seen from starts_at up to, not including, ends_at, counted from the visitors */
  count_new_users: {
    arguments: { of_site: number | string | null; starts_at: Instant | null; ends_at: Instant | null }
    row: { count_new_users: number | null }
  }
  /** how many visitors get_online_users() lists, without listing them */
  count_online_users: {
    arguments: { site?: string | null; heartbeat_silence?: Interval | null; silence?: Interval | null }
    row: { count_online_users: number | null }
  }
  /** what these days of a site sold, counted from the purchases; days without orders and refunds give no row. Money is in the site's currency, orders in another one are counted in foreign_orders */
  count_revenue: {
    arguments: { of_site: number | string | null; days: (Day | null)[] | null }
    row: { day: Day | null; orders: number | null; refunds: number | null; buyers: number | null; revenue: number | null; refunded: number | null; foreign_orders: number | null }
  }
  /** vibe.rfm_totals() counted from vibe.rfm_analysis */
  count_rfm_totals: {
    arguments: { of_site: number | string | null; period_start: Day | null; period_end: Day | null }
    row: { cluster: string | null; map_version: number | null; customers: number | null; orders: number | null; monetary: number | null; recency: number | null }
  }
  /** makes a key for programs and returns it, this once: it reads these sites (names or ids; null: your only one), with {read,write} it may do what a member may; so many requests a minute on each server, then 429; until expires_at (null: no end). Owners only; the key ends with its maker's ownership. Definer: keys are secret */
  create_api_key: {
    arguments: { name: string | null; sites?: (string | null)[] | null; scopes?: (string | null)[] | null; requests_per_minute?: number | string | null; expires_at?: Instant | null }
    row: { create_api_key: string | null }
  }
  /** makes a campaign and returns its campaign_id. target_segment is the name or id of a segment; visits whose first address has utm_campaign (and utm_source, utm_medium if given) belong to it; external_id is what the network or the CRM calls it */
  create_campaign: {
    arguments: { site?: string | null; name?: string | null; type?: string | null; target_segment?: string | null; budget?: number | string | null; start_date?: Day | null; end_date?: Day | null; status?: string | null; utm_campaign?: string | null; utm_source?: string | null; utm_medium?: string | null; external_id?: string | null }
    row: { create_campaign: number | null }
  }
  /** stores a funnel and returns its id. definition: an object with name, steps (2 to 32 objects with event_name, and if wanted name, page_pattern as in like, and properties), and if wanted mode (ordered, strict, unordered), within (days or smaller units), ties (allow, strict), hold (a property that all steps share) and exclusions (objects like steps, with from_step and to_step). properties: {"list": "summer"} is equal, ["a", "b"] one of, null missing, {">=": 100, "<": 200, "!=": 150, "like": "a%"} compared */
  create_funnel: {
    arguments: { site: string | null; definition: any | null }
    row: { create_funnel: number | null }
  } | {
    arguments: { site: string | null; name: string | null; steps: any | null; within?: Interval | null }
    row: { create_funnel: number | null }
  }
  /** makes a goal and counts the conversions of the past; returns its id. event_name and page_pattern (as in like) say which events meet it, value or value_property what one is worth */
  create_goal: {
    arguments: { site: string | null; name: string | null; event_name?: string | null; page_pattern?: string | null; value?: number | string | null; value_property?: string | null }
    row: { create_goal: number | null }
  }
  /** stores a segment, finds its members and returns its id: a rule segment if criteria are given (vibe.segment_schema() describes them), else a static one for vibe.add_to_segment(). subject: customer or user */
  create_segment: {
    arguments: { site: string | null; name: string | null; criteria?: any | null; subject?: string | null; description?: string | null }
    row: { create_segment: number | null }
  }
  /** makes a site and its caller the owner; returns its id. Definer: nobody may write sites directly */
  create_site: {
    arguments: { name: string | null; domain?: string | null; time_zone?: string | null; currency?: string | null }
    row: { create_site: number | null }
  }
  /** which of several rules an object must follow, by its first required key and then by its enums; or the problem if it is none */
  criteria_branch: {
    arguments: { branches: any | null; value: any | null; path: string | null; shown: string | null }
    row: { rule: any | null; problem: string | null }
  }
  /** the comparison of an expression with the value of a condition that lies at a path of $2 */
  criteria_comparison: {
    arguments: { kind: string | null; expression: string | null; node: any | null; at: (string | null)[] | null }
    row: { criteria_comparison: string | null }
  }
  /** the condition of one node of resolved criteria, and the sets of ids that it and the nodes before it need */
  criteria_condition: {
    arguments: { node: any | null; at: (string | null)[] | null; subject: string | null; negated: boolean | null; sets: (string | null)[] | null }
    row: { sets: (string | null)[] | null; condition: string | null }
  }
  /** the query of the ids that did, bought or spent as often or much as a condition says; absent: the condition holds of all others */
  criteria_count: {
    arguments: { node: any | null; at: (string | null)[] | null; subject: string | null }
    row: { members: string | null; absent: boolean | null }
  }
  /** which user is which customer: pairs of ids after merges */
  criteria_link: {
    arguments: {}
    row: { criteria_link: string | null }
  }
  /** path, value and rule of the first thing in value that is not as a rule of vibe.segment_schema() says; null when all is */
  criteria_problem: {
    arguments: { rule: any | null; defs: any | null; value: any | null; path: string | null; depth: number | string | null }
    row: { criteria_problem: string | null }
  }
  /** the query of the ids of customers or users that meet resolved criteria, which lie at a path of its parameter $2 */
  criteria_query: {
    arguments: { node: any | null; at: (string | null)[] | null; subject: string | null }
    row: { criteria_query: string | null }
  }
  /** the query of the ids that meet a condition which is no column of the subject; absent: the condition holds of all others */
  criteria_set: {
    arguments: { node: any | null; at: (string | null)[] | null; subject: string | null }
    row: { members: string | null; absent: boolean | null }
  }
  /** the instant at which the last so many days of a condition begin: the start of the day of the site's calendar that many days before today */
  criteria_since: {
    arguments: { at: (string | null)[] | null }
    row: { criteria_since: string | null }
  }
  /** the trait of a user that a condition names which lies at a path of $2 */
  criteria_trait: {
    arguments: { at: (string | null)[] | null }
    row: { criteria_trait: string | null }
  }
  /** a text as a cell of CSV (RFC 4180), in quotes; what a spreadsheet would take for a formula (=, +, -, @, also full-width, tab, CR or LF first) gets an apostrophe before it */
  csv_cell: {
    arguments: { value: string | null }
    row: { csv_cell: string | null }
  }
  /** one condition of a question of vibe.export_csv() as SQL whose parameter is the question; null if it cannot be read */
  csv_condition: {
    arguments: { condition: any | null; place: number | string | null; column_names: (string | null)[] | null; column_types: (number | null)[] | null }
    row: { csv_condition: string | null }
  }
  /** a record as a line of CSV (RFC 4180), its end with it: numbers and truth values bare (infinity and NaN are text), null nothing, days and instants in the notation of ISO 8601, all else a text as of vibe.csv_cell() */
  csv_line: {
    arguments: { row_values: string | null }
    row: { csv_line: string | null }
  }
  /** the query that makes the lines of vibe.export_csv() and vibe.export_rows(), csv or ndjson, whose parameter is the question, and the head of the CSV; errors name what cannot be read */
  csv_query: {
    arguments: { question: any | null; format?: string | null }
    row: { text: string | null; head: string | null }
  }
  /** what a question of vibe.export_csv() reads from, as SQL whose parameter is the question, and the columns that it has */
  csv_source: {
    arguments: { question: any | null }
    row: { source: string | null; column_names: (string | null)[] | null; column_types: (number | null)[] | null }
  }
  /** the rows of an open cursor that has one column of text, joined to pieces of about 32 kB. Called in the select list, it gives each piece while the next is still to be made */
  cursor_pieces: {
    arguments: { cursor?: string | null }
    row: { cursor_pieces: string | null }
  }
  /** what models know about each customer who had ordered before as_of, from what was bought and visited before as_of alone: recency_days and tenure_days = days from the last and first order to as_of, by the site's calendar; order_count = orders neither refunded rows nor cancelled; total_spent = orders less refunds in the site's currency, average_order before refunds; purchase_frequency = orders per 30 days between first (not counted) and last order, null before the second; foreign_orders are in another currency and count as no money; age in years, null if unknown; visits and page views of the last 90 days, bots left out. measured_at repeats as_of; feature_version changes when a meaning does */
  customer_features: {
    arguments: { site?: string | null; as_of?: Instant | null }
    row: { customer_id: number | null; measured_at: Instant | null; feature_version: number | null; recency_days: number | null; tenure_days: number | null; order_count: number | null; total_spent: number | null; average_order: number | null; purchase_frequency: number | null; foreign_orders: number | null; age: number | null; sessions_90d: number | null; page_views_90d: number | null }
  }
  /** different customers of a site with an order (neither refund nor cancelled) from starts_at up to, not including, ends_at; those of them whose first order of all this was; and those with an order in it that was not their first. Guests are not counted */
  customers_between: {
    arguments: { of_site: number | string | null; starts_at: Instant | null; ends_at: Instant | null }
    row: { customers: number | null; new_customers: number | null; repeat_customers: number | null }
  }
  /** how many customers ordered from first_day up to, not including, end_day, and their money less refunds in the site's currency: as stored if the days are a stored period, else counted */
  customers_of_days: {
    arguments: { of_site: number | string | null; first_day: Day | null; end_day: Day | null }
    row: { customers: number | null; monetary: number | null }
  }
  /** vibe.customers_between() for many ranges at once: the nth begins at starts[n] and ends at ends[n] */
  customers_of_ranges: {
    arguments: { of_site: number | string | null; starts: (Instant | null)[] | null; ends: (Instant | null)[] | null }
    row: { place: number | null; customers: number | null; new_customers: number | null; repeat_customers: number | null }
  }
  /** the instant at which a calendar day begins in a time zone; a day is [day_start(day), day_start(day + 1)) and 23 to 25 hours long where clocks change */
  day_start: {
    arguments: { day: Day | null; time_zone: string | null }
    row: { day_start: Instant | null }
  }
  /** the instants at which the days from first_day to last_day begin in a time zone, and as the last one the end of the range */
  day_starts: {
    arguments: { first_day: Day | null; last_day: Day | null; time_zone: string | null }
    row: { day_starts: (Instant | null)[] | null }
  }
  /** deletes a campaign with its events and reported figures; vibe.update_campaign(…, status => 'archived') keeps them */
  delete_campaign: {
    arguments: { campaign_id: number | string | null }
    row: { delete_campaign: null | null }
  }
  /** deletes the stored funnel of that name and its days in vibe.funnel_days; events stay */
  delete_funnel: {
    arguments: { site: string | null; funnel: string | null }
    row: { delete_funnel: null | null }
  }
  /** deletes a goal with all its conversions, past days included. For members of the site; a goal made again is counted from the events that are still there */
  delete_goal: {
    arguments: { site: string | null; goal_id: number | string | null }
    row: { delete_goal: null | null }
  }
  /** deletes a segment and the history of its members; refused while the rule of another segment names it */
  delete_segment: {
    arguments: { site: string | null; segment: string | null }
    row: { delete_segment: null | null }
  }
  /** deletes a site and everything in it; name_again is its name, so that no slip does it. Owners only; cannot be undone. Definer: nobody may write sites directly */
  delete_site: {
    arguments: { site: string | null; name_again: string | null }
    row: { delete_site: null | null }
  }
  /** public key of the first demo site, for the demo shop's pages; null without one */
  demo_site_key: {
    arguments: {}
    row: { demo_site_key: string | null }
  }
  /** ends a source: its deliveries are refused, its secrets forgotten; what it told stays. Owners only. Definer: nobody may write sources directly */
  disconnect_source: {
    arguments: { site: string | null; source_id: number | string | null }
    row: { disconnect_source: null | null }
  }
  /** signs the caller out in one place, from the next request on. Definer: sessions are secret */
  end_my_session: {
    arguments: { session_id: string | null }
    row: { end_my_session: null | null }
  }
  /** the query for user_id and day of the first visit of the visitors who were first seen in a time, and of merged ones who came before it */
  entries_query: {
    arguments: { of_site: number | string | null; time_zone: string | null; begins: Instant | null; ends: Instant | null }
    row: { entries_query: string | null }
  }
  /** vibe.erase_user() for a person of whom the shop's record is known, visitor or not. Owners only; cannot be undone. Definer: as erase_user() */
  erase_customer: {
    arguments: { site: string | null; customer_id: number | string | null; with_purchases?: boolean | null }
    row: { erase_customer: any | null }
  }
  /** erases a person, all browsers and customer records that are known to be theirs included: events, sessions, days, conversions, profile, merges, warnings, segments' history, RFM, the online list, campaign events, what sources delivered about them, interactions, model events, rejected records of imports that name them; purchases too, or made anonymous; then counts daily figures, funnels, RFM, revenue and segments again without them, also of days whose events have expired. Any id of a merged visitor will do. Returns how much was erased and what it cannot reach. Owners only; cannot be undone. Definer: see its text */
  erase_user: {
    arguments: { site: string | null; user_id: number | string | null; with_purchases?: boolean | null }
    row: { erase_user: any | null }
  }
  /** names of events, pages and properties (kind event, page, property; up to 200 each, the most frequent first) among the 10,000 latest events of a site without bots, to choose from */
  event_parts: {
    arguments: { site?: string | null }
    row: { kind: string | null; name: string | null; events: number | null }
  }
  /** the campaigns of a site as a file, as vibe.get_campaigns() lists them: with their figures of the days start_date to end_date (open where null). search: part of the name, type, utm_campaign or segment. Opens the cursor of vibe.export_rows() */
  export_campaigns: {
    arguments: { site?: string | null; start_date?: Day | null; end_date?: Day | null; search?: string | null; format?: string | null; bom?: boolean | null }
    row: { export_campaigns: string | null }
  }
  /** the rows of a table, view or reading function as lines of CSV with the caller's rights, the head first. query: {"from": "stats_series", "arguments": {"site": "shop"}, "select": ["starts_at", "value"], "where": [["value", "gt", 0]], "order": ["value.desc.nullslast"], "limit": 100, "offset": 0}; without "arguments" from is a table or view; operators eq neq lt lte gt gte in is ilike (* stands for %). Lines are those of vibe.csv_line(), lists and records JSON */
  export_csv: {
    arguments: { query: any | null; name?: string | null }
    row: { export_csv: string | null }
  }
  /** vibe.export_user() for a person of whom the shop's record is known, visitor or not */
  export_customer: {
    arguments: { site: string | null; customer_id: number | string | null }
    row: { export_customer: any | null }
  }
  /** the customers of a month as a file: all whom GET /api/v1/customers would list page by page, and with its filters. month: as 2026-01, the newest stored one unless given; cluster: of RFM; search: part of name, e-mail or the shop's own number; sort: monetary, recency, frequency, name or customer_id, then .asc or .desc. Opens the cursor of vibe.export_rows() */
  export_customers: {
    arguments: { site?: string | null; month?: string | null; cluster?: string | null; search?: string | null; sort?: string | null; as_of?: Instant | null; format?: string | null; bom?: boolean | null }
    row: { export_customers: string | null }
  }
  /** the counted days of a site as a file, with the columns of vibe.daily_user_stats: start_date to end_date, open where null. Opens the cursor of vibe.export_rows() */
  export_daily_stats: {
    arguments: { site?: string | null; start_date?: Day | null; end_date?: Day | null; format?: string | null; bom?: boolean | null }
    row: { export_daily_stats: string | null }
  }
  /** the events of a site as a file, the oldest first, with the columns of vibe.events, of the days start_date to end_date of the site's calendar (open where null). event_name: only those of this name; user_id: only those of this person. Opens the cursor of vibe.export_rows() */
  export_events: {
    arguments: { site?: string | null; start_date?: Day | null; end_date?: Day | null; event_name?: string | null; user_id?: number | string | null; format?: string | null; bom?: boolean | null }
    row: { export_events: string | null }
  }
  /** rows of a table, view or reading function as a file, with the caller's rights. query: what vibe.export_csv() takes; name: of the file, without its ending; format: csv or ndjson (one JSON object a line); bom: a byte order mark before CSV, for spreadsheets. Opens the cursor "response", whose rows are the lines: select vibe.cursor_pieces(). GET /api/v1/csv?query=…&name=… sends them while they are made */
  export_rows: {
    arguments: { query: any | null; name?: string | null; format?: string | null; bom?: boolean | null }
    row: { export_rows: string | null }
  }
  /** everything stored about a person, all browsers and customer records that are known to be theirs included, as one JSON: visitors, sessions, events, days, conversions, merges, warnings, online list, campaign events, deliveries of sources, interactions, model events, customer record, purchases, RFM, segments, rejected records of imports. For members of the site; any id of a merged visitor will do */
  export_user: {
    arguments: { site: string | null; user_id: number | string | null }
    row: { export_user: any | null }
  }
  /** the name of a file about a site, without its ending: its subject and today by the site's calendar */
  file_name: {
    arguments: { subject: string | null; of_site: number | string | null }
    row: { file_name: string | null }
  }
  /** the query for the lines of a file, made from one for its rows and the names of their columns; rows without lists or records. For functions that open the cursor of vibe.cursor_pieces() themselves */
  file_query: {
    arguments: { rows_query: string | null; column_names: (string | null)[] | null; format: string | null; bom: boolean | null }
    row: { file_query: string | null }
  }
  /** checks and stores the lines that were loaded since begin_event_import() and answers how many records there were: imported, unchanged (there already, or twice in the file), rejected, by reason, skipped (records that are no events, such as GA4's session_start; they count for visits and identity); and the visitors, visits and days that are new. Each reject is kept in vibe.import_rejects. Importing a file again changes nothing. Days and months get their figures by the nightly work, or at once by vibe.calculate_daily_stats() */
  finish_event_import: {
    arguments: { import_id: number | string | null }
    row: { finish_event_import: any | null }
  }
  /** checks and stores the lines that were loaded since begin_import() and answers how many records and orders there were: imported, changed, unchanged, rejected, by reason; each reject is kept in vibe.import_rejects. Importing a file again changes nothing. An order is stored whole or not at all */
  finish_import: {
    arguments: { import_id: number | string | null }
    row: { finish_import: any | null }
  }
  /** users of a site first seen from starts_at up to, not including, ends_at, and when */
  first_visits: {
    arguments: { of_site: number | string | null; starts_at: Instant | null; ends_at: Instant | null }
    row: { user_id: number | null; first_seen_at: Instant | null }
  }
  /** the latest instant, not after at, at which the clocks of a time zone show a full hour; never later than at, also where an hour comes twice */
  full_hour: {
    arguments: { at: Instant | null; time_zone: string | null }
    row: { full_hour: Instant | null }
  }
  /** the expression that gives an event e its bits: as step_bits of vibe.funnel for steps, as exclusion_bits for exclusions */
  funnel_bits: {
    arguments: { parts: any | null }
    row: { funnel_bits: string | null }
  }
  /** what the events e must be for a step or exclusion, beside their name; null for nothing */
  funnel_condition: {
    arguments: { part: any | null }
    row: { funnel_condition: string | null }
  }
  /** a stored funnel as JSON, as vibe.create_funnel() takes it */
  funnel_definition: {
    arguments: { of_site: number | string | null; of_funnel: number | string | null }
    row: { funnel_definition: any | null }
  }
  /** how many users of a funnel took how long from its first step to to_step (the last unless given): at_least included, below not, null for any longer; share is of those who reach the step. Other arguments as vibe.funnel_times() */
  funnel_durations: {
    arguments: { site?: string | null; funnel?: string | null; first_day?: Day | null; last_day?: Day | null; definition?: any | null; to_step?: number | string | null; segment?: string | null }
    row: { at_least: Interval | null; below: Interval | null; users: number | null; share: number | null }
  }
  /** the query that counts the users of a funnel at each step, or gives the chain of each user with the property breakdown at entry, over vibe.user_events without bots, merged visitors as one, of a segment or all; its parameters are site, begin, end, window, and for chains periods */
  funnel_query: {
    arguments: { of_site: number | string | null; definition: any | null; chains: boolean | null; breakdown?: string | null; segment?: string | null }
    row: { funnel_query: string | null }
  }
  /** the steps of a funnel; where they have no order, how many of them */
  funnel_step_names: {
    arguments: { definition: any | null }
    row: { step: number | null; name: string | null }
  }
  /** what a report on funnels works on: the definition (of the funnel named, the first one made, or as given) and the days (the last 30 and today unless given) as instants; raises what is wrong with them */
  funnel_task: {
    arguments: { site: string | null; funnel: string | null; first_day: Day | null; last_day: Day | null; definition: any | null }
    row: { site_id: number | null; asked: any | null; size: number | null; from_day: Day | null; to_day: Day | null; time_zone: string | null; begins: Instant | null; ends: Instant | null; within: Interval | null }
  }
  /** how long the users of a funnel take to each step after the first, since their start and since the step before, as percentiles (numbers from 0 to 1, interpolated) over the users who reach it; the times are those of each user's chain (see vibe.funnel_chains); arguments as vibe.calculate_funnel_conversion() */
  funnel_times: {
    arguments: { site?: string | null; funnel?: string | null; first_day?: Day | null; last_day?: Day | null; definition?: any | null; percentiles?: (number | null)[] | null; segment?: string | null }
    row: { step: number | null; name: string | null; users: number | null; percentile: number | null; from_start: Interval | null; from_previous: Interval | null }
  }
  /** users by the day on which they enter a funnel, and how many of them reach each step within its window (30 days if it has none), also after last_day; a user who enters on two days counts on both. period may be week (from Monday) or month, null for what suits the range; day is then the first of it within the range. A day is complete when the window of its last entry is over: until then users may still convert. Other arguments as vibe.calculate_funnel_conversion(); the view vibe.funnel_days has the days of stored funnels as of the last night */
  funnel_trend: {
    arguments: { site?: string | null; funnel?: string | null; first_day?: Day | null; last_day?: Day | null; definition?: any | null; period?: string | null; segment?: string | null }
    row: { day: Day | null; step: number | null; name: string | null; users: number | null; conversion_from_start: number | null; conversion_from_previous: number | null; is_complete: boolean | null }
  }
  /** the users who enter a funnel, in the order of user_id: how deep they come and when. stopped_after: only those who take this step and no further one (the last step: those who convert); after_user and at_most (up to 10000) turn pages: give the last user_id of the page before. breakdown, the name of a property, fills entry_value; the chain of a user is that of vibe.funnel_chains; the other arguments as vibe.calculate_funnel_conversion() */
  funnel_users: {
    arguments: { site?: string | null; funnel?: string | null; first_day?: Day | null; last_day?: Day | null; definition?: any | null; stopped_after?: number | string | null; after_user?: number | string | null; at_most?: number | string | null; breakdown?: string | null; segment?: string | null }
    row: { user_id: number | null; external_id: string | null; name: string | null; depth: number | null; last_step: string | null; entered_at: Instant | null; last_step_at: Instant | null; step_times: (Instant | null)[] | null; entry_value: string | null; held_value: string | null }
  }
  /** the whole picture of a range in one answer, also GET /api/v1/analytics: currentMonth and previousMonth (receita is revenue; the month of end_date and the one before, compared as compare says), kpis (vibe.analytics_kpis()), trends of revenue, orders and customers (vibe.analytics_trend()), clusters of that month (vibe.analytics_clusters()) and sources (vibe.analytics_sources()); all from one snapshot */
  get_analytics: {
    arguments: { site?: string | null; start_date?: Day | null; end_date?: Day | null; compare?: string | null; as_of?: Instant | null }
    row: { get_analytics: any | null }
  }
  /** the API keys of a site, or of all sites that the caller owns: which of these they reach (null: none any more), what they may, when they were last used (to the minute); owners only. Definer: keys are secret */
  get_api_keys: {
    arguments: { site?: string | null }
    row: { key_id: string | null; name: string | null; sites: (string | null)[] | null; scopes: (string | null)[] | null; requests_per_minute: number | null; created_by: string | null; created_at: Instant | null; expires_at: Instant | null; revoked_at: Instant | null; last_used_at: Instant | null }
  }
  /** how a Bling account stands, without its secrets: whether the consent holds, requests of Bling's day, what waits to be read one by one (waiting) and what Bling's answer made impossible (given_up); owners only. Definer: it reads beside the secrets */
  get_bling_account: {
    arguments: { site?: string | null; source?: string | null }
    row: { source_id: number | null; connected_at: Instant | null; is_connected: boolean | null; problem: string | null; access_until: Instant | null; refresh_until: Instant | null; client_id: string | null; requests_per_second: number | null; requests_per_day: number | null; requests_today: number | null; import_from: Day | null; listed_until: Day | null; skip_stores: (string | null)[] | null; statuses: any | null; waiting: number | null; given_up: number | null }
  }
  /** a campaign as it was made, as JSON: the columns of vibe.campaigns, with site, currency and target_segment by name */
  get_campaign: {
    arguments: { campaign_id: number | string | null }
    row: { get_campaign: any | null }
  }
  /** events of a campaign, the latest first; before_id is the campaign_event_id of the last one of the page before */
  get_campaign_events: {
    arguments: { campaign_id: number | string | null; type?: string | null; start_date?: Day | null; end_date?: Day | null; limit?: number | string | null; before_id?: number | string | null }
    row: { campaign_event_id: number | null; event_type: string | null; occurred_at: Instant | null; customer_id: number | null; customer: string | null; user_id: number | null; order_id: string | null; value: number | null; cost: number | null; metadata: any | null }
  }
  /** figures of a campaign over the days from start_date to end_date (all for null): conversion_rate is converted ÷ exposed, different people both, see vibe.campaign_reach(); event_conversion_rate is the share of its events that are conversions; the rest as in vibe.campaign_daily(), with ctr = clicks ÷ impressions, cpc = cost ÷ clicks, roas = revenue ÷ cost, null where nothing is to divide by */
  get_campaign_performance: {
    arguments: { campaign_id: number | string | null; start_date?: Day | null; end_date?: Day | null }
    row: { total_events: number | null; exposed: number | null; converted: number | null; conversion_rate: number | null; event_conversion_rate: number | null; impressions: number | null; clicks: number | null; conversions: number | null; revenue: number | null; cost: number | null; ctr: number | null; cpc: number | null; roas: number | null }
  }
  /** the campaigns of a site, the latest first, with their figures of the days from start_date to end_date (all days for null); search is part of the name, type, utm_campaign or segment. See vibe.get_campaign_performance() for the figures */
  get_campaigns: {
    arguments: { site?: string | null; start_date?: Day | null; end_date?: Day | null; search?: string | null }
    row: { campaign_id: number | null; name: string | null; type: string | null; status: string | null; target_segment: string | null; budget: number | null; start_date: Day | null; end_date: Day | null; impressions: number | null; clicks: number | null; conversions: number | null; revenue: number | null; cost: number | null; ctr: number | null; cpc: number | null; roas: number | null; conversion_rate: number | null; total_events: number | null }
  }
  /** figures of the CRM cards as of now, each with the one to compare it with, how it changed since (see vibe.metric_change()), its format (integer, rate of 1, money in currency) and which way is better: total_users (merged) and total_visitors (anonymous ids) against 30 days ago; online_now; new_this_week, users first seen in this ISO week, against as much of the last week; churn_rate, of the users active in the 30 days before the last 30 counted ones those not seen in these, against 30 days earlier; revenue of the running month up to the last full hour against as much of the month before; customers with an order, against 30 days ago. trend has the last 30 whole days, the oldest first: total_users, users active on the day (beside online_now), new users, churn_rate, revenue as vibe.stats_series() counts them; null for fewer than two known days. All by the site's calendar; for all my sites, sums */
  get_crm_metrics: {
    arguments: { site?: string | null }
    row: { metric: string; value: number | null; previous: number | null; change: number | null; format: string; better: string; currency: string | null; range_start: Instant | null; range_end: Instant; previous_start: Instant | null; previous_end: Instant | null; trend: (number | null)[] | null }
  }
  /** one customer, also GET /api/v1/customers/{id}: what the shop knows, totals of all time, RFM of each stored period (the newest first), the last 50 purchases, the segments and the visitors that the customer is */
  get_customer: {
    arguments: { id: number | string | null; site?: string | null }
    row: { get_customer: any | null }
  }
  /** the customers of a month (as 2026-01; the newest stored one unless given) with their RFM, also GET /api/v1/customers: page and limit (at most 1000) of those in cluster and with search in name, e-mail or the shop's own number, sorted by monetary, recency, frequency, name or customer_id (.asc or .desc); matches says how many they are. Beside them the whole month: total, revenue, average_value, the month before and the change (while the month is running, as many whole days of it), and the distribution over the six clusters. As stored by vibe.calculate_rfm(), else scored as the orders are; with as_of as of then, without totals of all time */
  get_customers: {
    arguments: { site?: string | null; month?: string | null; cluster?: string | null; search?: string | null; sort?: string | null; page?: number | string | null; limit?: number | string | null; as_of?: Instant | null }
    row: { get_customers: any | null }
  }
  /** a stored funnel with its users step by step, also GET /api/v1/funnels/{id}; see vibe.calculate_funnel_conversion() */
  get_funnel: {
    arguments: { id: number | string | null; start_date?: Day | null; end_date?: Day | null; segment?: string | null; site?: string | null }
    row: { get_funnel: any | null }
  }
  /** the goals of a site and how often each was met so far, today included: events, users (merged), their worth in the site's currency, and the last day; bots are left out */
  get_goals: {
    arguments: { site?: string | null }
    row: { goal_id: number | null; name: string | null; event_name: string | null; page_pattern: string | null; value: number | null; value_property: string | null; created_at: Instant | null; conversions: number | null; users: number | null; worth: number | null; currency: string | null; last_day: Day | null }
  }
  /** who is asked to join a site and has not yet; owners only. Definer: tokens are secret */
  get_invitations: {
    arguments: { site?: string | null }
    row: { email: string | null; role: string | null; invited_by: string | null; created_at: Instant | null; expires_at: Instant | null }
  }
  /** the members of a site with their e-mail or database login; for its members. Definer: accounts are secret */
  get_members: {
    arguments: { site?: string | null }
    row: { email_or_login: string | null; role: string | null; created_at: Instant | null }
  }
  /** the figures of the CRM cards of a site, also GET /api/v1/metrics; see vibe.get_crm_metrics() */
  get_metrics: {
    arguments: { site?: string | null }
    row: { get_metrics: any | null }
  }
  /** the caller's sessions that live, the one that asks first: when and how they were begun, from where, and when they end. Definer: sessions are secret */
  get_my_sessions: {
    arguments: {}
    row: { session_id: string | null; is_current: boolean | null; created_at: Instant | null; expires_at: Instant | null; method: string | null; address: string | null; device: string | null; browser: string | null; os: string | null }
  }
  /** how many users are online now, and the latest of their visits (50, at most 1000), also GET /api/v1/online; see vibe.get_online_users() */
  get_online: {
    arguments: { limit?: number | string | null; site?: string | null }
    row: { get_online: any | null }
  }
  /** visitors active now, the latest first: no silence longer than 90 s where the page sends heartbeats, else 5 min */
  get_online_users: {
    arguments: { site?: string | null; heartbeat_silence?: Interval | null; silence?: Interval | null }
    row: { site_id: number; user_id: number; session_id: number; name: string | null; external_id: string | null; segment: string | null; current_page: string | null; referrer: string | null; device: string | null; browser: string | null; started_at: Instant; last_seen_at: Instant; session_seconds: number; page_views: number; events: number }
  }
  /** vibe.get_online_users() of those who are in a segment now, themselves or as its customers */
  get_online_users_in_segment: {
    arguments: { site: string | null; in_segment: string | null }
    row: { site_id: number; user_id: number; session_id: number; name: string | null; external_id: string | null; segment: string | null; current_page: string | null; referrer: string | null; device: string | null; browser: string | null; started_at: Instant; last_seen_at: Instant; session_seconds: number; page_views: number; events: number }
  }
  /** how many of the users first seen in a period came back in each later one, also GET /api/v1/retention; see vibe.retention() */
  get_retention: {
    arguments: { period?: string | null; start_date?: Day | null; end_date?: Day | null; mode?: string | null; site?: string | null }
    row: { get_retention: any | null }
  }
  /** who is in a segment now, page by page, also GET /api/v1/segments/{id}/members; see vibe.segment_people() */
  get_segment_members: {
    arguments: { id: number | string | null; search?: string | null; page?: number | string | null; limit?: number | string | null; site?: string | null }
    row: { get_segment_members: any | null }
  }
  /** the segments of a site, also GET /api/v1/segments; see vibe.segment_list() */
  get_segments: {
    arguments: { site?: string | null }
    row: { get_segments: any | null }
  }
  /** a figure over time, also GET /api/v1/series; see vibe.stats_series(), whose step is interval_by here, null if chosen by the length of the range */
  get_series: {
    arguments: { metric?: string | null; start_date?: Day | null; end_date?: Day | null; interval_by?: string | null; compare?: boolean | null; site?: string | null }
    row: { get_series: any | null }
  }
  /** the sites that the caller may see, the oldest first, and what they may do there: role is viewer, member or owner */
  get_sites: {
    arguments: {}
    row: { site_id: number; name: string; key: string; role: string; domain: string | null; time_zone: string; currency: string; allowed_origins: (string | null)[]; keep_events_days: number | null; events_from: Day | null; created_at: Instant }
  }
  /** the events from starts_at up to, not including, ends_at that meet a goal of a site, one row for each goal, and what each is worth in the site's currency; without bots */
  goal_events: {
    arguments: { of_site: number | string | null; starts_at: Instant | null; ends_at: Instant | null }
    row: { goal_id: number | null; occurred_at: Instant | null; user_id: number | null; worth: number | null }
  }
  /** imports the text of a CSV file in one call, for programs that come through the server; else as begin_import() and finish_import() */
  import_csv: {
    arguments: { site: string | null; kind: string | null; content: string | null; options?: any | null }
    row: { import_csv: any | null }
  }
  /** imports the text of a file of history in one call, for programs that come through the server; else as begin_event_import() and finish_event_import() */
  import_events: {
    arguments: { site: string | null; format: string | null; content: string | null; options?: any | null }
    row: { import_events: any | null }
  }
  /** has a server fetch what changed in a source since it was asked last, or everything; returns the number of the job (vibe.queue_jobs), the running one if there is one. Members. Definer: jobs are nobody's to write */
  import_source: {
    arguments: { site: string | null; source_id: number | string | null; everything?: boolean | null }
    row: { import_source: number | null }
  }
  /** a token by which the one with this e-mail joins the site once within seven days (vibe.accept_invitation); shown this once, and one given before ends; owners only. Says the same whether or not the e-mail has an account. Definer: nobody may write members directly */
  invite_member: {
    arguments: { site: string | null; email: string | null; role: string | null }
    row: { invite_member: string | null }
  }
  /** whether a text of the form 2026-01-31 is a day of the calendar */
  is_day: {
    arguments: { day: string | null }
    row: { is_day: boolean | null }
  }
  /** whether it is a string that tells a length of time in days or smaller units */
  is_funnel_window: {
    arguments: { within: any | null }
    row: { is_funnel_window: boolean | null }
  }
  /** whether a visitor is in vibe.visitors and was first seen before an instant */
  is_visitor: {
    arguments: { of_site: number | string | null; visitor_id: number | string | null; before: Instant | null }
    row: { is_visitor: boolean | null }
  }
  /** whether the session that began a job then is still there; of rows of vibe.job_runs */
  job_is_running: {
    arguments: { session_pid: number | string | null; started_at: Instant | null }
    row: { job_is_running: boolean | null }
  }
  /** how many days the events of a site are kept (30 or more; null for ever); the nightly work removes older ones. Sessions and figures stay; funnels and paths reach as far back as events do. Owners only. Definer: nobody may write sites directly */
  keep_events: {
    arguments: { site: string | null; days: number | string | null }
    row: { keep_events: null | null }
  }
  /** what is wrong with the keys of an object by a rule of vibe.segment_schema(): missing or not known; null for nothing */
  key_problem: {
    arguments: { rule: any | null; value: any | null; path: string | null; shown: string | null }
    row: { key_problem: string | null }
  }
  /** the number (from 1) of the cluster whose centroid is nearest to a row, by the scaling of the model, the lowest one of several; null if a feature is null, NaN or infinite; an error for a wrong number of features and for what vibe.kmeans would not take */
  kmeans_assign: {
    arguments: { model: { k: number | null; features: number | null; clusters: number | null; centroids: (number | null)[] | null; sizes: (number | null)[] | null; weights: (number | null)[] | null; inertia: number | null; iterations: number | null; converged: boolean | null; normalise: string | null; shift: (number | null)[] | null; scale: (number | null)[] | null; tolerance: number | null; max_iterations: number | null; start: string | null; seed: number | null; restarts: number | null; weighted: boolean | null; rows: number | null; rows_left_out: number | null } | null; feature_1: number | string | null }
    row: { kmeans_assign: number | null }
  } | {
    arguments: { model: { k: number | null; features: number | null; clusters: number | null; centroids: (number | null)[] | null; sizes: (number | null)[] | null; weights: (number | null)[] | null; inertia: number | null; iterations: number | null; converged: boolean | null; normalise: string | null; shift: (number | null)[] | null; scale: (number | null)[] | null; tolerance: number | null; max_iterations: number | null; start: string | null; seed: number | null; restarts: number | null; weighted: boolean | null; rows: number | null; rows_left_out: number | null } | null; feature_1: number | string | null; feature_2: number | string | null }
    row: { kmeans_assign: number | null }
  } | {
    arguments: { model: { k: number | null; features: number | null; clusters: number | null; centroids: (number | null)[] | null; sizes: (number | null)[] | null; weights: (number | null)[] | null; inertia: number | null; iterations: number | null; converged: boolean | null; normalise: string | null; shift: (number | null)[] | null; scale: (number | null)[] | null; tolerance: number | null; max_iterations: number | null; start: string | null; seed: number | null; restarts: number | null; weighted: boolean | null; rows: number | null; rows_left_out: number | null } | null; feature_1: number | string | null; feature_2: number | string | null; feature_3: number | string | null }
    row: { kmeans_assign: number | null }
  } | {
    arguments: { model: { k: number | null; features: number | null; clusters: number | null; centroids: (number | null)[] | null; sizes: (number | null)[] | null; weights: (number | null)[] | null; inertia: number | null; iterations: number | null; converged: boolean | null; normalise: string | null; shift: (number | null)[] | null; scale: (number | null)[] | null; tolerance: number | null; max_iterations: number | null; start: string | null; seed: number | null; restarts: number | null; weighted: boolean | null; rows: number | null; rows_left_out: number | null } | null; feature_1: number | string | null; feature_2: number | string | null; feature_3: number | string | null; feature_4: number | string | null }
    row: { kmeans_assign: number | null }
  } | {
    arguments: { model: { k: number | null; features: number | null; clusters: number | null; centroids: (number | null)[] | null; sizes: (number | null)[] | null; weights: (number | null)[] | null; inertia: number | null; iterations: number | null; converged: boolean | null; normalise: string | null; shift: (number | null)[] | null; scale: (number | null)[] | null; tolerance: number | null; max_iterations: number | null; start: string | null; seed: number | null; restarts: number | null; weighted: boolean | null; rows: number | null; rows_left_out: number | null } | null; feature_1: number | string | null; feature_2: number | string | null; feature_3: number | string | null; feature_4: number | string | null; feature_5: number | string | null }
    row: { kmeans_assign: number | null }
  } | {
    arguments: { model: { k: number | null; features: number | null; clusters: number | null; centroids: (number | null)[] | null; sizes: (number | null)[] | null; weights: (number | null)[] | null; inertia: number | null; iterations: number | null; converged: boolean | null; normalise: string | null; shift: (number | null)[] | null; scale: (number | null)[] | null; tolerance: number | null; max_iterations: number | null; start: string | null; seed: number | null; restarts: number | null; weighted: boolean | null; rows: number | null; rows_left_out: number | null } | null; feature_1: number | string | null; feature_2: number | string | null; feature_3: number | string | null; feature_4: number | string | null; feature_5: number | string | null; feature_6: number | string | null }
    row: { kmeans_assign: number | null }
  } | {
    arguments: { model: { k: number | null; features: number | null; clusters: number | null; centroids: (number | null)[] | null; sizes: (number | null)[] | null; weights: (number | null)[] | null; inertia: number | null; iterations: number | null; converged: boolean | null; normalise: string | null; shift: (number | null)[] | null; scale: (number | null)[] | null; tolerance: number | null; max_iterations: number | null; start: string | null; seed: number | null; restarts: number | null; weighted: boolean | null; rows: number | null; rows_left_out: number | null } | null; feature_1: number | string | null; feature_2: number | string | null; feature_3: number | string | null; feature_4: number | string | null; feature_5: number | string | null; feature_6: number | string | null; feature_7: number | string | null }
    row: { kmeans_assign: number | null }
  } | {
    arguments: { model: { k: number | null; features: number | null; clusters: number | null; centroids: (number | null)[] | null; sizes: (number | null)[] | null; weights: (number | null)[] | null; inertia: number | null; iterations: number | null; converged: boolean | null; normalise: string | null; shift: (number | null)[] | null; scale: (number | null)[] | null; tolerance: number | null; max_iterations: number | null; start: string | null; seed: number | null; restarts: number | null; weighted: boolean | null; rows: number | null; rows_left_out: number | null } | null; feature_1: number | string | null; feature_2: number | string | null; feature_3: number | string | null; feature_4: number | string | null; feature_5: number | string | null; feature_6: number | string | null; feature_7: number | string | null; feature_8: number | string | null }
    row: { kmeans_assign: number | null }
  } | {
    arguments: { model: { k: number | null; features: number | null; clusters: number | null; centroids: (number | null)[] | null; sizes: (number | null)[] | null; weights: (number | null)[] | null; inertia: number | null; iterations: number | null; converged: boolean | null; normalise: string | null; shift: (number | null)[] | null; scale: (number | null)[] | null; tolerance: number | null; max_iterations: number | null; start: string | null; seed: number | null; restarts: number | null; weighted: boolean | null; rows: number | null; rows_left_out: number | null } | null; features: (number | null)[] | null }
    row: { kmeans_assign: number | null }
  }
  /** days of my sites that got events after they were counted, until they are counted again. Definer: the marks are machinery's */
  late_days: {
    arguments: {}
    row: { site_id: number | null; day: Day | null }
  }
  /** the newest month that is stored in vibe.rfm_analysis; null with as_of */
  latest_month: {
    arguments: { of_site: number | string | null; as_of: Instant | null }
    row: { latest_month: string | null }
  }
  /** the calendar day of an instant in a time zone (IANA name); a site's days are those of sites.time_zone */
  local_day: {
    arguments: { at: Instant | null; time_zone: string | null }
    row: { local_day: Day | null }
  }
  /** what the clocks of a time zone (IANA name) show at an instant: the value of "at time zone" in a tenth of its time */
  local_time: {
    arguments: { at: Instant | null; time_zone: string | null }
    row: { local_time: Instant | null }
  }
  /** by how many the active users of each day differ from those that the nightly work counted, because visitors turned out to be one person, or not to be, since; days without a difference give no row */
  merged_since_count: {
    arguments: { of_site: number | string | null; first_day: Day | null; last_day: Day | null }
    row: { day: Day | null; change: number | null }
  }
  /** how a figure changed: a rate of 1 by so much (0.01 is one percentage point), others by this share of what they were (0.5 is half as much again); null from zero and where one of the two is unknown */
  metric_change: {
    arguments: { value: number | string | null; previous: number | string | null; format: string | null }
    row: { metric_change: number | null }
  }
  /** the query for a page of vibe.get_customers(), of the customers found where matches is null; it counts them then: its parameters are the ids found, the cluster, the site, the first day of the month, whether it has ended, and whether totals of all time are told */
  month_page_query: {
    arguments: { source: string | null; sort_key: string | null; is_descending: boolean | null; matches: number | string | null; page: number | string | null; page_size: number | string | null }
    row: { month_page_query: string | null }
  }
  /** what the customers of a month are read from: the stored rows if there are any and they are meant, else scored as the orders are */
  month_source: {
    arguments: { of_site: number | string | null; period_start: Day | null; period_end: Day | null; through: Day | null; map_version: number | string | null; is_now: boolean | null }
    row: { month_source: string | null }
  }
  /** what vibe.get_customers() tells of a month as a whole, and the sizes of its clusters */
  month_summary: {
    arguments: { of_site: number | string | null; month: string | null; as_of: Instant | null }
    row: { sizes: any | null; summary: any | null }
  }
  /** ids of the sites where the caller has at least this role: by signed-in session on the server, by login name elsewhere, all for operators and the nightly work. Definer: policies ask it, so it must see members itself */
  my_sites: {
    arguments: { at_least?: string | null }
    row: { my_sites: number | null }
  }
  /** users of a site first seen from starts_at up to, not including, ends_at: of days that the nightly work has counted as it did, of others as of now */
  new_users_between: {
    arguments: { of_site: number | string | null; starts_at: Instant | null; ends_at: Instant | null }
    row: { new_users_between: number | null }
  }
  /** how many users of a site are online: persons, not visits */
  online_now: {
    arguments: { of_site: number | string | null }
    row: { online_now: number | null }
  }
  /** the endpoints of the server as OpenAPI 3.1, made from vibe.routes and the signatures and comments of their functions; GET /openapi.json. Definer: programs read it before they sign in, and it holds nothing of any site */
  openapi: {
    arguments: {}
    row: { openapi: any | null }
  }
  /** the ways visits take: the first pages (2 to 10) of each session, or those from its first view of starting_at on; a page loaded twice in a row is one; a path shorter than asked is a visit that ended there. share is of all such sessions; bots are left out */
  page_paths: {
    arguments: { site?: string | null; first_day?: Day | null; last_day?: Day | null; pages?: number | string | null; starting_at?: string | null; max_rows?: number | string | null }
    row: { path: (string | null)[] | null; sessions: number | null; users: number | null; share: number | null }
  }
  /** users (merged as of now) and visitors of a site first seen up to an instant, bots left out */
  people_at: {
    arguments: { of_site: number | string | null; at: Instant | null }
    row: { users: number | null; visitors: number | null }
  }
  /** vibe.export_user and vibe.export_customer once it is known who; reads what the caller may */
  person_data: {
    arguments: { of_site: number | string | null; visitors: (number | null)[] | null; customers: (number | null)[] | null }
    row: { person_data: any | null }
  }
  /** what sources delivered about these visitors and customers, with its content, for vibe.export_user() and vibe.export_customer(). For members of the site. Definer: contents are nobody's to read otherwise */
  person_deliveries: {
    arguments: { of_site: number | string | null; visitors: (number | null)[] | null; customers: (number | null)[] | null }
    row: { person_deliveries: any | null }
  }
  /** all visitors and customers of a site that are the same person as these: merged with each other, or known to be the same customer; ids that do not exist are left out */
  person_ids: {
    arguments: { of_site: number | string | null; visitors: (number | null)[] | null; customers: (number | null)[] | null }
    row: { visitors: (number | null)[] | null; customers: (number | null)[] | null }
  }
  /** order numbers of these visitors and customers: what another customer bought in one of their browsers is that customer's */
  person_orders: {
    arguments: { of_site: number | string | null; visitors: (number | null)[] | null; customers: (number | null)[] | null }
    row: { person_orders: string | null }
  }
  /** regular expression for text that names these visitors and customers: by an id, e-mail address, name or order number, as a whole word; null if they have none */
  person_pattern: {
    arguments: { of_site: number | string | null; visitors: (number | null)[] | null; customers: (number | null)[] | null }
    row: { person_pattern: string | null }
  }
  /** how many customers or users meet the criteria, and the five with the lowest ids; stores nothing. Days, events, purchases and members are those before as_of (now unless given); attributes are as they are now. Raises 22023 with path, value and rule for criteria that vibe.segment_schema() does not describe */
  preview_segment: {
    arguments: { site: string | null; criteria: any | null; subject?: string | null; as_of?: Instant | null }
    row: { size: number | null; sample: any | null }
  }
  /** the condition on the events e that a rule for one of their properties stands for; rules as vibe.create_funnel() has them */
  property_condition: {
    arguments: { property: string | null; rule: any | null }
    row: { property_condition: string | null }
  }
  /** what is wrong with conditions on event properties; null for nothing */
  property_rule_broken: {
    arguments: { conditions: any | null }
    row: { property_rule_broken: string | null }
  }
  /** the figures of vibe.analytics_kpis() for many ranges at once, the nth from starts[n], at which a day begins, up to, not including, ends[n]; only_sales leaves out those of users */
  range_figures: {
    arguments: { of_site: number | string | null; starts: (Instant | null)[] | null; ends: (Instant | null)[] | null; only_sales?: boolean | null }
    row: { range: number | null; place: number | null; metric: string | null; value: number | null; format: string | null; is_sum: boolean | null }
  }
  /** what is wrong with ranges and the number of conditions in criteria that follow the schema; null for nothing */
  range_problem: {
    arguments: { criteria: any | null; path: string | null }
    row: { range_problem: string | null }
  }
  /** a stored funnel as JSON, unchecked: members may write its steps one by one; null if there is none */
  read_funnel: {
    arguments: { of_site: number | string | null; of_funnel: number | string | null }
    row: { read_funnel: any | null }
  }
  /** has deliveries of a source that failed applied again, all of them or these; returns how many. Members. Definer: deliveries are nobody's to write */
  reapply_deliveries: {
    arguments: { site: string | null; source_id: number | string | null; delivery_ids?: (number | null)[] | null }
    row: { reapply_deliveries: number | null }
  }
  /** finds the members of a rule segment as of now and writes who entered and who left; for static segments and clusters only stamps the size. Repeating it changes nothing else. Definer: membership is written by functions only */
  refresh_segment: {
    arguments: { site: string | null; segment: string | null }
    row: { size: number | null; entered: number | null; departed: number | null }
  }
  /** refreshes all segments of a site but clusters (vibe.calculate_clusters() does those), one after the other; one that fails keeps its members, says why in error (here and in vibe.segments) and does not stop the others. Definer: membership is written by functions only */
  refresh_segments: {
    arguments: { site: string | null }
    row: { segment_id: number | null; segment: string | null; size: number | null; entered: number | null; departed: number | null; error: string | null }
  }
  /** raises the error of a value that breaks a rule (SQLSTATE 22023); its detail is a JSON object with field, value and rule, which an HTTP answer has as error.details */
  refuse: {
    arguments: { field: string | null; value: string | null; rule: string | null }
    row: { refuse: null | null }
  }
  /** raises what vibe.check_criteria() told, with field, value and rule as vibe.refuse() does */
  refuse_criteria: {
    arguments: { criteria: any | null; told: string | null }
    row: { refuse_criteria: null | null }
  }
  /** raises that there is no such thing (SQLSTATE PT404: an HTTP answer has the status 404); detail as of vibe.refuse() */
  refuse_unknown: {
    arguments: { what: string | null; id: string | null }
    row: { refuse_unknown: null | null }
  }
  /** takes customers or users (by id) out of a static segment and returns how many were in it; their history stays. Definer: membership is written by functions only */
  remove_from_segment: {
    arguments: { site: string | null; segment: string | null; subject_ids: (number | null)[] | null }
    row: { remove_from_segment: number | null }
  }
  /** ends a membership, and what the member's API keys and invitations gave, from the next statement on; owners only. Definer: nobody may write members directly */
  remove_member: {
    arguments: { site: string | null; email_or_login: string | null }
    row: { remove_member: null | null }
  }
  /** the query for visitors of a site who are not users of their own: merged ones with the user they belong to, and bots with null (every session is a bot's; if wanted only those in vibe.user_days). All others are in vibe.visitors as they are */
  renames_query: {
    arguments: { of_site: number | string | null; only_in_days: boolean | null }
    row: { renames_query: string | null }
  }
  /** stores what an advertising network or staff say of a campaign's day, in place of what was said before; null is not known and counted instead */
  report_campaign_day: {
    arguments: { campaign_id: number | string | null; date: Day | null; impressions?: number | string | null; clicks?: number | string | null; conversions?: number | string | null; revenue?: number | string | null; cost?: number | string | null }
    row: { report_campaign_day: null | null }
  }
  /** checked criteria with the segments they name replaced by their ids and, if inlined, followed by their subjects and rules; trail are the segments that led here. Raises 22023 with the path for a segment that does not exist or leads back to itself */
  resolve_segments: {
    arguments: { of_site: number | string | null; node: any | null; path: string | null; inlined: boolean | null; trail: (number | null)[] | null }
    row: { resolve_segments: any | null }
  }
  /** criteria, checked, with the rules of the segments they name; raises 22023 for what is wrong with them or the subject */
  resolved_criteria: {
    arguments: { of_site: number | string | null; criteria: any | null; subject: string | null }
    row: { resolved_criteria: any | null }
  }
  /** how many of the users first seen in one period (day, week from Monday, month of the site's calendar) were active in it and in each later one. Cohorts are the periods that have a day from first_day to last_day (the last 30 days, 12 weeks or 12 months, to today; at most 1000 days, or 3660 by week or month); nothing after last_day is seen. A user's cohort is that of the first visit ever, of all visitors who turned out to be this person. mode on counts who was active in the period, on_or_after who was active in it or later. share is of 1, null for a cohort without users; a period is complete when it is over; bots do not count */
  retention: {
    arguments: { site?: string | null; period?: string | null; first_day?: Day | null; last_day?: Day | null; mode?: string | null }
    row: { cohort: Day | null; cohort_users: number | null; period_number: number | null; period_start: Day | null; users: number | null; share: number | null; is_complete: boolean | null }
  }
  /** vibe.retention() over all cohorts together: the share of the users of those cohorts for which a period is complete, by its number; cohorts without users do not count. Arguments as there */
  retention_curve: {
    arguments: { site?: string | null; period?: string | null; first_day?: Day | null; last_day?: Day | null; mode?: string | null }
    row: { period_number: number | null; cohorts: number | null; cohort_users: number | null; users: number | null; share: number | null }
  }
  /** what a site sold from starts_at up to, not including, ends_at: orders, refunds, revenue less refunds, money given back, and orders in another currency; always one row */
  revenue_between: {
    arguments: { of_site: number | string | null; starts_at: Instant | null; ends_at: Instant | null }
    row: { orders: number | null; refunds: number | null; revenue: number | null; refunded: number | null; foreign_orders: number | null }
  }
  /** vibe.revenue_between() for many ranges at once: the nth begins at starts[n] and ends at ends[n] */
  revenue_of_ranges: {
    arguments: { of_site: number | string | null; starts: (Instant | null)[] | null; ends: (Instant | null)[] | null }
    row: { place: number | null; orders: number | null; refunds: number | null; revenue: number | null; refunded: number | null; foreign_orders: number | null }
  }
  /** ends an API key from the next request on; an owner of any of its sites may. Definer: keys are secret */
  revoke_api_key: {
    arguments: { key_id: string | null }
    row: { revoke_api_key: null | null }
  }
  /** the cluster of three scores of 1 to 5 by version 1 of the map, which aggregate vibe.rfm uses: champions r>=4 and f>=4 and m>=4; else loyal r>=3 and f+m>=6, opportunists r>=3, at_risk f+m>=6, hibernating r=2, lost r=1 */
  rfm_cluster: {
    arguments: { r_score: number | string | null; f_score: number | string | null; m_score: number | string | null }
    row: { rfm_cluster: string | null }
  }
  /** what people call a cluster, in English or Portuguese (pt); null for an unknown one */
  rfm_cluster_label: {
    arguments: { cluster: string | null; language?: string | null }
    row: { rfm_cluster_label: string | null }
  }
  /** the customers of a stored month with their RFM, cluster, the visitor they last came as (user_id, a person after merges) and the month before: cluster, money, and the change of money as a share (null while the month is running and where nothing was spent before). search: part of name, email or the shop's own number, in any case of letters. Filter, order and page it by the query around it */
  rfm_customers: {
    arguments: { site: string | null; month: string | null; search?: string | null }
    row: { customer_id: number | null; user_id: number | null; external_id: string | null; name: string | null; email: string | null; cluster: string | null; label_en: string | null; label_pt: string | null; color: string | null; recency: number | null; frequency: number | null; monetary: number | null; currency: string | null; foreign_orders: number | null; r_score: number | null; f_score: number | null; m_score: number | null; small_n: boolean | null; previous_cluster: string | null; previous_monetary: number | null; monetary_change: number | null }
  }
  /** size and worth of all six RFM clusters of a stored month, best first, and their size in the month before by the same cluster map; while the month is running, in as many whole days of the month before, which compared_with names. share: of the month's customers; changes are shares; monetary in the site's currency. No row where the month is not stored */
  rfm_distribution: {
    arguments: { site: string | null; month: string | null }
    row: { cluster: string | null; label_en: string | null; label_pt: string | null; color: string | null; customers: number | null; share: number | null; orders: number | null; monetary: number | null; currency: string | null; average_value: number | null; average_recency: number | null; previous_customers: number | null; customers_change: number | null; previous_share: number | null; is_complete: boolean | null; compared_with: string | null }
  }
  /** one customer's RFM and cluster in each stored period in which they ordered; order it by the query around it */
  rfm_history: {
    arguments: { site: string | null; customer_id: number | string | null }
    row: { period: string | null; period_start: Day | null; period_end: Day | null; cluster: string | null; label_en: string | null; label_pt: string | null; color: string | null; recency: number | null; frequency: number | null; monetary: number | null; currency: string | null; r_score: number | null; f_score: number | null; m_score: number | null }
  }
  /** the clusters of the 125 cells by a version of the map, in the order of r, f and m score, as vibe.rfm_unpack() takes them */
  rfm_map: {
    arguments: { version: number | string | null }
    row: { rfm_map: (string | null)[] | null }
  }
  /** the version of the cluster map that a period of a site goes by: the one it is stored under, else the one the site uses now */
  rfm_map_version: {
    arguments: { site?: string | null; period_start?: Day | null; period_end?: Day | null }
    row: { rfm_map_version: number | null }
  }
  /** a site's customers of a month (the running one if left out): how many ordered, their orders, money less refunds in the site's currency, and average value per customer; beside it the month before, up to the same day and full hour while the month is running, which compared_with tells; changes are shares of the month before. Orders after as_of are not seen */
  rfm_month: {
    arguments: { site?: string | null; month?: string | null; as_of?: Instant | null }
    row: { month_start: Day | null; through: Instant | null; is_complete: boolean | null; customers: number | null; orders: number | null; monetary: number | null; average_value: number | null; previous_customers: number | null; previous_orders: number | null; previous_monetary: number | null; previous_average_value: number | null; customers_change: number | null; average_value_change: number | null; compared_with: string | null }
  }
  /** vibe.rfm_month() as one row a figure, in the form of vibe.get_crm_metrics() */
  rfm_month_metrics: {
    arguments: { site?: string | null; month?: string | null }
    row: { metric: string | null; value: number | null; previous: number | null; change: number | null; format: string | null; better: string | null; currency: string | null; range_start: Instant | null; range_end: Instant | null; compared_with: string | null }
  }
  /** the months of a site that have customers, newest first: those stored in vibe.rfm_analysis and those with orders that vibe.calculate_rfm() has not seen (is_stored false); is_default is true for the one to begin with, the newest stored one that has ended */
  rfm_months: {
    arguments: { site?: string | null }
    row: { month: string | null; month_start: Day | null; is_complete: boolean | null; is_stored: boolean | null; is_default: boolean | null }
  }
  /** how many customers went from which cluster in one period to which in another, scored as the purchases are now; "new" ordered in the second period only, "gone" in the first only; share: of those who left the same cluster. Both periods go by one version of the cluster map: map_version, else that of the second period */
  rfm_movement: {
    arguments: { site: string | null; from_period: string | null; to_period: string | null }
    row: { from_cluster: string | null; to_cluster: string | null; customers: number | null; share: number | null }
  } | {
    arguments: { site: string | null; from_start: Day | null; from_end: Day | null; to_start: Day | null; to_end: Day | null; map_version?: number | string | null }
    row: { from_cluster: string | null; to_cluster: string | null; customers: number | null; share: number | null }
  }
  /** the customers behind vibe.rfm_movement(), by number: who went from cluster moved_from to moved_to; left out, either is any other than the one on the other side. The next page begins after_customer; page_size null gives all */
  rfm_movers: {
    arguments: { site: string | null; from_period: string | null; to_period: string | null; moved_from?: string | null; moved_to?: string | null; after_customer?: number | string | null; page_size?: number | string | null }
    row: { customer_id: number | null; external_id: string | null; name: string | null; from_cluster: string | null; to_cluster: string | null; from_monetary: number | null; to_monetary: number | null }
  }
  /** the scores that vibe.rfm_scores() unpacks */
  rfm_packed: {
    arguments: { site: string | null; period_start: Day | null; period_end: Day | null }
    row: { rfm_packed: string | null }
  }
  /** the first day of a period as vibe.rfm_period_name() writes it, and the day after its last one */
  rfm_period: {
    arguments: { period: string | null }
    row: { period_start: Day | null; period_end: Day | null }
  }
  /** how a period is called: 2026-01 for a calendar month, else first and last day as 2026-01-05..2026-02-04 */
  rfm_period_name: {
    arguments: { period_start: Day | null; period_end: Day | null }
    row: { rfm_period_name: string | null }
  }
  /** scores the customers who ordered from period_start up to, not including, period_end (days of the site's clock), in the order of customer; stores nothing. Refunds lower monetary and are no orders; orders in another currency than the site's are orders without money, counted by foreign_orders; guests and cancelled orders are left out. map_version: of the cluster map, else vibe.rfm_map_version() */
  rfm_scores: {
    arguments: { site: string | null; period: string | null }
    row: { customer_id: number | null; recency: number | null; frequency: number | null; monetary: number | null; r_score: number | null; f_score: number | null; m_score: number | null; cluster: string | null; small_n: boolean | null; foreign_orders: number | null }
  } | {
    arguments: { site: string | null; period_start: Day | null; period_end: Day | null; map_version?: number | string | null }
    row: { customer_id: number | null; recency: number | null; frequency: number | null; monetary: number | null; r_score: number | null; f_score: number | null; m_score: number | null; cluster: string | null; small_n: boolean | null; foreign_orders: number | null }
  }
  /** for each cluster of a stored period how many customers it has, their orders, money and days of recency added up; no row where nothing is stored. Current at any time */
  rfm_totals: {
    arguments: { of_site: number | string | null; period_start: Day | null; period_end: Day | null }
    row: { cluster: string | null; map_version: number | null; customers: number | null; orders: number | null; monetary: number | null; recency: number | null }
  }
  /** customers, orders and money (in the site's currency) of each of the months up to month, from the first stored one on, all clusters or one; 0 for a month that is not stored; is_partial while it is running */
  rfm_trend: {
    arguments: { site: string | null; month: string | null; in_cluster?: string | null; months?: number | string | null }
    row: { date: Day | null; period: string | null; customers: number | null; orders: number | null; monetary: number | null; is_partial: boolean | null }
  }
  /** the rows in a value of vibe.rfm_pack, in the order of customer; clusters: names for the 125 cells in the order of r, f and m score, as vibe.rfm_map() gives them, instead of those of version 1 */
  rfm_unpack: {
    arguments: { scores: string | null; clusters?: (string | null)[] | null }
    row: { customer_id: number | null; recency: number | null; frequency: number | null; monetary: number | null; r_score: number | null; f_score: number | null; m_score: number | null; cluster: string | null; small_n: boolean | null; foreign_orders: number | null }
  }
  /** puts the customers of now, new ones too, into the clusters of a stored segmentation by its model, and returns how many they are; the nightly job does so. Definer: membership is written by functions only */
  score_clusters: {
    arguments: { site?: string | null; name?: string | null; as_of?: Instant | null }
    row: { score_clusters: number | null }
  }
  /** ids of the customers with a text in name, e-mail or the shop's own number, in any case of letters; in no order. Definer: below a policy no index finds parts of words */
  search_customers: {
    arguments: { site: string | null; search: string | null }
    row: { search_customers: (number | null)[] | null }
  }
  /** what conditions of a rule segment can name: side (key of the condition), name, kind (text, number, time: decides the operators), SQL expression and meaning */
  segment_attributes: {
    arguments: {}
    row: { side: string | null; name: string | null; kind: string | null; expression: string | null; meaning: string | null }
  }
  /** id of the segment named (name or id); raises 42704 if the site has none */
  segment_id: {
    arguments: { of_site: number | string | null; segment: string | null }
    row: { segment_id: number | null }
  }
  /** the segments of a site by name, with who entered and who left in the last 30 days; name_pt is the Portuguese name of a cluster, of other segments the name people gave them; who comes back enters again */
  segment_list: {
    arguments: { site?: string | null }
    row: { segment_id: number | null; name: string | null; name_pt: string | null; description: string | null; kind: string | null; subject: string | null; tier: string | null; criteria: any | null; size: number | null; entered_30_days: number | null; departed_30_days: number | null; sized_at: Instant | null; error: string | null; segmentation: string | null; created_at: Instant | null }
  }
  /** who was in a segment at an instant (now unless given), and since when */
  segment_members_at: {
    arguments: { site: string | null; segment: string | null; at?: Instant | null }
    row: { subject_id: number | null; entered_at: Instant | null }
  }
  /** who entered and who left a segment on each day of the site's calendar (the last 30 days and today unless given), and its size at the end of the day; erased subjects are not counted */
  segment_movement: {
    arguments: { site: string | null; segment: string | null; first_day?: Day | null; last_day?: Day | null }
    row: { day: Day | null; entered: number | null; departed: number | null; size: number | null }
  }
  /** who is in a segment now, since when, and the visitor (user_id) that a customer last came as. search: part of name, email or the shop's own number, in any case of letters. Filter, order and page it by the query around it */
  segment_people: {
    arguments: { site: string | null; segment: string | null; search?: string | null }
    row: { subject_id: number | null; subject: string | null; customer_id: number | null; user_id: number | null; external_id: string | null; name: string | null; email: string | null; entered_at: Instant | null }
  }
  /** the query behind vibe.preview_segment(), to read and to run: its parameters (site, criteria, instant, time zone) are written out as literals */
  segment_query: {
    arguments: { site: string | null; criteria: any | null; subject?: string | null; as_of?: Instant | null }
    row: { segment_query: string | null }
  }
  /** the JSON schema (draft 2020-12) of segment criteria; vibe.check_criteria() checks by it */
  segment_schema: {
    arguments: {}
    row: { segment_schema: any | null }
  }
  /** ids of the customers or users of a site that meet criteria, with the caller's rights */
  segment_subjects: {
    arguments: { of_site: number | string | null; criteria: any | null; subject: string | null; as_of: Instant | null }
    row: { segment_subjects: number | null }
  }
  /** ids of the users in a segment now: its members, or the users known to be its customers */
  segment_user_ids: {
    arguments: { site: string | null; segment: string | null }
    row: { segment_user_ids: number | null }
  }
  /** how many customers went from which cluster of a segmentation to which, by vibe.segmentation_moves(); share: of those who left the same cluster */
  segmentation_movement: {
    arguments: { site: string | null; from_month: string | null; to_month: string | null; segmentation?: string | null }
    row: { from_segment: string | null; to_segment: string | null; customers: number | null; share: number | null }
  }
  /** the customers behind vibe.segmentation_movement(), by number: who went from cluster moved_from to moved_to (names of segments); left out, either is any other than the one on the other side */
  segmentation_movers: {
    arguments: { site: string | null; from_month: string | null; to_month: string | null; segmentation?: string | null; moved_from?: string | null; moved_to?: string | null }
    row: { customer_id: number | null; external_id: string | null; name: string | null; from_segment: string | null; to_segment: string | null }
  }
  /** the cluster of a segmentation that each customer was in at the end of from_month and of to_month (now, where a month is running); "new" was in none before, "gone" is in none after; who stayed is among them */
  segmentation_moves: {
    arguments: { site: string | null; from_month: string | null; to_month: string | null; segmentation?: string | null }
    row: { customer_id: number | null; from_segment: string | null; to_segment: string | null }
  }
  /** the clusters of a segmentation that vibe.calculate_clusters() made (of all of them if left out), best first: names, colour, tier, customers, their share of those scored, and the centroid in the features' own units; no row where none was made. Definer: ranking clusters is private */
  segmentation_profiles: {
    arguments: { site?: string | null; of_segmentation?: string | null }
    row: { segmentation: string | null; segment_id: number | null; segment: string | null; place: number | null; label_en: string | null; label_pt: string | null; color: string | null; tier: string | null; customers: number | null; share: number | null; centroid: any | null; calculated_at: Instant | null }
  }
  /** the query that counts a figure by steps for vibe.stats_series() */
  series_query: {
    arguments: { of_site: number | string | null; metric: string | null; first_day: Day | null; last_day: Day | null; step: string | null; time_zone: string | null }
    row: { series_query: string | null }
  }
  /** has a site reckon in another currency (ISO 4217) and counts customers, revenue and RFM periods again: orders in any other currency are counted but are no money. Nothing is converted, the values of goals neither. Owners only. Definer: nobody may write sites directly */
  set_currency: {
    arguments: { site: string | null; currency: string | null }
    row: { set_currency: null | null }
  }
  /** makes the answer of an endpoint a file to be kept, csv or ndjson; name is without its ending */
  set_file_headers: {
    arguments: { name: string | null; format: string | null }
    row: { set_file_headers: null | null }
  }
  /** gives a site another clock and counts everything kept by day again: visitors' days, daily figures, conversions, funnels, revenue, RFM periods. Small sites (100,000 days of visitors; all, none with at_once true, false) at once: true; larger ones by the next vibe.run_due(), false: until then reports count from events, and daily_stats has no such days. Days whose events were removed stay those of the old clock and are provisional for ever. Owners only. Definer: nobody may write sites directly */
  set_time_zone: {
    arguments: { site: string | null; time_zone: string | null; at_once?: boolean | null }
    row: { set_time_zone: boolean | null }
  }
  /** id of the site named (name or id), or of the caller's only site; refuses a site where the caller may only do less (42501), and all others as if there were none (22023) */
  site_id: {
    arguments: { site?: string | null; at_least?: string | null }
    row: { site_id: number | null }
  }
  /** the site named (name or id), or all sites of the caller for null */
  site_ids: {
    arguments: { site?: string | null }
    row: { site_ids: (number | null)[] | null }
  }
  /** the figures of vibe.get_crm_metrics() for one site; rates as part and whole, so that sites can be added up */
  site_metrics: {
    arguments: { of_site: number | string | null }
    row: { metric: string | null; value: number | null; whole: number | null; previous: number | null; previous_whole: number | null; currency: string | null; range_start: Instant | null; range_end: Instant | null; previous_start: Instant | null; previous_end: Instant | null }
  }
  /** a figure of vibe.stats_series() on each of the last 30 whole days of one site; rates as part and whole, so that sites can be added up */
  site_trend: {
    arguments: { of_site: number | string | null; metric: string | null }
    row: { place: number | null; part: number | null; whole: number | null }
  }
  /** what the sources of a kind brought from starts_at up to, not including, ends_at: revenue (less refunds, in the site's currency) and orders, of a CRM the number of its interactions */
  source_figures: {
    arguments: { of_site: number | string | null; of_kind: string | null; starts_at: Instant | null; ends_at: Instant | null }
    row: { value: number | null; orders: number | null }
  }
  /** for each kind of source that a site has the state of its worst one; code is what its last error begins with in capital letters */
  source_health: {
    arguments: { of_site: number | string | null }
    row: { kind: string | null; status: string | null; since: Instant | null; code: string | null; last_success_at: Instant | null }
  }
  /** the address at which an owner allows Bling to be read, good for ten minutes: for the first time, or again after Bling ended the consent. Definer: it keeps the hash of its state */
  start_bling: {
    arguments: { site?: string | null; source?: string | null }
    row: { start_bling: string | null }
  }
  /** the values of a dimension by users: page, entry_page, exit_page, referrer_domain, channel, utm_source, utm_medium, utm_campaign, utm_term, utm_content, device, browser, os, event_name, bot_reasons. share is of the sum of users over all values; bounce rate and seconds are those of sessions (null for page and event_name). filters: {"channel": ["email"], "page": "/pricing", "bots": "include"}, an empty text stands for no value; compare adds the equally long range before */
  stats_breakdown: {
    arguments: { site?: string | null; dimension?: string | null; first_day?: Day | null; last_day?: Day | null; filters?: any | null; max_rows?: number | string | null; compare?: boolean | null }
    row: { value: string | null; users: number | null; sessions: number | null; page_views: number | null; share: number | null; bounce_rate: number | null; average_session_seconds: number | null; previous_users: number | null; previous_sessions: number | null }
  }
  /** the expression of a dimension over an event e or a session s; null for none */
  stats_column: {
    arguments: { dimension: string | null }
    row: { stats_column: string | null }
  }
  /** the query that counts the values of a dimension between two parameters, under checked filters */
  stats_counts_query: {
    arguments: { dimension: string | null; filters: any | null; begins: string | null; ends: string | null }
    row: { stats_counts_query: string | null }
  }
  /** what stats_breakdown() can divide by and filter on */
  stats_dimensions: {
    arguments: {}
    row: { stats_dimensions: string | null }
  }
  /** the days of a report, its instants [begins, ends) by the site's clock and the equally long range before; the last 30 days up to today unless given; errors: first_day after last_day, more than 3660 days */
  stats_range: {
    arguments: { of_site: number | string | null; first_day: Day | null; last_day: Day | null }
    row: { first_day: Day | null; last_day: Day | null; begins: Instant | null; ends: Instant | null; previous_first_day: Day | null; previous_last_day: Day | null; previous_begins: Instant | null; previous_ends: Instant | null; time_zone: string | null }
  }
  /** a figure from first_day to last_day (the last 30 days, to today), step by step: users (distinct, merged), new_users, total_users (all first seen up to the end of the step or now), churn_rate (as of the last counted day of the step, see vibe.get_crm_metrics()), sessions, page_views, events (other than page views), bounce_rate, session_seconds (mean), conversions (of all goals), revenue (less refunds, in the site's currency). step is hour (at most 31 days), day, week (from Monday) or month, chosen by the length of the range unless given; the first and last step end with the range. A step without anything is zero, its rates are null, as are total_users to come. compare adds the equally long range before, step by step. Bots do not count */
  stats_series: {
    arguments: { site?: string | null; metric?: string | null; first_day?: Day | null; last_day?: Day | null; step?: string | null; compare?: boolean | null }
    row: { starts_at: Instant; ends_at: Instant; value: number | null; previous: number | null; is_partial: boolean }
  }
  /** the instants at which the steps of a range begin, and as the last one the end of the range */
  step_starts: {
    arguments: { first_day: Day | null; last_day: Day | null; step: string | null; time_zone: string | null }
    row: { step_starts: (Instant | null)[] | null }
  }
  /** the stored funnels of a site, the first one made first: number of steps, and the definition as vibe.create_funnel() takes it */
  stored_funnels: {
    arguments: { site?: string | null }
    row: { funnel_id: number | null; name: string | null; steps: number | null; mode: string | null; within: Interval | null; definition: any | null; created_at: Instant | null }
  }
  /** the version of the cluster map under which a period of a site is stored in vibe.rfm_analysis; null if it is not */
  stored_map_version: {
    arguments: { of_site: number | string | null; period_start: Day | null; period_end: Day | null }
    row: { stored_map_version: number | null }
  }
  /** the elements of a JSON array as text, for lists and paths of criteria */
  text_array: {
    arguments: { elements: any | null }
    row: { text_array: (string | null)[] | null }
  }
  /** stores what one tracker sent and counts what was accepted, repeated and rejected; at most 600 calls a minute from one address. Definer: trackers write tables they may not read */
  track: {
    arguments: { payload: any | null }
    row: { track: any | null }
  }
  /** stores an event of a campaign and returns its campaign_event_id. metadata may hold anything; it means something here: customer_id or customer (the shop's own number), user_id or visitor (the tracker's id): to whom it happened; occurred_at: when, now if not told; value, cost: money; order: the shop's order number that a conversion is about; event_id: what is sent again under it is stored once. Errors name the member, its value and the rule */
  track_campaign_event: {
    arguments: { campaign_id: number | string | null; event_type: string | null; metadata?: any | null }
    row: { track_campaign_event: number | null }
  }
  /** tries criteria as vibe.preview_segment() does, also POST /api/v1/segments/preview: how many meet them, and five of them; stores nothing */
  try_segment: {
    arguments: { criteria: any | null; subject?: string | null; as_of?: Instant | null; site?: string | null }
    row: { try_segment: any | null }
  }
  /** separates a visitor from the known user they were merged into; false when there is no merge. Definer: identity is written by functions only */
  undo_merge: {
    arguments: { site: string | null; user_id: number | string | null }
    row: { undo_merge: boolean | null }
  }
  /** changes what is given of a campaign and returns its campaign_id; what is null stays, what clear lists becomes empty */
  update_campaign: {
    arguments: { campaign_id: number | string | null; name?: string | null; type?: string | null; target_segment?: string | null; budget?: number | string | null; start_date?: Day | null; end_date?: Day | null; status?: string | null; utm_campaign?: string | null; utm_source?: string | null; utm_medium?: string | null; external_id?: string | null; clear?: (string | null)[] | null }
    row: { update_campaign: number | null }
  }
  /** gives the stored funnel of that name another definition, as vibe.create_funnel() takes it, and returns its id; without name it keeps its own. Its days in vibe.funnel_days are forgotten and counted again in the night */
  update_funnel: {
    arguments: { site: string | null; funnel: string | null; definition: any | null }
    row: { update_funnel: number | null }
  }
  /** changes name, criteria or description of a segment (what is null stays) and finds its members again when the criteria change; returns its id */
  update_segment: {
    arguments: { site: string | null; segment: string | null; name?: string | null; criteria?: any | null; description?: string | null }
    row: { update_segment: number | null }
  }
  /** chooses the version of the cluster map for a site's periods from now on; what is stored keeps its version until calculate_rfm() is given another one */
  use_rfm_map: {
    arguments: { site: string | null; version: number | string | null }
    row: { use_rfm_map: null | null }
  }
  /** behaviour of each user (merged, bots left out) who was active in the 56 days up to as_of (yesterday by the site's calendar unless given): active days, sessions, page views, other events and mean session length in seconds of the last 28 days, and the engagement score: each day counts least(1, (page views + events) / 10) and half as much for every 7 days that it lies back; the sum as a percentage of what ten a day on all 56 days would give. level: high from 30, medium from 10, else low. Nothing after as_of is looked at, except merges */
  user_engagement: {
    arguments: { site?: string | null; as_of?: Day | null }
    row: { user_id: number | null; day: Day | null; last_active_day: Day | null; active_days: number | null; sessions: number | null; page_views: number | null; events: number | null; average_session_seconds: number | null; score: number | null; level: string | null }
  }
  /** one person: ids, traits, first and last activity, sessions, page views, other events, mean session length in seconds and what led to the first visit; any id of a merged visitor will do; an error if there is none */
  user_profile: {
    arguments: { site: string | null; user_id: number | string | null }
    row: { user_id: number | null; visitors: (number | null)[] | null; external_id: string | null; name: string | null; email: string | null; traits: any | null; segment: string | null; customer_id: number | null; first_seen_at: Instant | null; last_seen_at: Instant | null; sessions: number | null; page_views: number | null; events: number | null; average_session_seconds: number | null; first_channel: string | null; first_referrer_domain: string | null; first_campaign: string | null; devices: (string | null)[] | null }
  }
  /** the segments that a person is in now, as a user or as the customer they are known to be, and since when; any id of a merged visitor will do; an error if there is none */
  user_segments: {
    arguments: { site: string | null; user_id: number | string | null }
    row: { segment_id: number | null; segment: string | null; kind: string | null; subject: string | null; entered_at: Instant | null }
  }
  /** the visits of one person, the latest first (those that began before a time, for the next page of rows; at most 1000), each with its first 500 pages in order and how long each was open, in seconds */
  user_sessions: {
    arguments: { site: string | null; user_id: number | string | null; max_rows?: number | string | null; before?: Instant | null }
    row: { session_id: number; started_at: Instant; last_seen_at: Instant; session_seconds: number; page_views: number; events: number; entry_page: string | null; exit_page: string | null; channel: string | null; referrer: string | null; utm_campaign: string | null; device: string | null; browser: string | null; os: string | null; is_bot: boolean; pages: any }
  }
  /** the events of one person, the latest first (those before a time, for the next page of rows; at most 1000), whichever of their browsers they came from */
  user_timeline: {
    arguments: { site: string | null; user_id: number | string | null; max_rows?: number | string | null; before?: Instant | null }
    row: { occurred_at: Instant | null; event_name: string | null; page: string | null; title: string | null; properties: any | null; session_id: number | null; visitor_id: number | null }
  }
  /** the visitors (browsers) of the person that this visitor is, the person's own id first; an error if there is no such user */
  user_visitors: {
    arguments: { site_id: number | string | null; user_id: number | string | null }
    row: { user_visitors: (number | null)[] | null }
  }
  /** what is wrong with a value itself (its type, size, length or form) by a rule of vibe.segment_schema(); null for nothing */
  value_problem: {
    arguments: { rule: any | null; value: any | null; path: string | null; shown: string | null }
    row: { value_problem: string | null }
  }
  /** the query for user_id and day of the visitors of a site: from vibe.user_days, and from the events for days that are not counted yet */
  visitor_days_query: {
    arguments: { of_site: number | string | null; time_zone: string | null; first_day: Day | null; last_day: Day | null }
    row: { visitor_days_query: string | null }
  }
  /** users (merged, without bots) who were active from the beginning of a day up to, not including, ends_at, and those of them who met a goal; null converted_users where the site has no goals */
  visitors_active_between: {
    arguments: { of_site: number | string | null; starts_at: Instant | null; ends_at: Instant | null }
    row: { active_users: number | null; converted_users: number | null }
  }
  /** vibe.visitors of a site first seen from starts_at up to, not including, ends_at */
  visitors_between: {
    arguments: { of_site: number | string | null; starts_at: Instant | null; ends_at: Instant | null }
    row: { visitor_id: number | null; user_id: number | null; first_seen_at: Instant | null }
  }
  /** regular expression for text that has one of these names as whole words; null without any */
  words_pattern: {
    arguments: { names: (string | null)[] | null }
    row: { words_pattern: string | null }
  }
  /** stores the steps and exclusions of a definition that vibe.check_funnel() has passed */
  write_funnel_steps: {
    arguments: { of_site: number | string | null; of_funnel: number | string | null; definition: any | null }
    row: { write_funnel_steps: null | null }
  }
}

/** Tables and views by name: their rows. */
export interface Relations {
  /** when a model was used (activation) and what came of it (result) */
  ai_model_events: {
    /** the site, as in vibe.sites */
    site_id: number
    /** number of the event */
    event_id: number
    /** who told it, as in vibe.sources */
    source_id: number | null
    /** the customer, as in vibe.customers */
    customer_id: number | null
    /** its number there: sent again, it is the same event */
    external_id: string | null
    /** name of the model */
    model: string
    /** of the model; empty if it has none */
    version: string
    /** activation or result */
    event_type: string
    /** when it happened */
    at: Instant
    /** what the result was worth, in the model's own unit: money, a score, 1 for a hit and 0 for a miss */
    value: number | null
    /** what else the sender says */
    metadata: any
  }
  /** each version of a model: how often it was used and what came of it */
  ai_model_performance: {
    /** the site, as in vibe.sites */
    site_id: number | null
    /** name of the model */
    model: string | null
    /** of the model; empty if it has none */
    version: string | null
    /** how often it was used */
    activations: number | null
    /** results that were told */
    results: number | null
    /** results for each activation; null without activations */
    result_rate: number | null
    /** sum of the results' values */
    total_value: number | null
    /** mean of the results' values, of those that have one */
    average_value: number | null
    /** time of the first event */
    first_at: Instant | null
    /** time of the last event */
    last_at: Instant | null
  }
  /** what happened with a campaign: impressions, clicks, conversions and any other type, written by vibe.track_campaign_event() */
  campaign_events: {
    /** the site, as in vibe.sites */
    site_id: number
    /** number of the event */
    campaign_event_id: number
    /** the campaign, as in vibe.campaigns */
    campaign_id: number
    /** impression, click, conversion, or what the site calls it */
    event_type: string
    /** when it happened */
    occurred_at: Instant
    /** the customer it happened to; null if not known */
    customer_id: number | null
    /** the visitor it happened to, before any merge; null if not known */
    user_id: number | null
    /** the sender's own id of the event: what is sent again is stored once */
    external_id: string | null
    /** the order (purchases.external_id) that a conversion is about: where the shop knows it, the order counts and the event does not */
    order_id: string | null
    /** worth of a conversion, in the site's currency */
    value: number | null
    /** what the event cost, in the site's currency */
    cost: number | null
    /** all that was told about it */
    metadata: any
  }
  /** figures of a campaign's days as an advertising network or staff report them; what is null is counted instead, see vibe.campaign_days() */
  campaign_performance: {
    /** the site, as in vibe.sites */
    site_id: number
    /** the campaign, as in vibe.campaigns */
    campaign_id: number
    /** day of the site's calendar */
    date: Day
    /** how often it was shown */
    impressions: number | null
    /** how often it was clicked */
    clicks: number | null
    /** conversions; networks report fractions where they share one out */
    conversions: number | null
    /** worth of the conversions, in the site's currency */
    revenue: number | null
    /** what the day cost, in the site's currency */
    cost: number | null
    /** clicks per impression; null without impressions */
    ctr: number | null
    /** cost per click; null without clicks */
    cpc: number | null
    /** revenue per cost; null without cost */
    roas: number | null
    /** when the row was written last */
    reported_at: Instant
  }
  /** how a site reckons with its campaigns; set by vibe.change_campaign_settings(), without a row as by default */
  campaign_settings: {
    /** the site, as in vibe.sites */
    site_id: number
    /** who gets an order: the first campaign that touched the buyer, the last one, or all alike (linear) */
    attribution_model: string
    /** how many times 24 hours a touch counts */
    window_days: number
    /** types of campaign events that are conversions */
    conversion_types: (string | null)[]
    /** types of campaign events that expose a person to the campaign, but earn it no order */
    passive_types: (string | null)[]
  }
  /** what a site does to be known or bought from: an e-mailing, an advertisement, an action in a shop */
  campaigns: {
    /** the site, as in vibe.sites */
    site_id: number
    /** number of the campaign */
    campaign_id: number
    /** what the advertising network or the CRM calls it, unique within the site; null for none */
    external_id: string | null
    /** what people call it, unique within the site */
    name: string
    /** email, search, social, display … or what the site calls it */
    type: string
    /** draft, active, paused, completed or archived; told, not checked: a visit by its parameters counts at any time */
    status: string
    /** the segment of customers or users that it is meant for; null for everybody */
    segment_id: number | null
    /** what it may cost, in the site's currency; null for no limit */
    budget: number | null
    /** first day, by the site's calendar */
    start_date: Day | null
    /** last day; null while it has no end */
    end_date: Day | null
    /** visits whose first address says so came by this campaign; in small letters, null for none */
    utm_campaign: string | null
    /** only visits whose address says so too; null for any */
    utm_source: string | null
    /** only visits whose address says so too; null for any */
    utm_medium: string | null
    /** when the row was made */
    created_at: Instant
  }
  /** who is in which segment now, since when */
  current_segment_members: {
    /** the site */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** as in vibe.segments */
    segment_id: number | null
    /** name of the segment */
    segment: string | null
    /** what its members are: customer or user */
    subject: string | null
    /** the member, where they are customers */
    customer_id: number | null
    /** the member, where they are users (persons after merges) */
    user_id: number | null
    /** member since */
    entered_at: Instant | null
  }
  /** customers with an order on a day by the day on which they ordered last before it; read vibe.customers_between(), which is current */
  customer_days: {
    /** the site, as in vibe.sites */
    site_id: number
    /** day of the site's calendar */
    day: Day
    /** 0001-01-01 for those who never ordered before */
    previous_day: Day
    /** different customers with an order, neither refund nor cancelled; guests are not counted */
    customers: number
    /** those of them who placed the second order of their lives on the day */
    second_orders: number
  }
  /** days of vibe.customer_days that were changed by orders since they were counted, possibly many times */
  customer_marks: {
    /** the site, as in vibe.sites */
    site_id: number
    /** day of the site's calendar */
    day: Day
    /** also all days after it */
    onwards: boolean
  }
  /** vibe.customer_days added up by months: a customer is in it once for each day with an order */
  customer_months: {
    /** the site, as in vibe.sites */
    site_id: number
    /** first day of the month */
    month: Day
    /** first day of the month of previous_day; 0001-01-01 for never */
    previous_month: Day
    /** sum of customers of the days */
    customers: number
    /** sum of second_orders of the days */
    second_orders: number
  }
  /** customers with who they are and what they bought, as of now, dated by the calendar of their site */
  customer_profiles: {
    /** the site, as in vibe.sites */
    site_id: number | null
    /** the customer, as in vibe.customers */
    customer_id: number | null
    /** the shop's own customer number, unique within the site */
    external_id: string | null
    /** of the person */
    name: string | null
    /** e-mail address */
    email: string | null
    /** in whole years today; null without birth_date */
    age: number | null
    /** as the shop says it */
    gender: string | null
    /** as the shop says it: a town, a country */
    location: string | null
    /** as the shop says it */
    income_range: string | null
    /** day of signing up, else of the first order, else of the row */
    registration_date: Day | null
    /** day of the last order; null before the first */
    last_purchase_date: Day | null
    /** orders, neither refund nor cancelled, in any currency */
    order_count: number | null
    /** orders less refunds, in the site's currency; other currencies are left out and counted in foreign_orders */
    total_spent: number | null
    /** what amounts are in: three capital letters (ISO 4217) */
    currency: string | null
    /** orders in another currency than the site's: in order_count, not in total_spent */
    foreign_orders: number | null
    /** total_spent by orders in the site's currency; null without any */
    average_order_value: number | null
    /** orders per 30 days between the first order (which is not counted) and the last, a time of at least a day; null before the second order */
    purchase_frequency: number | null
    /** category of most pieces ordered (neither refund nor cancelled), the first by name among equals; null where no items are known */
    preferred_category: string | null
  }
  /** customers with the RFM of the latest stored period in which they ordered; null where they never did in one */
  customer_rfm: {
    /** the site */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** the customer */
    customer_id: number | null
    /** the shop's own customer number */
    external_id: string | null
    /** as the shop knows it */
    name: string | null
    /** as the shop knows it */
    email: string | null
    /** first order of all */
    first_purchase_at: Instant | null
    /** last order of all */
    last_purchase_at: Instant | null
    /** orders of all time */
    order_count: number | null
    /** money of all time in the site's currency, less refunds */
    total_spent: number | null
    /** month as 2026-01, or first and last day */
    period: string | null
    /** first day */
    period_start: Day | null
    /** the day after the last one; recency is measured to it */
    period_end: Day | null
    /** days from the last order to period_end */
    recency: number | null
    /** orders in the period */
    frequency: number | null
    /** money in the period, less refunds */
    monetary: number | null
    /** of monetary, the site's */
    currency: string | null
    /** orders in another currency: part of frequency, not of monetary */
    foreign_orders: number | null
    /** 1 (worst) to 5 (best) among the period's customers */
    r_score: number | null
    /** 1 (worst) to 5 (best) among the period's customers */
    f_score: number | null
    /** 1 (worst) to 5 (best) among the period's customers */
    m_score: number | null
    /** stable code */
    cluster: string | null
    /** name of the cluster in English */
    label: string | null
    /** name of the cluster in Portuguese */
    label_pt: string | null
    /** RGB; the cluster's colour in every chart */
    color: string | null
    /** a score could not be ranked and is 3 */
    small_n: boolean | null
    /** version of the cluster map */
    map_version: number | null
  }
  /** each site's customers and what they are worth, as of now; orders of guests are not in it */
  customer_totals: {
    /** the site, as in vibe.sites */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** customers the shop knows, with orders or without */
    customers: number | null
    /** customers with at least one order */
    buyers: number | null
    /** their orders, neither refund nor cancelled, in any currency */
    orders: number | null
    /** orders less refunds of customers, in currency */
    total_spent: number | null
    /** what amounts are in: three capital letters (ISO 4217) */
    currency: string | null
    /** orders in another currency than the site's: in order_count, not in total_spent */
    foreign_orders: number | null
    /** total_spent per order in currency; null without orders */
    average_order_value: number | null
    /** total_spent per buyer; null without buyers */
    average_customer_value: number | null
  }
  /** a shop's customers, as the shop knows them */
  customers: {
    /** the site, as in vibe.sites */
    site_id: number
    /** the customer, as in vibe.customers */
    customer_id: number
    /** the shop's own customer number, unique within the site */
    external_id: string | null
    /** of the person */
    name: string | null
    /** e-mail address */
    email: string | null
    /** where the shop knows it */
    birth_date: Day | null
    /** as the shop says it */
    gender: string | null
    /** as the shop says it: a town, a country */
    location: string | null
    /** as the shop says it */
    income_range: string | null
    /** when the customer signed up with the shop, where the shop says so */
    registered_at: Instant | null
    /** when the row was made here */
    created_at: Instant
    /** first order (neither refund nor cancelled); this and the columns after it are derived, kept by triggers of vibe.purchases and vibe.purchase_items */
    first_purchase_at: Instant | null
    /** last order (neither refund nor cancelled) */
    last_purchase_at: Instant | null
    /** orders, neither refund nor cancelled, in any currency */
    order_count: number
    /** orders less refunds, in the site's currency; other currencies are left out and counted in foreign_orders */
    total_spent: number
    /** orders in another currency than the site's: in order_count, not in total_spent */
    foreign_orders: number
    /** orders per 30 days between the first order (which is not counted) and the last, a time of at least a day; null before the second order */
    purchase_frequency: number | null
    /** category of most pieces ordered (neither refund nor cancelled), the first by name among equals; null where no items are known */
    preferred_category: string | null
  }
  /** figures of the categories sold on a day; read vibe.revenue_by_category, which is current */
  daily_category_revenue: {
    /** the site, as in vibe.sites */
    site_id: number
    /** day of the site's calendar */
    day: Day
    /** empty for items without one */
    category: string
    /** orders with an item of the category */
    orders: number
    /** pieces sold less those that came back */
    quantity: number
    /** of the items, less refunds, in the site's currency */
    revenue: number
  }
  /** how far the users come who enter a stored funnel on a day of the site's calendar; written by vibe.calculate_funnel_days() */
  daily_funnel_stats: {
    /** the site, as in vibe.sites */
    site_id: number
    /** the funnel, as in vibe.funnels */
    funnel_id: number
    /** day of the site's calendar */
    day: Day
    /** 1 is the first step */
    step: number
    /** users who entered on the day and reach the step within the funnel's window (30 days if it has none) */
    users: number
    /** when the row last changed */
    calculated_at: Instant
  }
  /** figures of the days of a site that had orders or refunds; read vibe.revenue_by_day, which is current */
  daily_revenue: {
    /** the site, as in vibe.sites */
    site_id: number
    /** day of the site's calendar */
    day: Day
    /** orders, neither refund nor cancelled, in any currency */
    orders: number
    /** refunds, in any currency */
    refunds: number
    /** different customers with an order on the day; guests are not counted */
    buyers: number
    /** orders less refunds, in the site's currency */
    revenue: number
    /** money given back, in the site's currency, above zero */
    refunded: number
    /** orders in another currency, left out of revenue */
    foreign_orders: number
  }
  /** figures of each day of each site for BI tools; provisional until 48 hours after the end of the day, since events may come late, and again from a late event until the day is counted again */
  daily_stats: {
    /** name of the site */
    site: string | null
    /** the site, as in vibe.sites */
    site_id: number | null
    /** day of the site's calendar */
    day: Day | null
    /** the instant at which the day begins: a time axis for BI tools */
    day_start: Instant | null
    /** anonymous ids first seen before the end of the day */
    total_visitors: number | null
    /** users (anonymous ids merged by identify count once) first seen before the end of the day */
    total_users: number | null
    /** users first seen on the day */
    new_users: number | null
    /** anonymous ids with an event on the day */
    visitors: number | null
    /** users with an event on the day */
    active_users: number | null
    /** active users first seen before the day */
    returning_users: number | null
    /** sessions begun on the day, wherever they end */
    sessions: number | null
    /** page views */
    page_views: number | null
    /** events other than page views */
    events: number | null
    /** share of the sessions with at most one page view and no other event, 0 to 1; null without sessions */
    bounce_rate: number | null
    /** mean length of the sessions begun on the day; null without sessions */
    average_session_seconds: number | null
    /** median length of the sessions begun on the day; null without sessions */
    median_session_seconds: number | null
    /** events that met a goal, each goal by itself */
    conversions: number | null
    /** users who met a goal */
    converted_users: number | null
    /** share of the active users who met a goal, 0 to 1; null without users */
    conversion_rate: number | null
    /** orders of the day, neither refund nor cancelled, as of now */
    orders: number | null
    /** orders less refunds of the day, in currency, as of now */
    revenue: number | null
    /** what amounts are in: three capital letters (ISO 4217) */
    currency: string | null
    /** figures may still change: the day ended less than 48 hours ago or got a late event since it was counted, or it is a day of another clock than the site's */
    is_provisional: boolean | null
  }
  /** figures of each day of a site's calendar, written by vibe.calculate_daily_stats(); bots are left out; a day without traffic is a row of zeros */
  daily_user_stats: {
    /** the site, as in vibe.sites */
    site_id: number
    /** day of the site's calendar */
    day: Day
    /** anonymous ids first seen before the end of the day */
    total_visitors: number
    /** users (anonymous ids merged by identify count once) first seen before the end of the day */
    total_users: number
    /** users first seen on the day */
    new_users: number
    /** anonymous ids with an event on the day */
    visitors: number
    /** users with an event on the day */
    active_users: number
    /** active users first seen before the day */
    returning_users: number
    /** sessions begun on the day, wherever they end */
    sessions: number
    /** sessions begun on the day with at most one page view and no other event */
    bounced_sessions: number
    /** whole length of the sessions begun on the day, in seconds */
    session_seconds: number
    /** median length of the sessions begun on the day, in seconds; null without sessions */
    median_session_seconds: number | null
    /** page views */
    page_views: number
    /** events other than page views */
    events: number
    /** events that met a goal, each goal by itself */
    conversions: number
    /** users who met a goal */
    converted_users: number
    /** users active on one of the 30 days that end with this one */
    users_30_days: number | null
    /** users active on one of the 60 days that end with this one */
    users_60_days: number | null
    /** receipt of the last event that is counted; null on a day without events */
    last_received_at: Instant | null
    /** whose calendar the day is of; another one than the site's after vibe.set_time_zone(), where the events are gone */
    time_zone: string
    /** when the row was calculated */
    calculated_at: Instant
  }
  /** everything visitors did, one row each, page views included, bots left out. Filter on occurred_at: it selects the months that are read */
  events: {
    /** the site, as in vibe.sites */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** made by the sender; a repeat within 8 days is dropped. In no index: the ledger knows them */
    event_id: string | null
    /** page_view, or a name that the site chose */
    event_name: string | null
    /** when it happened by the server's clock */
    occurred_at: Instant | null
    /** occurred_at by the clocks of the site */
    local_time: Instant | null
    /** day of occurred_at in the site's calendar */
    day: Day | null
    /** who it was: the known user where the visitor was merged into one */
    user_id: number | null
    /** the anonymous id of the browser, before merges */
    visitor_id: number | null
    /** the visit, as in vibe.site_sessions */
    session_id: number | null
    /** path of the address of the page */
    page: string | null
    /** what follows the ? in the address of the page; null for nothing */
    query: string | null
    /** title of the page */
    title: string | null
    /** the address on another site that the page was opened from; null for none */
    referrer: string | null
    /** what the sender said about the event: a JSON object */
    properties: any | null
    /** of the session */
    device: string | null
    /** of the session */
    browser: string | null
    /** of the session */
    os: string | null
  }
  /** stored funnels day by day: users who entered on a day of the site's calendar, and how many of them reach each step within the funnel's window; as of the last night */
  funnel_days: {
    /** the site */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** the stored funnel */
    funnel_id: number | null
    /** name of the funnel */
    funnel: string | null
    /** the day of the first step, by the site's clock */
    day: Day | null
    /** 1 is the first step */
    step: number | null
    /** name of the step; of an unordered funnel how many of its steps */
    step_name: string | null
    /** users who enter on the day and reach the step; merged visitors once, no bots */
    users: number | null
    /** share of those who enter, of 1 */
    conversion_from_start: number | null
    /** share of those who reach the step before, of 1 */
    conversion_from_previous: number | null
    /** users lost since the step before */
    drop_off: number | null
  }
  /** what an event must be to count as a step of a funnel, or as an exclusion between steps */
  funnel_steps: {
    /** the site, as in vibe.sites */
    site_id: number
    /** the funnel, as in vibe.funnels */
    funnel_id: number
    /** 1 is the first step; exclusions are numbered by themselves */
    position: number
    /** what people call the step */
    name: string
    /** page_view, or a name that the site chose */
    event_name: string
    /** the event's page must be like this (% is any text, _ any character); null for any page */
    page_pattern: string | null
    /** conditions on event properties, as {"list": "summer", "color": ["red", "blue"], "price": {">=": 100}}; null for none */
    properties: any | null
    /** such an event ends a chain that is between from_step and to_step */
    exclusion: boolean
    /** of an exclusion: from this step on it ends a chain */
    from_step: number | null
    /** of an exclusion: once this step is taken it no longer does */
    to_step: number | null
  }
  /** stored funnels: named sequences of steps that visitors should go through */
  funnels: {
    /** the site, as in vibe.sites */
    site_id: number
    /** the funnel, as in vibe.funnels */
    funnel_id: number
    /** what people call the funnel, unique within the site */
    name: string
    /** ordered: step after step, whatever else happens; strict: nothing else of the user between; unordered: any order, and step n means any n of the steps */
    mode: string
    /** the time from the first event to the last, in days or smaller units; null for any */
    within: Interval | null
    /** allow: steps may share an instant; strict: a next step must be at a later one */
    ties: string
    /** an event property whose value all steps must share; the best value of a user counts, events without it do not; null for none */
    hold: string | null
    /** when the row was made */
    created_at: Instant
  }
  /** who met which goal on which day of the site's calendar, written with vibe.daily_user_stats; outlives the events; bots are left out */
  goal_conversions: {
    /** the site, as in vibe.sites */
    site_id: number
    /** the goal, as in vibe.goals */
    goal_id: number
    /** day of the site's calendar */
    day: Day
    /** the visitor at the time of the event; read merges through vibe.visitors */
    user_id: number
    /** events that met the goal */
    conversions: number
    /** worth of the conversions, in the site's currency */
    value: number
  }
  /** conversions of each goal by day; days without one have no row */
  goal_stats: {
    /** name of the site */
    site: string | null
    /** the site, as in vibe.sites */
    site_id: number | null
    /** day of the site's calendar */
    day: Day | null
    /** the instant at which the day begins */
    day_start: Instant | null
    /** the goal, as in vibe.goals */
    goal_id: number | null
    /** name of the goal */
    goal: string | null
    /** events that met the goal; bots are left out */
    conversions: number | null
    /** users (merged) with at least one of them */
    users: number | null
    /** users who met the goal as a share of the users active that day */
    conversion_rate: number | null
    /** worth of the conversions, in the site's currency */
    value: number | null
    /** what amounts are in: three capital letters (ISO 4217) */
    currency: string | null
  }
  /** what a site wants its visitors to do: an event, or the view of a page, that counts as a conversion */
  goals: {
    /** the site, as in vibe.sites */
    site_id: number
    /** number of the goal */
    goal_id: number
    /** what people call it, unique within the site */
    name: string
    /** name of the event; page_view for goals that are pages */
    event_name: string
    /** the event's page must be like this (% is any text, _ any character); null for any page */
    page_pattern: string | null
    /** worth of one conversion in the site's currency */
    value: number | null
    /** the property of the event that holds its worth, a number; anything else counts as 0 */
    value_property: string | null
    /** when the row was made */
    created_at: Instant
  }
  /** refused merges: a visitor already known as one user claimed to be another */
  identity_warnings: {
    /** the site, as in vibe.sites */
    site_id: number
    /** number of the warning */
    warning_id: number
    /** the visitor */
    user_id: number
    /** who the visitor was known as */
    external_id: string
    /** who the refused identify named */
    claimed_id: string
    /** the refused identify */
    event_id: string | null
    /** when it came */
    warned_at: Instant
  }
  /** records of imported files that broke a rule, each with the first rule it broke */
  import_rejects: {
    /** the site, as in vibe.sites */
    site_id: number
    /** the import, as in vibe.imports */
    import_id: number
    /** line of the file on which the record begins; the header is line 1 */
    line: number
    /** the record as it stands in the file, up to 10000 characters */
    record: string
    /** what broke the rule, by our name; null if it is the record itself */
    field: string | null
    /** what the file says there, up to 1000 characters */
    value: string | null
    /** the rule that was broken */
    reason: string
  }
  /** figures of days before a site had events, counted by the tool it came from; vibe.traffic_by_day shows them beside our own */
  imported_days: {
    /** the site, as in vibe.sites */
    site_id: number
    /** day of the site's calendar */
    day: Day
    /** what counted them: plausible */
    source: string
    /** different visitors of the day; who came on two days cannot be told */
    visitors: number
    /** visits begun on the day */
    sessions: number
    /** visits with one page view */
    bounced_sessions: number
    /** whole length of the visits, in seconds */
    session_seconds: number
    /** page views */
    page_views: number
  }
  /** files that were imported, and what became of them */
  imports: {
    /** the site, as in vibe.sites */
    site_id: number
    /** number of the import */
    import_id: number
    /** what a record of the file is: an order, a line of an order, a customer, an event, a day */
    kind: string
    /** how the file is written, as given to begin_import(); of events and days also its format */
    options: any
    /** when it began */
    started_at: Instant
    /** null while the file is being loaded, and for ever if it never was finished */
    finished_at: Instant | null
    /** records of the file, without the header and empty lines; accepted + rejected */
    records: number | null
    /** records that broke no rule */
    accepted: number | null
    /** records that broke a rule; they are in vibe.import_rejects */
    rejected: number | null
    /** orders (or customers, events, days) that were new */
    imported: number | null
    /** orders (or customers, days) that were known and differ now */
    changed: number | null
    /** orders (or customers, events, days) that were known as they are */
    unchanged: number | null
    /** accepted orders and refunds in another currency than the site's, which no sum takes in */
    foreign_orders: number | null
  }
  /** what a CRM tells about its dealings with a customer: calls, letters, meetings, deals */
  interactions: {
    /** the site, as in vibe.sites */
    site_id: number
    /** number of the interaction */
    interaction_id: number
    /** the CRM, as in vibe.sources */
    source_id: number | null
    /** the customer, as in vibe.customers */
    customer_id: number | null
    /** its number there: sent again, it is the same interaction */
    external_id: string | null
    /** as the CRM calls it: call, email, meeting, deal.updated … */
    kind: string
    /** when it happened */
    at: Instant
    /** what else the CRM says */
    data: any
  }
  /** what vibe.run_due() did last: rows per site, and some for the work that belongs to no site */
  job_runs: {
    /** partitions: months of events made ahead; old_partitions: empty months dropped; cleaning: what machinery needs no longer; revenue: days of a site that got orders; nightly: a site's figures */
    job: string
    /** the site, as in vibe.sites */
    site_id: number | null
    /** nightly: the last day of the site's calendar whose figures are complete; later days are caught up */
    done_through: Day | null
    /** when the last run began */
    started_at: Instant
    /** when the last run ended, or was found to have died; null before the first has */
    finished_at: Instant | null
    /** the session that is at it; null when none is */
    session_pid: number | null
    /** runs so far that ended, well or not */
    runs: number
    /** failed runs since the last good one */
    failures: number
    /** SQLSTATE and message of the last run if it failed; null when it did not */
    error: string | null
    /** a failed run is repeated by the first vibe.run_due() after this: at once, then after 10 minutes, twice as long each time, 6 hours at most; null when the last run was good */
    next_try_at: Instant | null
  }
  /** how the work of vibe.run_due() stands: for each site its nightly work and revenue, when they ran, why they failed and when they are tried again; operators also see what belongs to no site */
  job_status: {
    /** partitions: months of events made ahead; old_partitions: empty months dropped; cleaning: what machinery needs no longer; revenue: days of a site that got orders; nightly: a site's figures */
    job: string | null
    /** the site, as in vibe.sites */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** done; due: a day that is over has no figures yet; running; failed: the last run did, or its session ended on the way */
    state: string | null
    /** nightly: the last day of the site's calendar whose figures are complete; later days are caught up */
    done_through: Day | null
    /** when the last run began */
    started_at: Instant | null
    /** when the last run ended, or was found to have died; null before the first has */
    finished_at: Instant | null
    /** how long the last run took, or the running one has */
    took: Interval | null
    /** runs so far that ended, well or not */
    runs: number | null
    /** failed runs since the last good one */
    failures: number | null
    /** SQLSTATE and message of the last run if it failed; null when it did not */
    error: string | null
    /** a failed run is repeated by the first vibe.run_due() after this: at once, then after 10 minutes, twice as long each time, 6 hours at most; null when the last run was good */
    next_try_at: Instant | null
  }
  /** the last activity of recent visitors, copied together by ingest so that reading it needs no join; bots are left out */
  online_users: {
    /** the site, as in vibe.sites */
    site_id: number
    /** page views */
    page_views: number
    /** the visitor's own id, before any merge */
    user_id: number
    /** last event or heartbeat */
    last_seen_at: Instant
    /** the visit that runs */
    session_id: number
    /** the page sends heartbeats: silence is noticed sooner */
    has_heartbeat: boolean
    /** events other than page views */
    events: number
    /** who the visitor is after merges */
    person_id: number
    /** when the visit began */
    started_at: Instant
    /** of the person */
    name: string | null
    /** the shop's own id of the person */
    external_id: string | null
    /** of the person */
    segment: string | null
    /** path of the page they look at */
    current_page: string | null
    /** the address the visit came from; null for none */
    referrer: string | null
    /** desktop, mobile or tablet, by the user agent */
    device: string | null
    /** browser, by the user agent; other when unknown */
    browser: string | null
  }
  /** articles of a shop and how many of them there are, as an outside source tells */
  products: {
    /** the site, as in vibe.sites */
    site_id: number
    /** the source that told, as in vibe.sources */
    source_id: number
    /** the source's own article number, as in vibe.purchase_items */
    product_id: string
    /** what the shop calls the article (SKU) */
    code: string | null
    /** of the article */
    name: string | null
    /** of one piece, in currency */
    price: number | null
    /** three capital letters (ISO 4217) */
    currency: string
    /** whether the source still has and offers it */
    is_active: boolean
    /** pieces that can be sold: those there are less those reserved; null until read */
    stock: number | null
    /** pieces on the shelves of all depots; null until read */
    physical_stock: number | null
    /** when the stock was read from the source; null before */
    stock_read_at: Instant | null
    /** when the article was last read from the source */
    read_at: Instant
    /** when the row was made here */
    created_at: Instant
  }
  /** what an order or refund consists of, one row each line */
  purchase_items: {
    /** the site, as in vibe.sites */
    site_id: number
    /** the order or refund, as in vibe.purchases */
    purchase_id: number
    /** place within the order, from 1 */
    line: number
    /** the shop's own article number */
    product_id: string | null
    /** of the article */
    name: string | null
    /** of the article, as the shop sorts them */
    category: string | null
    /** pieces; below zero where they come back */
    quantity: number
    /** of the whole line, in the order's currency; below zero in refunds and discounts */
    amount: number
  }
  /** lines of orders and refunds that count; an order without lines is one line of its whole amount */
  purchase_lines: {
    /** the site, as in vibe.sites */
    site_id: number | null
    /** the order, purchase_id of vibe.purchases */
    id: number | null
    /** the customer, as in vibe.customers */
    customer_id: number | null
    /** place within the order, from 1 */
    line: number | null
    /** the shop's own article number */
    product_id: string | null
    /** name of the article */
    product: string | null
    /** of the article, as the shop sorts them; null where it is not known */
    category: string | null
    /** of the whole line, in currency; below zero where money was given back */
    amount: number | null
    /** what amounts are in: three capital letters (ISO 4217) */
    currency: string | null
    /** pieces; below zero where they come back */
    quantity: number | null
    /** day of purchased_at in the site's calendar */
    purchase_date: Day | null
    /** when it was ordered or given back */
    purchased_at: Instant | null
    /** where it was sold, as the shop calls it: web, store, marketplace … */
    channel: string | null
    /** money given back: counts in revenue, not as an order */
    is_refund: boolean | null
  }
  /** orders and refunds of a shop, one row each */
  purchases: {
    /** the site, as in vibe.sites */
    site_id: number
    /** the order or refund, as in vibe.purchases */
    purchase_id: number
    /** who bought; null for guests and for customers erased since */
    customer_id: number | null
    /** the visitor who bought, where the order came through the tracked site */
    user_id: number | null
    /** the shop's own order number, unique within the site */
    external_id: string
    /** when it was ordered or given back */
    purchased_at: Instant
    /** order total in currency, never negative; a refund is a row of its own with a total of zero or less */
    amount: number
    /** what amounts are in: three capital letters (ISO 4217) */
    currency: string
    /** pieces in the order, as the shop counts them */
    item_count: number | null
    /** where it was sold, as the shop calls it: web, store, marketplace … */
    channel: string | null
    /** money given back: counts in revenue, not as an order */
    is_refund: boolean
    /** called off, or not paid (yet): counts in nothing */
    is_cancelled: boolean
    /** when the row was made */
    created_at: Instant
    /** the source that told it, as in vibe.sources; null where a file, a program or a person did */
    source_id: number | null
    /** how the buyer came, as the shop knows it: {"source", "medium", "campaign", "content", "term"} */
    utm: any | null
  }
  /** subjects whose newest attempt failed: one that fails again and again is left alone for a while; the row goes when work gets on */
  queue_circuits: {
    /** the site, as in vibe.sites */
    site_id: number
    /** kind of the jobs, as in vibe.queue_jobs */
    kind: string
    /** subject of the jobs, as in vibe.queue_jobs */
    subject: string
    /** failed attempts in a row, over all jobs */
    failures: number
    /** no job of the subject runs before; null while it has not failed often enough for that */
    open_until: Instant | null
    /** {"code", "message"} of the newest failure */
    error: any
    /** when that was */
    failed_at: Instant
  }
  /** work that the servers do beside answering requests, such as asking other systems; rows of a site are seen by its members */
  queue_jobs: {
    /** the site, as in vibe.sites */
    site_id: number
    /** number of the job, one row of numbers for all sites */
    job_id: number
    /** what is done */
    kind: string
    /** with what, such as the number of a source; empty: with the site. Of each kind and subject at most one job is queued or running */
    subject: string
    /** queued: begins at run_at; running; done; failed, see error; cancelled */
    status: string
    /** 0 to 100, known while it runs; null while nobody knows how much there is */
    progress: number | null
    /** things looked at so far */
    processed: number
    /** things there are; null while unknown */
    total: number | null
    /** rows that were new */
    added: number
    /** rows that changed */
    updated: number
    /** rows that went */
    removed: number
    /** when it begins, or tries again */
    run_at: Instant
    /** failures since it last got on; see error for the newest */
    attempts: number
    /** steps done so far: requests asked and answered, and what was done between them */
    steps: number
    /** the server process that is at it; null when none is */
    worker: string | null
    /** a server that is heard no more by then has lost the job to the others */
    lease_until: Instant | null
    /** {"code", "message"} of the newest failure, also of one that is tried again; null when there was none */
    error: any | null
    /** what the job was given; holds no secrets */
    input: any
    /** when the row was made */
    created_at: Instant
    /** when a server first took it */
    started_at: Instant | null
    /** when it was done, failed or cancelled */
    finished_at: Instant | null
  }
  /** the newest job of each kind and subject, and how the servers stand with it */
  queue_status: {
    /** the site, as in vibe.sites */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** what is done */
    kind: string | null
    /** with what, as in vibe.queue_jobs */
    subject: string | null
    /** number of the job, one row of numbers for all sites */
    job_id: number | null
    /** queued, running, done, failed, cancelled; retrying: failed and is tried again at run_at; paused: failed so often that the subject is left alone until then */
    state: string | null
    /** 0 to 100, known while it runs; null while nobody knows how much there is */
    progress: number | null
    /** failures since it last got on; see error for the newest */
    attempts: number | null
    /** when it begins, or tries again */
    run_at: Instant | null
    /** failed attempts in a row, over all jobs of the subject */
    failures: number | null
    /** until when the subject is left alone; null when it is not */
    paused_until: Instant | null
    /** {"code", "message"} of the newest failure since work last got on */
    error: any | null
    /** when the row was made */
    created_at: Instant | null
    /** when a server first took it */
    started_at: Instant | null
    /** when it was done, failed or cancelled */
    finished_at: Instant | null
  }
  /** vibe.retention() of each site for the new users of the last 30 days of its calendar, for BI tools; name the site in the where clause, or all of yours are counted */
  retention_by_day: {
    /** id of the site */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** first day of the period in which these users were first seen */
    cohort: Day | null
    /** users of the cohort */
    cohort_users: number | null
    /** 0 is the period of the cohort itself */
    period_number: number | null
    /** first day of the period that is counted */
    period_start: Day | null
    /** users of the cohort who were active in that period */
    users: number | null
    /** users / cohort_users, of 1; null for a cohort without users */
    share: number | null
    /** false while the period is not over */
    is_complete: boolean | null
  }
  /** vibe.retention() of each site for the new users of the last 12 months of its calendar, for BI tools; name the site in the where clause, or all of yours are counted */
  retention_by_month: {
    /** id of the site */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** first day of the period in which these users were first seen */
    cohort: Day | null
    /** users of the cohort */
    cohort_users: number | null
    /** 0 is the period of the cohort itself */
    period_number: number | null
    /** first day of the period that is counted */
    period_start: Day | null
    /** users of the cohort who were active in that period */
    users: number | null
    /** users / cohort_users, of 1; null for a cohort without users */
    share: number | null
    /** false while the period is not over */
    is_complete: boolean | null
  }
  /** vibe.retention() of each site for the new users of the last 12 weeks (from Monday) of its calendar, for BI tools; name the site in the where clause, or all of yours are counted */
  retention_by_week: {
    /** id of the site */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** first day of the period in which these users were first seen */
    cohort: Day | null
    /** users of the cohort */
    cohort_users: number | null
    /** 0 is the period of the cohort itself */
    period_number: number | null
    /** first day of the period that is counted */
    period_start: Day | null
    /** users of the cohort who were active in that period */
    users: number | null
    /** users / cohort_users, of 1; null for a cohort without users */
    share: number | null
    /** false while the period is not over */
    is_complete: boolean | null
  }
  /** what each site sold each month by category, from the items of orders and refunds in the site's currency */
  revenue_by_category: {
    /** the site, as in vibe.sites */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** first day of the month */
    month: Day | null
    /** null for items without one */
    category: string | null
    /** orders with an item of the category; an order may count in several */
    orders: number | null
    /** pieces sold less those that came back */
    quantity: number | null
    /** of the items, less refunds, in currency */
    revenue: number | null
    /** what amounts are in: three capital letters (ISO 4217) */
    currency: string | null
    /** of the revenue of all items of the month */
    share: number | null
  }
  /** what each site sold each day of its calendar; days without orders and refunds have no row */
  revenue_by_day: {
    /** the site, as in vibe.sites */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** day of the site's calendar */
    day: Day | null
    /** the instant at which the day begins, for time axes */
    day_start: Instant | null
    /** orders, neither refund nor cancelled, in any currency */
    orders: number | null
    /** refunds, in any currency */
    refunds: number | null
    /** different customers with an order on the day; guests are not counted */
    buyers: number | null
    /** orders less refunds of the day, in currency */
    revenue: number | null
    /** money given back on the day, in currency, above zero */
    refunded: number | null
    /** what amounts are in: three capital letters (ISO 4217) */
    currency: string | null
    /** orders in another currency, left out of revenue */
    foreign_orders: number | null
    /** per order in currency, before refunds; null without orders */
    average_order_value: number | null
  }
  /** what each site sold each month of its calendar, from its first to the running one, each compared with the month before */
  revenue_by_month: {
    /** the site, as in vibe.sites */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** first day of the month */
    month: Day | null
    /** the instant at which the month begins by the site's clock */
    range_start: Instant | null
    /** up to, not including; the last full hour in the running month */
    range_end: Instant | null
    /** orders, neither refund nor cancelled, in any currency */
    orders: number | null
    /** refunds, in any currency */
    refunds: number | null
    /** orders less refunds of the range, in currency */
    revenue: number | null
    /** money given back in the range, in currency, above zero */
    refunded: number | null
    /** what amounts are in: three capital letters (ISO 4217) */
    currency: string | null
    /** orders in another currency, left out of revenue */
    foreign_orders: number | null
    /** per order in currency, before refunds; null without orders */
    average_order_value: number | null
    /** "whole month", or "same elapsed part" in the running month: as many days and hours of the month before, or all of it where it is shorter */
    comparison: string | null
    /** the instant at which the month before begins */
    previous_range_start: Instant | null
    /** up to, not including; before the end of the month where only a part is compared */
    previous_range_end: Instant | null
    /** orders of the previous range */
    previous_orders: number | null
    /** orders less refunds of the previous range, in currency */
    previous_revenue: number | null
    /** share by which revenue is above (below zero: under) previous_revenue; null where that was zero */
    revenue_change: number | null
  }
  /** days whose orders were written since vibe.daily_revenue was counted, possibly many times */
  revenue_marks: {
    /** the site, as in vibe.sites */
    site_id: number
    /** day of the site's calendar */
    day: Day
  }
  /** recency, frequency and monetary value of the customers who ordered in a period; written by vibe.calculate_rfm() */
  rfm_analysis: {
    /** the site, as in vibe.sites */
    site_id: number
    /** the customer, as in vibe.customers */
    customer_id: number
    /** first day, by the site's clock */
    period_start: Day
    /** the day after the last one */
    period_end: Day
    /** the month as 2026-01, or first and last day as 2026-01-05..2026-02-04 */
    period: string
    /** days from the last order to period_end; 1 is the last day */
    recency: number
    /** orders; refunds and cancelled orders are none */
    frequency: number
    /** money of orders less refunds, of those in currency; negative where more was refunded */
    monetary: number
    /** the site's */
    currency: string
    /** orders in another currency: part of frequency, not of monetary */
    foreign_orders: number
    /** 1 to 5; 5 for the fifth of customers who ordered last */
    r_score: number
    /** 1 to 5; 5 for the fifth of customers with the most orders */
    f_score: number
    /** 1 to 5; 5 for the fifth of customers with the most money */
    m_score: number
    /** code of the cluster, see vibe.rfm_cluster_labels */
    cluster: string
    /** version of the map that made the cluster of the scores, see vibe.rfm_maps */
    map_version: number
    /** fewer than five customers, or a figure that is the same for all: that score could not be ranked and is 3 */
    small_n: boolean
    /** when the row last changed */
    calculated_at: Instant
  }
  /** the six RFM clusters: stable codes, what people call them, and the one colour each has in every chart */
  rfm_cluster_labels: {
    /** stable code, as functions and tables give it */
    cluster: string
    /** 6 for the best customers, 1 for the worst */
    worth: number
    /** name in English */
    label_en: string
    /** name in Portuguese */
    label_pt: string
    /** RGB, of the palette of Okabe and Ito (2008), which people with any kind of colour blindness can tell apart */
    color: string
  }
  /** size and worth of each RFM cluster per site and stored period */
  rfm_clusters: {
    /** the site */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** month as 2026-01, or first and last day */
    period: string | null
    /** first day */
    period_start: Day | null
    /** the day after the last one */
    period_end: Day | null
    /** stable code */
    cluster: string | null
    /** name in English */
    label: string | null
    /** name in Portuguese */
    label_pt: string | null
    /** RGB; the cluster's colour in every chart */
    color: string | null
    /** customers in the cluster */
    customers: number | null
    /** of the period's customers, 0 to 1 */
    share: number | null
    /** days from the last order to period_end, mean */
    average_recency: number | null
    /** orders of these customers in the period */
    orders: number | null
    /** money of these customers in the period, less refunds */
    monetary: number | null
    /** of monetary, the site's */
    currency: string | null
    /** version of the cluster map */
    map_version: number | null
  }
  /** the cluster of each of the 125 cells of scores, for each version of the map */
  rfm_map_cells: {
    /** of the map */
    version: number
    /** recency, 1 (worst) to 5 (best) */
    r_score: number
    /** frequency, 1 (worst) to 5 (best) */
    f_score: number
    /** monetary, 1 (worst) to 5 (best) */
    m_score: number
    /** code of the cluster */
    cluster: string
  }
  /** versions of the rule that makes a cluster of three scores; made by vibe.create_rfm_map(), never changed afterwards */
  rfm_maps: {
    /** counts from 1, the rule of vibe.rfm_cluster() */
    version: number
    /** the rule in words */
    description: string
    /** when the row was made */
    created_at: Instant
  }
  /** periods whose RFM was written since vibe.rfm_period_totals was counted, possibly many times */
  rfm_marks: {
    /** the site, as in vibe.sites */
    site_id: number
    /** first day, by the site's clock */
    period_start: Day
    /** the day after the last one */
    period_end: Day
  }
  /** sums of the RFM clusters of stored periods; read vibe.rfm_totals(), which is current */
  rfm_period_totals: {
    /** the site, as in vibe.sites */
    site_id: number
    /** first day, by the site's clock */
    period_start: Day
    /** the day after the last one */
    period_end: Day
    /** code of the cluster */
    cluster: string
    /** version of the map that made the clusters */
    map_version: number
    /** customers in the cluster */
    customers: number
    /** their orders */
    orders: number
    /** their money less refunds, in the site's currency */
    monetary: number
    /** their days of recency added up */
    recency: number
  }
  /** which version of the cluster map a site uses; without a row it is version 1 */
  rfm_settings: {
    /** the site, as in vibe.sites */
    site_id: number
    /** for periods that are not stored yet; set by vibe.use_rfm_map() */
    map_version: number
  }
  /** size and worth of each RFM cluster per site and stored calendar month, with the month's totals and the change against the whole month before; a running month is compared with nothing here, see vibe.rfm_month() */
  rfm_sizes_by_month: {
    /** the site */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** first day of the month */
    month: Day | null
    /** the month as 2026-01 */
    period: string | null
    /** false while the month is running, by the site's clock */
    is_complete: boolean | null
    /** stable code */
    cluster: string | null
    /** name of the cluster in English */
    label: string | null
    /** name of the cluster in Portuguese */
    label_pt: string | null
    /** RGB; the cluster's colour in every chart */
    color: string | null
    /** customers in the cluster */
    customers: number | null
    /** of the month's customers, 0 to 1 */
    share: number | null
    /** orders of these customers in the month */
    orders: number | null
    /** money of these customers in the month, less refunds */
    monetary: number | null
    /** of monetary, the site's */
    currency: string | null
    /** monetary per customer of the cluster */
    average_value: number | null
    /** customers of all clusters in the month */
    total_customers: number | null
    /** money of all clusters in the month */
    total_monetary: number | null
    /** total_monetary per customer */
    total_average_value: number | null
    /** customers in the month before; null if that is not stored */
    previous_total_customers: number | null
    /** customers in the cluster in the month before; null if that is not stored */
    previous_customers: number | null
    /** of the cluster, as a share of the month before; null if it had none */
    customers_change: number | null
    /** as a share of the month before */
    total_customers_change: number | null
    /** as a share of the month before */
    total_average_value_change: number | null
  }
  /** endpoints of the HTTP server and the functions of schema vibe that answer them */
  routes: {
    /** of HTTP, in capital letters */
    method: string
    /** path below the server's root; {name} is one segment, given to the function as that argument */
    path: string
    /** a function of schema vibe; it gets the path's, query's or body's values by argument name */
    function_name: string
    /** vibe_anon: anyone may call; else only who is signed in, and the function's grants decide */
    role: string
    /** JSON Schema of the answer of a function that returns json, for the description; null: the one among vibe_private.answer_schemas(), or what the signature says */
    answer: any | null
    /** statuses of success, for the description; empty: 200, or 204 where the function returns void */
    statuses: (number | null)[]
    /** a GET that may write: where an outside service sends browsers to, guarded by a state that serves once */
    writes: boolean
  }
  /** the table changes this database has seen, one row each */
  schema_version: {
    /** number of the change; 1 is the installation */
    version: number
    /** when it was made */
    installed_at: Instant
  }
  /** who has been in which segment from when to when; a subject that comes back gets another row; erased subjects are gone */
  segment_members: {
    /** the site, as in vibe.sites */
    site_id: number
    /** the segment, as in vibe.segments */
    segment_id: number
    /** customer_id or user_id, as the segment's subject says */
    subject_id: number
    /** the refresh that found the subject in the segment */
    entered_at: Instant
    /** the refresh that found it no longer there; null for members of now */
    left_at: Instant | null
  }
  /** the segments of each site and their sizes, for BI tools */
  segment_sizes: {
    /** the site */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** as in vibe.segments */
    segment_id: number | null
    /** name of the segment */
    segment: string | null
    /** rule, cluster or static */
    kind: string | null
    /** what its members are: customer or user */
    subject: string | null
    /** what marketing calls a cluster: Premium, Standard or Value; null for others */
    tier: string | null
    /** members at sized_at */
    size: number | null
    /** when the segment was last refreshed or its members changed */
    sized_at: Instant | null
    /** why the last nightly refresh failed; null when it did not */
    error: string | null
  }
  /** members of each segment at the end of each month of the site's calendar (the running month: now), and who entered and left in it; erased subjects are not counted */
  segment_sizes_by_month: {
    /** the site */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** as in vibe.segments */
    segment_id: number | null
    /** name of the segment */
    segment: string | null
    /** rule, cluster or static */
    kind: string | null
    /** what its members are: customer or user */
    subject: string | null
    /** first day of the month */
    month: Day | null
    /** entries in the month; who comes back enters again */
    entered: number | null
    /** exits in the month */
    departed: number | null
    /** members at the end of the month, or now */
    size: number | null
  }
  /** customers divided into k clusters by their features; each cluster is a row of vibe.segments */
  segmentations: {
    /** the site, as in vibe.sites */
    site_id: number
    /** the segmentation, as in vibe.segmentations */
    segmentation_id: number
    /** what people call it, unique within the site */
    name: string
    /** names of the features, in the order in which the model takes them */
    features: (string | null)[]
    /** number of clusters */
    k: number
    /** how the clusters were found, as given to the aggregate vibe.kmeans */
    options: any
    /** the centroids and what it takes to score another customer by them */
    model: { k: number | null; features: number | null; clusters: number | null; centroids: (number | null)[] | null; sizes: (number | null)[] | null; weights: (number | null)[] | null; inertia: number | null; iterations: number | null; converged: boolean | null; normalise: string | null; shift: (number | null)[] | null; scale: (number | null)[] | null; tolerance: number | null; max_iterations: number | null; start: string | null; seed: number | null; restarts: number | null; weighted: boolean | null; rows: number | null; rows_left_out: number | null } | null
    /** how many customers had all the features and were put into a cluster */
    scored: number | null
    /** when the row was calculated */
    calculated_at: Instant | null
  }
  /** named sets of customers or users: by a rule, by a cluster, or listed by hand */
  segments: {
    /** the site, as in vibe.sites */
    site_id: number
    /** the segment, as in vibe.segments */
    segment_id: number
    /** what people call the segment, unique within the site */
    name: string
    /** what it is for */
    description: string | null
    /** rule: who meets the criteria; cluster: one cluster of a segmentation; static: who was added by hand */
    kind: string
    /** what the members are: customers, or users (a person after merges) */
    subject: string
    /** the rule, as vibe.segment_schema() describes it */
    criteria: any | null
    /** the segmentation, as in vibe.segmentations */
    segmentation_id: number | null
    /** which cluster of the segmentation it is, from 1 */
    cluster_number: number | null
    /** what marketing calls a cluster: Premium, Standard or Value */
    tier: string | null
    /** members when the segment was last refreshed; null before the first time */
    size: number | null
    /** when the segment was last refreshed or its members changed */
    sized_at: Instant | null
    /** why the last nightly refresh failed; null when it did not */
    error: string | null
    /** when the row was made */
    created_at: Instant
  }
  /** visits, one row each, bots left out; as daily_stats counts them. Filter on started_at, which has an index */
  sessions: {
    /** the site, as in vibe.sites */
    site_id: number | null
    /** name of the site */
    site: string | null
    /** the visit, as in vibe.site_sessions */
    session_id: number | null
    /** who it was: the known user where the visitor was merged into one */
    user_id: number | null
    /** the anonymous id of the browser, before merges */
    visitor_id: number | null
    /** first event */
    started_at: Instant | null
    /** last event or heartbeat; a visit may still be running */
    ended_at: Instant | null
    /** started_at by the clocks of the site */
    local_time: Instant | null
    /** day of started_at in the site's calendar */
    day: Day | null
    /** from started_at to ended_at */
    session_seconds: number | null
    /** page views */
    page_views: number | null
    /** events other than page views; heartbeats are not events */
    events: number | null
    /** how long a page was in front and had the focus; 0 where the page sends no heartbeats */
    engaged_seconds: number | null
    /** at most one page view and no other event */
    is_bounce: boolean | null
    /** host of the first page */
    host: string | null
    /** path of the first page */
    entry_page: string | null
    /** what follows the ? in the address of the first page; null for nothing */
    entry_query: string | null
    /** path of the last page */
    exit_page: string | null
    /** the page of another site that led to the first page view; null for none */
    referrer: string | null
    /** domain of referrer without www; null when it is the site itself */
    referrer_domain: string | null
    /** how the visit came: direct, organic_search, paid_search, referral, email and so on, by the rules of vibe_private.channel() */
    channel: string | null
    /** campaign parameter of the first address of the visit */
    utm_source: string | null
    /** campaign parameter of the first address of the visit */
    utm_medium: string | null
    /** campaign parameter of the first address of the visit */
    utm_campaign: string | null
    /** campaign parameter of the first address of the visit */
    utm_term: string | null
    /** campaign parameter of the first address of the visit */
    utm_content: string | null
    /** desktop, mobile or tablet, by the user agent */
    device: string | null
    /** browser, by the user agent; other when unknown */
    browser: string | null
    /** operating system, by the user agent; other when unknown */
    os: string | null
  }
  /** who may see a site and how much they may do: a user of the server or a database login */
  site_members: {
    /** the site, as in vibe.sites */
    site_id: number
    /** number of the membership */
    member_id: number
    /** who signs in through the server; null for a database login */
    user_id: string | null
    /** name of a database role, which reads; null for a user of the server */
    login_name: string | null
    /** viewer reads, member also writes, owner also changes members and settings */
    role: string
    /** when the row was made */
    created_at: Instant
  }
  /** visits, running and past: they end after 30 minutes of silence or at 24 hours */
  site_sessions: {
    /** the site, as in vibe.sites */
    site_id: number
    /** number of the visit */
    session_id: number
    /** the visitor's own id, before any merge */
    user_id: number
    /** first event */
    started_at: Instant
    /** last event or heartbeat */
    last_seen_at: Instant
    /** page views */
    page_views: number
    /** events other than page views; heartbeats are not events */
    events: number
    /** how long a page was in front and had the focus, by its heartbeats; at most a day */
    engaged_seconds: number
    /** host of the first page */
    host: string | null
    /** path of the first page */
    entry_page: string | null
    /** what follows the ? in the address of the first page; null for nothing */
    entry_query: string | null
    /** path of the last page */
    exit_page: string | null
    /** the page of another site that led to the first page view; null for none */
    referrer: string | null
    /** domain of referrer without www; null when it is the site itself */
    referrer_domain: string | null
    /** how the visit came: direct, organic_search, paid_search, referral, email and so on, by the rules of vibe_private.channel() */
    channel: string | null
    /** campaign parameter of the first address of the visit */
    utm_source: string | null
    /** campaign parameter of the first address of the visit */
    utm_medium: string | null
    /** campaign parameter of the first address of the visit */
    utm_campaign: string | null
    /** campaign parameter of the first address of the visit */
    utm_term: string | null
    /** campaign parameter of the first address of the visit */
    utm_content: string | null
    /** ids that advertising networks put into the first address, such as {"gclid": "…"}; null for none */
    click_ids: any | null
    /** desktop, mobile or tablet, by the user agent */
    device: string | null
    /** browser, by the user agent; other when unknown */
    browser: string | null
    /** operating system, by the user agent; other when unknown */
    os: string | null
    /** what the browser calls itself */
    user_agent: string | null
    /** a program and no person, by the user agent */
    is_bot: boolean
    /** why the visit is taken for a program's; one strong or two weak signs make is_bot */
    bot_reasons: (string | null)[] | null
  }
  /** visitors of a site, one row per browser; a person is coalesce(merged_into, user_id) */
  site_users: {
    /** the site, as in vibe.sites */
    site_id: number
    /** number of the visitor */
    user_id: number
    /** the id the tracker made */
    anonymous_id: string
    /** the shop's own id of the user, once known */
    external_id: string | null
    /** of the person, by identify or by staff */
    name: string | null
    /** e-mail address */
    email: string | null
    /** what is known about the user beyond name and email */
    traits: any
    /** name, email or trait keys that staff or a CRM wrote; an unverified identify leaves these alone */
    verified_fields: (string | null)[]
    /** the customer that this visitor is, once known */
    customer_id: number | null
    /** set by staff or programs; shown in lists */
    segment: string | null
    /** first event, by the server's clock */
    first_seen_at: Instant
    /** exact to five minutes; the session has the exact time */
    last_seen_at: Instant
    /** the known user this visitor turned out to be; always one step, events keep the visitor's own id */
    merged_into: number | null
  }
  /** the tenants: one row per website or shop */
  sites: {
    /** number of the site */
    site_id: number
    /** what functions and people call the site; not digits alone */
    name: string
    /** where the site is; told, not checked */
    domain: string | null
    /** IANA name; the site's days begin at its local midnight */
    time_zone: string
    /** what the site reckons in: three capital letters (ISO 4217) */
    currency: string
    /** public site key that the tracker sends; it lets write events and nothing else */
    key: string
    /** origins whose pages may send events, as https://shop.example; empty means any */
    allowed_origins: (string | null)[]
    /** events older than this are removed by the nightly work (30 or more); null keeps them for ever. Daily figures stay */
    keep_events_days: number | null
    /** the first day whose events are all there; null while none were removed */
    events_from: Day | null
    /** when the row was made */
    created_at: Instant
  }
  /** what sources delivered and what became of it, without the content */
  source_deliveries: {
    /** the site, as in vibe.sites */
    site_id: number
    /** number of the delivery, in the order in which they came; what the sender calls it is in the headers and may repeat */
    delivery_id: number
    /** the source, as in vibe.sources */
    source_id: number
    /** what the sender says it is about: order.updated, contact.upserted … */
    topic: string
    /** what it is about, by the source's number; null until it was read */
    external_id: string | null
    /** when it came */
    received_at: Instant
    /** the version that it tells: when the source changed it last; null until it was read */
    modified_at: Instant | null
    /** of the content: a repeat has the same */
    sha256: string
    /** bytes of the content */
    size: number
    /** new: waits; applied; ignored: nothing new or nothing for us, error says why; failed: error says why, vibe.reapply_deliveries() tries again */
    status: string
    /** how often it was tried */
    attempts: number
    /** why it failed or was ignored */
    error: string | null
    /** when the status was settled */
    applied_at: Instant | null
    /** whom it is about, where that is a customer */
    customer_id: number | null
  }
  /** how each source has fared; read vibe.source_status */
  source_states: {
    /** the site, as in vibe.sites */
    site_id: number
    /** the source, as in vibe.sources */
    source_id: number
    /** when it last answered, or a delivery of it was applied */
    last_success_at: Instant | null
    /** first success since the last error */
    ok_since: Instant | null
    /** when asking it last failed */
    last_error_at: Instant | null
    /** why */
    last_error: string | null
    /** first error since the last success; null while all is well */
    error_since: Instant | null
    /** deliveries applied until now */
    applied: number
    /** deliveries that had nothing new or nothing for us */
    ignored: number
    /** where the next import begins, in the source's own terms */
    cursor: any
  }
  /** how each source of a site fares */
  source_status: {
    /** the site, as in vibe.sites */
    site_id: number | null
    /** the source, as in vibe.sources */
    source_id: number | null
    /** woocommerce, bling, crm or ai_model */
    kind: string | null
    /** what people call it; unique for its site and kind */
    name: string | null
    /** ok; error: the last try failed; stale: no success for longer than expected; never: connected, nothing has come yet; off: disconnected */
    status: string | null
    /** when the status began to be so */
    since: Instant | null
    /** when it last answered, or a delivery of it was applied */
    last_success_at: Instant | null
    /** when asking it last failed */
    last_error_at: Instant | null
    /** why */
    last_error: string | null
    /** age of the oldest delivery that waits to be applied; null when none waits */
    lag: Interval | null
    /** deliveries kept: applied, ignored, waiting and failed */
    received: number | null
    /** deliveries whose content is in the tables */
    applied: number | null
    /** deliveries that had nothing new or nothing for us */
    ignored: number | null
    /** deliveries that were not yet tried */
    waiting: number | null
    /** deliveries that could not be applied; vibe.source_deliveries says why */
    failed: number | null
  }
  /** shops, ERPs, CRMs and models whose data a site takes in; written by vibe.connect_… and vibe.disconnect_source() */
  sources: {
    /** the site, as in vibe.sites */
    site_id: number
    /** number of the source */
    source_id: number
    /** woocommerce, bling, crm or ai_model */
    kind: string
    /** what people call it; unique for its site and kind */
    name: string
    /** where it is asked, without a slash at the end; null if it only sends */
    base_url: string | null
    /** stands before its numbers of orders and customers, so that two sources cannot mean the same; empty for the first of a site */
    id_prefix: string
    /** what is special about it and no secret, such as {"adapter": "twenty"} */
    settings: any
    /** a last success older than this makes it stale; null: it is never expected */
    stale_after: Interval | null
    /** false once disconnected: nothing is taken in or asked */
    is_active: boolean
    /** when it was connected or disconnected last */
    changed_at: Instant
    /** when the row was made */
    created_at: Instant
  }
  /** how many of each article there are, and how long that lasts at the pace of the last 30 days */
  stock_levels: {
    /** the site, as in vibe.sites */
    site_id: number | null
    /** name of the source that told */
    source: string | null
    /** the source that told, as in vibe.sources */
    source_id: number | null
    /** number of the article at the source, as in vibe.purchase_items */
    product_id: string | null
    /** what the shop calls the article (SKU) */
    code: string | null
    /** name of the article */
    name: string | null
    /** of one piece, in currency */
    price: number | null
    /** what amounts are in: three capital letters (ISO 4217) */
    currency: string | null
    /** pieces that can be sold: those there are less those reserved */
    stock: number | null
    /** pieces on the shelves of all depots */
    physical_stock: number | null
    /** when the stock was read from the source; null before */
    stock_read_at: Instant | null
    /** the stock was read longer ago than the source is expected to be silent, or never */
    is_stale: boolean | null
    /** pieces sold in the last 30 days through the same source, less those that came back */
    sold_30_days: number | null
    /** days until stock is sold at that pace; null where none was sold or the stock is unknown */
    days_left: number | null
  }
  /** visitors, visits and page views of each day, those imported from another tool's daily figures included; for charts that reach back before our own events */
  traffic_by_day: {
    /** name of the site */
    site: string | null
    /** the site, as in vibe.sites */
    site_id: number | null
    /** day of the site's calendar */
    day: Day | null
    /** the instant at which the day begins */
    day_start: Instant | null
    /** who counted the day: vibe or the tool it was imported from */
    source: string | null
    /** different visitors (anonymous ids) of the day */
    visitors: number | null
    /** visits begun on the day */
    sessions: number | null
    /** page views */
    page_views: number | null
    /** share of visits with at most one page view and no other event, 0 to 1; null without visits */
    bounce_rate: number | null
    /** mean length of the visits; null without visits */
    average_session_seconds: number | null
  }
  /** orders and refunds that count, dated by the calendar of their site; sum(amount) is revenue in one currency */
  transactions: {
    /** the site, as in vibe.sites */
    site_id: number | null
    /** purchase_id of vibe.purchases */
    transaction_id: number | null
    /** the customer, as in vibe.customers */
    customer_id: number | null
    /** day of purchased_at in the site's calendar */
    date: Day | null
    /** order total in currency, never negative; a refund is a row of its own with a total of zero or less */
    amount: number | null
    /** what amounts are in: three capital letters (ISO 4217) */
    currency: string | null
    /** money given back: counts in revenue, not as an order */
    is_refund: boolean | null
    /** when it was ordered or given back */
    purchased_at: Instant | null
    /** the shop's own order number */
    order_id: string | null
    /** where it was sold, as the shop calls it: web, store, marketplace … */
    channel: string | null
  }
  /** which visitor was active on which day of the site's calendar; outlives the events, loses erased visitors; bots are left out */
  user_days: {
    /** the site, as in vibe.sites */
    site_id: number
    /** day of the site's calendar */
    day: Day
    /** the visitor at the time of the event; read merges through vibe.site_users.merged_into */
    user_id: number
    /** page views */
    page_views: number
    /** events other than page views */
    events: number
    /** receipt of the last event that is counted */
    last_received_at: Instant
  }
  /** everything visitors did, append-only, in monthly partitions by occurred_at (UTC months) */
  user_events: {
    /** when it happened by the server's clock, whatever the visitor's clock says */
    occurred_at: Instant
    /** when it arrived */
    received_at: Instant
    /** the visitor's own id, before any merge */
    user_id: number
    /** the visit, as in vibe.site_sessions */
    session_id: number | null
    /** the site, as in vibe.sites */
    site_id: number
    /** made by the sender; a repeat within 8 days is dropped. In no index: the ledger knows them */
    event_id: string
    /** a program and no person, by the user agent */
    is_bot: boolean
    /** page_view, or a name that the site chose */
    event_name: string
    /** path of the address of the page */
    page: string | null
    /** what follows the ? in the address of the page; null for nothing. The visit has its host */
    query: string | null
    /** title of the page */
    title: string | null
    /** the address on another site that the page was opened from; null for none */
    referrer: string | null
    /** what the sender said about the event: a JSON object */
    properties: any
  }
  /** history of identity: which visitor became which known user, when and by which identify */
  user_merges: {
    /** the site, as in vibe.sites */
    site_id: number
    /** number of the merge */
    merge_id: number
    /** the visitor who was merged */
    user_id: number
    /** the known user they turned out to be */
    into_user_id: number
    /** the identify that said so; null when staff did */
    event_id: string | null
    /** when it was done */
    merged_at: Instant
    /** when vibe.undo_merge() took it back; null while it holds */
    undone_at: Instant | null
  }
  /** anonymous ids that are not bots, each with the user it belongs to after merges */
  visitors: {
    /** the site, as in vibe.sites */
    site_id: number | null
    /** the anonymous id of one browser */
    visitor_id: number | null
    /** the person: the known user where the visitor was merged into one */
    user_id: number | null
    /** first event of the visitor */
    first_seen_at: Instant | null
    /** last event of the visitor, exact to five minutes */
    last_seen_at: Instant | null
  }
}
