-- The answers that functions make as JSON: no signature says what is in them. Written by Tests/e2e/test_openapi.py from the
-- schemas that the tests of these answers hold them to.
create function vibe_private.answer_schemas() returns jsonb
language sql immutable
return $json${
  "GET /api/v1/analytics": {
    "type": "object",
    "required": [
      "site_id",
      "currency",
      "time_zone",
      "as_of",
      "range",
      "compare",
      "currentMonth",
      "previousMonth",
      "revenue",
      "customers",
      "sources",
      "kpis",
      "trends",
      "clusters"
    ],
    "properties": {
      "site_id": {"type": "integer"},
      "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
      "time_zone": {"type": "string"},
      "as_of": {"type": "string", "format": "date-time", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"},
      "range": {
        "type": "object",
        "required": ["start_date", "end_date", "starts_at", "ends_at", "is_partial"],
        "properties": {
          "start_date": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
          "end_date": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
          "starts_at": {"type": "string", "format": "date-time", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"},
          "ends_at": {"type": "string", "format": "date-time", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"},
          "is_partial": {"type": "boolean"}
        },
        "additionalProperties": false
      },
      "compare": {
        "type": "object",
        "required": ["mode", "starts_at", "ends_at"],
        "properties": {
          "mode": {"type": "string", "enum": ["same_elapsed", "full_month", "pro_rata", "none"]},
          "starts_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
          },
          "ends_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
          }
        },
        "additionalProperties": false
      },
      "currentMonth": {
        "type": "object",
        "required": [
          "month",
          "receita",
          "revenue",
          "pedidos",
          "orders",
          "clientes",
          "customers",
          "average_order_value",
          "starts_at",
          "ends_at",
          "change",
          "is_partial"
        ],
        "properties": {
          "month": {"type": "string", "pattern": "^\\d{4}-\\d{2}$"},
          "receita": {"type": "number"},
          "revenue": {"type": "number"},
          "pedidos": {"type": "number", "minimum": 0},
          "orders": {"type": "number", "minimum": 0},
          "clientes": {"type": "number", "minimum": 0},
          "customers": {"type": "number", "minimum": 0},
          "average_order_value": {"type": ["number", "null"]},
          "starts_at": {"type": "string", "format": "date-time", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"},
          "ends_at": {"type": "string", "format": "date-time", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"},
          "change": {"type": ["number", "null"]},
          "is_partial": {"type": "boolean"}
        },
        "additionalProperties": false
      },
      "previousMonth": {
        "type": ["object", "null"],
        "required": ["month", "receita", "revenue", "pedidos", "orders", "clientes", "customers", "average_order_value", "starts_at", "ends_at"],
        "properties": {
          "month": {"type": "string", "pattern": "^\\d{4}-\\d{2}$"},
          "receita": {"type": "number"},
          "revenue": {"type": "number"},
          "pedidos": {"type": "number", "minimum": 0},
          "orders": {"type": "number", "minimum": 0},
          "clientes": {"type": "number", "minimum": 0},
          "customers": {"type": "number", "minimum": 0},
          "average_order_value": {"type": ["number", "null"]},
          "starts_at": {"type": "string", "format": "date-time", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"},
          "ends_at": {"type": "string", "format": "date-time", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"}
        },
        "additionalProperties": false
      },
      "revenue": {
        "type": "object",
        "required": ["total", "previous", "change", "orders", "average_order_value"],
        "properties": {
          "total": {"type": "number"},
          "previous": {"type": ["number", "null"]},
          "change": {"type": ["number", "null"]},
          "orders": {"type": "integer", "minimum": 0},
          "average_order_value": {"type": ["number", "null"]}
        },
        "additionalProperties": false
      },
      "customers": {
        "type": "object",
        "required": ["total", "previous", "change", "new", "repeat_rate"],
        "properties": {
          "total": {"type": "integer", "minimum": 0},
          "previous": {"type": ["number", "null"]},
          "change": {"type": ["number", "null"]},
          "new": {"type": "integer", "minimum": 0},
          "repeat_rate": {"type": ["number", "null"], "minimum": 0, "maximum": 1}
        },
        "additionalProperties": false
      },
      "sources": {
        "type": "object",
        "required": ["wordpress", "bling", "crm"],
        "properties": {
          "wordpress": {
            "type": "object",
            "required": ["value", "orders", "status", "since", "code", "last_success_at"],
            "properties": {
              "value": {"type": ["number", "null"]},
              "orders": {"type": ["integer", "null"], "minimum": 0},
              "status": {"type": "string", "enum": ["ok", "stale", "error", "never", "off"]},
              "since": {
                "type": ["string", "null"],
                "format": "date-time",
                "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
              },
              "code": {"type": ["string", "null"]},
              "last_success_at": {
                "type": ["string", "null"],
                "format": "date-time",
                "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
              }
            },
            "additionalProperties": false,
            "if": {"properties": {"status": {"const": "ok"}}},
            "then": {"properties": {"value": {"type": "number"}, "code": {"type": "null"}}},
            "else": {"properties": {"value": {"type": "null"}, "orders": {"type": "null"}, "code": {"type": "string"}}}
          },
          "bling": {
            "type": "object",
            "required": ["value", "orders", "status", "since", "code", "last_success_at"],
            "properties": {
              "value": {"type": ["number", "null"]},
              "orders": {"type": ["integer", "null"], "minimum": 0},
              "status": {"type": "string", "enum": ["ok", "stale", "error", "never", "off"]},
              "since": {
                "type": ["string", "null"],
                "format": "date-time",
                "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
              },
              "code": {"type": ["string", "null"]},
              "last_success_at": {
                "type": ["string", "null"],
                "format": "date-time",
                "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
              }
            },
            "additionalProperties": false,
            "if": {"properties": {"status": {"const": "ok"}}},
            "then": {"properties": {"value": {"type": "number"}, "code": {"type": "null"}}},
            "else": {"properties": {"value": {"type": "null"}, "orders": {"type": "null"}, "code": {"type": "string"}}}
          },
          "crm": {
            "type": "object",
            "required": ["value", "orders", "status", "since", "code", "last_success_at"],
            "properties": {
              "value": {"type": ["number", "null"]},
              "orders": {"type": ["integer", "null"], "minimum": 0},
              "status": {"type": "string", "enum": ["ok", "stale", "error", "never", "off"]},
              "since": {
                "type": ["string", "null"],
                "format": "date-time",
                "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
              },
              "code": {"type": ["string", "null"]},
              "last_success_at": {
                "type": ["string", "null"],
                "format": "date-time",
                "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
              }
            },
            "additionalProperties": false,
            "if": {"properties": {"status": {"const": "ok"}}},
            "then": {"properties": {"value": {"type": "number"}, "code": {"type": "null"}}},
            "else": {"properties": {"value": {"type": "null"}, "orders": {"type": "null"}, "code": {"type": "string"}}}
          }
        },
        "additionalProperties": false
      },
      "kpis": {
        "type": "array",
        "items": {
          "type": "object",
          "required": [
            "metric",
            "value",
            "previous",
            "change",
            "range_start",
            "range_end",
            "previous_start",
            "previous_end",
            "is_partial",
            "format",
            "better"
          ],
          "properties": {
            "metric": {
              "type": "string",
              "enum": ["revenue", "orders", "customers", "new_customers", "average_order_value", "repeat_rate", "active_users", "conversion_rate"]
            },
            "value": {"type": ["number", "null"]},
            "previous": {"type": ["number", "null"]},
            "change": {"type": ["number", "null"]},
            "range_start": {
              "type": "string",
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            },
            "range_end": {
              "type": "string",
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            },
            "previous_start": {
              "type": ["string", "null"],
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            },
            "previous_end": {
              "type": ["string", "null"],
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            },
            "is_partial": {"type": "boolean"},
            "format": {"type": "string", "enum": ["money", "integer", "rate"]},
            "better": {"type": "string", "enum": ["up", "down"]}
          },
          "additionalProperties": false
        },
        "minItems": 8,
        "maxItems": 8
      },
      "trends": {
        "type": "object",
        "required": ["revenue", "orders", "customers"],
        "properties": {
          "revenue": {
            "type": "array",
            "items": {
              "type": "object",
              "required": ["starts_at", "value", "previous", "is_partial"],
              "properties": {
                "starts_at": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
                "value": {"type": ["number", "null"]},
                "previous": {"type": ["number", "null"]},
                "is_partial": {"type": "boolean"}
              },
              "additionalProperties": false
            },
            "minItems": 1
          },
          "orders": {
            "type": "array",
            "items": {
              "type": "object",
              "required": ["starts_at", "value", "previous", "is_partial"],
              "properties": {
                "starts_at": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
                "value": {"type": ["number", "null"]},
                "previous": {"type": ["number", "null"]},
                "is_partial": {"type": "boolean"}
              },
              "additionalProperties": false
            },
            "minItems": 1
          },
          "customers": {
            "type": "array",
            "items": {
              "type": "object",
              "required": ["starts_at", "value", "previous", "is_partial"],
              "properties": {
                "starts_at": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
                "value": {"type": ["number", "null"]},
                "previous": {"type": ["number", "null"]},
                "is_partial": {"type": "boolean"}
              },
              "additionalProperties": false
            },
            "minItems": 1
          }
        },
        "additionalProperties": false
      },
      "clusters": {
        "type": "array",
        "items": {
          "type": "object",
          "required": ["cluster", "label", "color", "customers", "share", "revenue", "average_value", "previous_customers", "customers_change"],
          "properties": {
            "cluster": {"type": "string", "enum": ["champions", "loyal", "opportunists", "at_risk", "hibernating", "lost"]},
            "label": {"type": "string"},
            "color": {"type": "string", "pattern": "^#[0-9A-F]{6}$"},
            "customers": {"type": "integer", "minimum": 0},
            "share": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
            "revenue": {"type": "number"},
            "average_value": {"type": ["number", "null"]},
            "previous_customers": {"type": ["integer", "null"], "minimum": 0},
            "customers_change": {"type": ["number", "null"]}
          },
          "additionalProperties": false
        },
        "minItems": 6,
        "maxItems": 6
      }
    },
    "additionalProperties": false
  },
  "GET /api/v1/campaigns/{campaign_id}": {
    "type": "object",
    "properties": {
      "campaign_id": {"type": "integer", "minimum": 1},
      "site": {"type": "string"},
      "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
      "name": {"type": "string"},
      "type": {"type": "string"},
      "status": {"enum": ["draft", "active", "paused", "completed", "archived"]},
      "target_segment": {"type": ["string", "null"]},
      "budget": {"type": ["number", "null"], "minimum": 0},
      "start_date": {"type": ["string", "null"], "format": "date"},
      "end_date": {"type": ["string", "null"], "format": "date"},
      "utm_campaign": {"type": ["string", "null"]},
      "utm_source": {"type": ["string", "null"]},
      "utm_medium": {"type": ["string", "null"]},
      "external_id": {"type": ["string", "null"]},
      "created_at": {"type": "string", "format": "date-time"}
    },
    "required": [
      "campaign_id",
      "site",
      "currency",
      "name",
      "type",
      "status",
      "target_segment",
      "budget",
      "start_date",
      "end_date",
      "utm_campaign",
      "utm_source",
      "utm_medium",
      "external_id",
      "created_at"
    ],
    "additionalProperties": false
  },
  "GET /api/v1/campaigns/attribution": {
    "type": "array",
    "items": {
      "type": "object",
      "properties": {
        "campaign_id": {"type": "integer", "minimum": 1},
        "name": {"type": "string"},
        "orders": {"type": "number", "minimum": 0},
        "customers": {"type": "integer", "minimum": 0},
        "revenue": {"type": "number", "minimum": 0}
      },
      "required": ["campaign_id", "name", "orders", "customers", "revenue"],
      "additionalProperties": false
    }
  },
  "GET /api/v1/campaigns/{campaign_id}/days": {
    "type": "array",
    "items": {
      "type": "object",
      "properties": {
        "date": {"type": "string", "format": "date"},
        "total_events": {"type": "integer", "minimum": 0},
        "impressions": {"type": "integer", "minimum": 0},
        "clicks": {"type": "integer", "minimum": 0},
        "conversions": {"type": "number", "minimum": 0},
        "revenue": {"type": "number", "minimum": 0},
        "cost": {"type": "number", "minimum": 0},
        "ctr": {"type": ["number", "null"], "minimum": 0},
        "cpc": {"type": ["number", "null"], "minimum": 0},
        "roas": {"type": ["number", "null"], "minimum": 0},
        "conversion_rate": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
        "exposed": {"type": "integer", "minimum": 0},
        "converted": {"type": "integer", "minimum": 0},
        "event_conversion_rate": {"type": ["number", "null"], "minimum": 0, "maximum": 1}
      },
      "required": [
        "date",
        "total_events",
        "impressions",
        "clicks",
        "conversions",
        "revenue",
        "cost",
        "ctr",
        "cpc",
        "roas",
        "conversion_rate",
        "exposed",
        "converted",
        "event_conversion_rate"
      ],
      "additionalProperties": false
    }
  },
  "GET /api/v1/campaigns/{campaign_id}/events": {
    "type": "array",
    "items": {
      "type": "object",
      "properties": {
        "campaign_event_id": {"type": "integer"},
        "event_type": {"type": "string"},
        "occurred_at": {"type": "string", "format": "date-time"},
        "customer_id": {"type": ["integer", "null"]},
        "customer": {"type": ["string", "null"]},
        "user_id": {"type": ["integer", "null"]},
        "order_id": {"type": ["string", "null"]},
        "value": {"type": ["number", "null"], "minimum": 0},
        "cost": {"type": ["number", "null"], "minimum": 0},
        "metadata": {"type": "object"}
      },
      "required": ["campaign_event_id", "event_type", "occurred_at", "customer_id", "customer", "user_id", "order_id", "value", "cost", "metadata"],
      "additionalProperties": false
    }
  },
  "GET /api/v1/campaigns/{campaign_id}/performance": {
    "type": "object",
    "properties": {
      "total_events": {"type": "integer", "minimum": 0},
      "impressions": {"type": "integer", "minimum": 0},
      "clicks": {"type": "integer", "minimum": 0},
      "conversions": {"type": "number", "minimum": 0},
      "revenue": {"type": "number", "minimum": 0},
      "cost": {"type": "number", "minimum": 0},
      "ctr": {"type": ["number", "null"], "minimum": 0},
      "cpc": {"type": ["number", "null"], "minimum": 0},
      "roas": {"type": ["number", "null"], "minimum": 0},
      "conversion_rate": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
      "exposed": {"type": "integer", "minimum": 0},
      "converted": {"type": "integer", "minimum": 0},
      "event_conversion_rate": {"type": ["number", "null"], "minimum": 0, "maximum": 1}
    },
    "required": [
      "total_events",
      "impressions",
      "clicks",
      "conversions",
      "revenue",
      "cost",
      "ctr",
      "cpc",
      "roas",
      "conversion_rate",
      "exposed",
      "converted",
      "event_conversion_rate"
    ],
    "additionalProperties": false
  },
  "GET /api/v1/campaigns": {
    "type": "array",
    "items": {
      "type": "object",
      "properties": {
        "campaign_id": {"type": "integer", "minimum": 1},
        "name": {"type": "string"},
        "type": {"type": "string"},
        "status": {"enum": ["draft", "active", "paused", "completed", "archived"]},
        "target_segment": {"type": ["string", "null"]},
        "budget": {"type": ["number", "null"], "minimum": 0},
        "start_date": {"type": ["string", "null"], "format": "date"},
        "end_date": {"type": ["string", "null"], "format": "date"},
        "total_events": {"type": "integer", "minimum": 0},
        "impressions": {"type": "integer", "minimum": 0},
        "clicks": {"type": "integer", "minimum": 0},
        "conversions": {"type": "number", "minimum": 0},
        "revenue": {"type": "number", "minimum": 0},
        "cost": {"type": "number", "minimum": 0},
        "ctr": {"type": ["number", "null"], "minimum": 0},
        "cpc": {"type": ["number", "null"], "minimum": 0},
        "roas": {"type": ["number", "null"], "minimum": 0},
        "conversion_rate": {"type": ["number", "null"], "minimum": 0, "maximum": 1}
      },
      "required": [
        "campaign_id",
        "name",
        "type",
        "status",
        "target_segment",
        "budget",
        "start_date",
        "end_date",
        "total_events",
        "impressions",
        "clicks",
        "conversions",
        "revenue",
        "cost",
        "ctr",
        "cpc",
        "roas",
        "conversion_rate"
      ],
      "additionalProperties": false
    }
  },
  "GET /api/v1/customers/{id}": {
    "type": "object",
    "required": [
      "site_id",
      "customer_id",
      "external_id",
      "name",
      "email",
      "birth_date",
      "gender",
      "location",
      "income_range",
      "registered_at",
      "created_at",
      "currency",
      "order_count",
      "total_spent",
      "foreign_orders",
      "average_order_value",
      "purchase_frequency",
      "first_purchase_at",
      "last_purchase_at",
      "preferred_category",
      "rfm",
      "purchases",
      "segments",
      "users"
    ],
    "properties": {
      "site_id": {"type": "integer"},
      "customer_id": {"type": "integer"},
      "external_id": {"type": ["string", "null"]},
      "name": {"type": ["string", "null"]},
      "email": {"type": ["string", "null"]},
      "birth_date": {"type": ["string", "null"], "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
      "gender": {"type": ["string", "null"]},
      "location": {"type": ["string", "null"]},
      "income_range": {"type": ["string", "null"]},
      "registered_at": {
        "type": ["string", "null"],
        "format": "date-time",
        "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
      },
      "created_at": {"type": "string", "format": "date-time", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"},
      "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
      "order_count": {"type": "integer", "minimum": 0},
      "total_spent": {"type": "number"},
      "foreign_orders": {"type": "integer", "minimum": 0},
      "average_order_value": {"type": ["number", "null"]},
      "purchase_frequency": {"type": ["number", "null"]},
      "first_purchase_at": {
        "type": ["string", "null"],
        "format": "date-time",
        "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
      },
      "last_purchase_at": {
        "type": ["string", "null"],
        "format": "date-time",
        "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
      },
      "preferred_category": {"type": ["string", "null"]},
      "rfm": {
        "type": "array",
        "items": {
          "type": "object",
          "required": [
            "period",
            "period_start",
            "period_end",
            "cluster",
            "label_en",
            "label_pt",
            "color",
            "recency",
            "frequency",
            "monetary",
            "currency",
            "r_score",
            "f_score",
            "m_score"
          ],
          "properties": {
            "period": {"type": "string"},
            "period_start": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
            "period_end": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
            "cluster": {"type": "string", "enum": ["champions", "loyal", "opportunists", "at_risk", "hibernating", "lost"]},
            "label_en": {"type": "string"},
            "label_pt": {"type": "string"},
            "color": {"type": "string", "pattern": "^#[0-9A-F]{6}$"},
            "recency": {"type": "integer"},
            "frequency": {"type": "integer", "minimum": 0},
            "monetary": {"type": "number"},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            "r_score": {"type": "integer", "minimum": 1, "maximum": 5},
            "f_score": {"type": "integer", "minimum": 1, "maximum": 5},
            "m_score": {"type": "integer", "minimum": 1, "maximum": 5}
          },
          "additionalProperties": false
        }
      },
      "purchases": {
        "type": "array",
        "items": {
          "type": "object",
          "required": ["purchase_id", "external_id", "purchased_at", "amount", "currency", "item_count", "channel", "is_refund", "is_cancelled"],
          "properties": {
            "purchase_id": {"type": "integer"},
            "external_id": {"type": "string"},
            "purchased_at": {
              "type": "string",
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            },
            "amount": {"type": "number"},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            "item_count": {"type": ["integer", "null"], "minimum": 0},
            "channel": {"type": ["string", "null"]},
            "is_refund": {"type": "boolean"},
            "is_cancelled": {"type": "boolean"}
          },
          "additionalProperties": false
        },
        "maxItems": 50
      },
      "segments": {
        "type": "array",
        "items": {
          "type": "object",
          "required": ["segment_id", "name", "kind", "entered_at"],
          "properties": {
            "segment_id": {"type": "integer"},
            "name": {"type": "string"},
            "kind": {"type": "string"},
            "entered_at": {
              "type": "string",
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            }
          },
          "additionalProperties": false
        }
      },
      "users": {
        "type": "array",
        "items": {
          "type": "object",
          "required": ["user_id", "first_seen_at", "last_seen_at"],
          "properties": {
            "user_id": {"type": "integer"},
            "first_seen_at": {
              "type": "string",
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            },
            "last_seen_at": {
              "type": "string",
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            }
          },
          "additionalProperties": false
        }
      }
    },
    "additionalProperties": false
  },
  "GET /api/v1/customers": {
    "type": "object",
    "required": [
      "site_id",
      "currency",
      "time_zone",
      "as_of",
      "month",
      "is_partial",
      "total",
      "revenue",
      "average_value",
      "previous",
      "change",
      "distribution",
      "matches",
      "page",
      "limit",
      "pages",
      "customers"
    ],
    "properties": {
      "site_id": {"type": "integer"},
      "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
      "time_zone": {"type": "string"},
      "as_of": {"type": "string", "format": "date-time", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"},
      "month": {"type": "string", "pattern": "^\\d{4}-\\d{2}$"},
      "is_partial": {"type": "boolean"},
      "total": {"type": "integer", "minimum": 0},
      "revenue": {"type": "number"},
      "average_value": {"type": ["number", "null"]},
      "previous": {
        "type": ["object", "null"],
        "required": ["month", "start_date", "end_date", "total", "revenue", "average_value"],
        "properties": {
          "month": {"type": "string", "pattern": "^\\d{4}-\\d{2}$"},
          "start_date": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
          "end_date": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
          "total": {"type": "integer", "minimum": 0},
          "revenue": {"type": "number"},
          "average_value": {"type": ["number", "null"]}
        },
        "additionalProperties": false
      },
      "change": {
        "type": "object",
        "required": ["total", "revenue", "average_value"],
        "properties": {"total": {"type": ["number", "null"]}, "revenue": {"type": ["number", "null"]}, "average_value": {"type": ["number", "null"]}},
        "additionalProperties": false
      },
      "distribution": {
        "type": "array",
        "items": {
          "type": "object",
          "required": ["cluster", "label", "value", "color"],
          "properties": {
            "cluster": {"type": "string", "enum": ["champions", "loyal", "opportunists", "at_risk", "hibernating", "lost"]},
            "label": {"type": "string"},
            "value": {"type": "integer", "minimum": 0},
            "color": {"type": "string", "pattern": "^#[0-9A-F]{6}$"}
          },
          "additionalProperties": false
        },
        "minItems": 6,
        "maxItems": 6
      },
      "matches": {"type": "integer", "minimum": 0},
      "page": {"type": "integer", "minimum": 1},
      "limit": {"type": "integer", "minimum": 1, "maximum": 1000},
      "pages": {"type": "integer", "minimum": 0},
      "customers": {
        "type": "array",
        "items": {
          "type": "object",
          "required": [
            "customer_id",
            "external_id",
            "name",
            "email",
            "cluster",
            "label",
            "label_pt",
            "color",
            "recency",
            "frequency",
            "monetary",
            "r_score",
            "f_score",
            "m_score",
            "small_n",
            "foreign_orders",
            "previous_cluster",
            "previous_monetary",
            "monetary_change",
            "order_count",
            "total_spent",
            "first_purchase_at",
            "last_purchase_at"
          ],
          "properties": {
            "customer_id": {"type": "integer"},
            "external_id": {"type": ["string", "null"]},
            "name": {"type": ["string", "null"]},
            "email": {"type": ["string", "null"]},
            "cluster": {"type": "string", "enum": ["champions", "loyal", "opportunists", "at_risk", "hibernating", "lost"]},
            "label": {"type": "string"},
            "label_pt": {"type": "string"},
            "color": {"type": "string", "pattern": "^#[0-9A-F]{6}$"},
            "recency": {"type": "integer", "minimum": 1},
            "frequency": {"type": "integer", "minimum": 1},
            "monetary": {"type": "number"},
            "r_score": {"type": "integer", "minimum": 1, "maximum": 5},
            "f_score": {"type": "integer", "minimum": 1, "maximum": 5},
            "m_score": {"type": "integer", "minimum": 1, "maximum": 5},
            "small_n": {"type": "boolean"},
            "foreign_orders": {"type": "integer", "minimum": 0},
            "previous_cluster": {"type": ["string", "null"], "enum": ["champions", "loyal", "opportunists", "at_risk", "hibernating", "lost", null]},
            "previous_monetary": {"type": ["number", "null"]},
            "monetary_change": {"type": ["number", "null"]},
            "order_count": {"type": ["integer", "null"], "minimum": 0},
            "total_spent": {"type": ["number", "null"]},
            "first_purchase_at": {
              "type": ["string", "null"],
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            },
            "last_purchase_at": {
              "type": ["string", "null"],
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            }
          },
          "additionalProperties": false
        }
      }
    },
    "additionalProperties": false
  },
  "GET /api/v1/funnels/{id}": {
    "type": "object",
    "required": ["site_id", "funnel_id", "name", "definition", "range", "entered", "converted", "conversion_rate", "steps"],
    "properties": {
      "site_id": {"type": "integer"},
      "funnel_id": {"type": "integer"},
      "name": {"type": "string"},
      "definition": {"type": "object", "required": ["name", "steps", "mode"]},
      "range": {
        "type": "object",
        "required": ["start_date", "end_date"],
        "properties": {
          "start_date": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
          "end_date": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"}
        },
        "additionalProperties": false
      },
      "entered": {"type": "integer", "minimum": 0},
      "converted": {"type": "integer", "minimum": 0},
      "conversion_rate": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
      "steps": {
        "type": "array",
        "items": {
          "type": "object",
          "required": ["step", "name", "users", "conversion_from_start", "conversion_from_previous", "drop_off", "drop_off_share", "is_biggest_drop"],
          "properties": {
            "step": {"type": "integer"},
            "name": {"type": "string"},
            "users": {"type": "integer", "minimum": 0},
            "conversion_from_start": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
            "conversion_from_previous": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
            "drop_off": {"type": "integer", "minimum": 0},
            "drop_off_share": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
            "is_biggest_drop": {"type": "boolean"}
          },
          "additionalProperties": false
        },
        "minItems": 2
      }
    },
    "additionalProperties": false
  },
  "GET /api/v1/metrics": {
    "type": "object",
    "required": ["site_id", "as_of", "metrics"],
    "properties": {
      "site_id": {"type": "integer"},
      "as_of": {"type": "string", "format": "date-time", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"},
      "metrics": {
        "type": "array",
        "items": {
          "type": "object",
          "required": [
            "metric",
            "value",
            "previous",
            "change",
            "format",
            "better",
            "currency",
            "range_start",
            "range_end",
            "previous_start",
            "previous_end",
            "trend"
          ],
          "properties": {
            "metric": {"type": "string"},
            "value": {"type": ["number", "null"]},
            "previous": {"type": ["number", "null"]},
            "change": {"type": ["number", "null"]},
            "format": {"type": "string", "enum": ["integer", "rate", "money"]},
            "better": {"type": "string", "enum": ["up", "down"]},
            "currency": {"type": ["string", "null"], "pattern": "^[A-Z]{3}$"},
            "range_start": {
              "type": ["string", "null"],
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            },
            "range_end": {
              "type": ["string", "null"],
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            },
            "previous_start": {
              "type": ["string", "null"],
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            },
            "previous_end": {
              "type": ["string", "null"],
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            },
            "trend": {"type": ["array", "null"], "items": {"type": ["number", "null"]}}
          },
          "additionalProperties": false
        },
        "minItems": 7,
        "maxItems": 7
      }
    },
    "additionalProperties": false
  },
  "GET /api/v1/online": {
    "type": "object",
    "required": ["site_id", "as_of", "online", "users"],
    "properties": {
      "site_id": {"type": "integer"},
      "as_of": {"type": "string", "format": "date-time", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"},
      "online": {"type": "integer", "minimum": 0},
      "users": {
        "type": "array",
        "items": {
          "type": "object",
          "required": ["user_id", "session_id", "name", "current_page", "started_at", "last_seen_at", "session_seconds", "page_views", "events"]
        }
      }
    },
    "additionalProperties": false
  },
  "GET /api/v1/retention": {
    "type": "object",
    "required": ["site_id", "period", "mode", "range", "cohorts"],
    "properties": {
      "site_id": {"type": "integer"},
      "period": {"type": "string", "enum": ["day", "week", "month"]},
      "mode": {"type": "string", "enum": ["on", "on_or_after"]},
      "range": {
        "type": "object",
        "required": ["start_date", "end_date"],
        "properties": {
          "start_date": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
          "end_date": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"}
        },
        "additionalProperties": false
      },
      "cohorts": {
        "type": "array",
        "items": {
          "type": "object",
          "required": ["cohort", "users", "periods"],
          "properties": {
            "cohort": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
            "users": {"type": "integer", "minimum": 0},
            "periods": {
              "type": "array",
              "items": {
                "type": "object",
                "required": ["period_number", "starts_at", "users", "share", "is_complete"],
                "properties": {
                  "period_number": {"type": "integer", "minimum": 0},
                  "starts_at": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
                  "users": {"type": "integer", "minimum": 0},
                  "share": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
                  "is_complete": {"type": "boolean"}
                },
                "additionalProperties": false
              },
              "minItems": 1
            }
          },
          "additionalProperties": false
        }
      }
    },
    "additionalProperties": false
  },
  "POST /api/v1/segments": {
    "type": "object",
    "required": [
      "segment_id",
      "name",
      "name_pt",
      "description",
      "kind",
      "subject",
      "tier",
      "criteria",
      "size",
      "entered_30_days",
      "departed_30_days",
      "sized_at",
      "error",
      "segmentation",
      "created_at"
    ],
    "properties": {
      "segment_id": {"type": "integer"},
      "name": {"type": "string"},
      "name_pt": {"type": "string"},
      "description": {"type": ["string", "null"]},
      "kind": {"type": "string", "enum": ["rule", "cluster", "static"]},
      "subject": {"type": "string", "enum": ["customer", "user"]},
      "tier": {"type": ["string", "null"]},
      "criteria": {"type": ["object", "null"]},
      "size": {"type": ["integer", "null"], "minimum": 0},
      "entered_30_days": {"type": "integer", "minimum": 0},
      "departed_30_days": {"type": "integer", "minimum": 0},
      "sized_at": {
        "type": ["string", "null"],
        "format": "date-time",
        "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
      },
      "error": {"type": ["string", "null"]},
      "segmentation": {"type": ["string", "null"]},
      "created_at": {"type": "string", "format": "date-time", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"}
    },
    "additionalProperties": false
  },
  "GET /api/v1/segments/{id}/members": {
    "type": "object",
    "required": ["site_id", "segment", "matches", "page", "limit", "pages", "members"],
    "properties": {
      "site_id": {"type": "integer"},
      "segment": {
        "type": "object",
        "required": ["segment_id", "name", "kind", "subject", "size", "sized_at"],
        "properties": {
          "segment_id": {"type": "integer"},
          "name": {"type": "string"},
          "kind": {"type": "string"},
          "subject": {"type": "string"},
          "size": {"type": ["integer", "null"], "minimum": 0},
          "sized_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
          }
        },
        "additionalProperties": false
      },
      "matches": {"type": "integer", "minimum": 0},
      "page": {"type": "integer"},
      "limit": {"type": "integer"},
      "pages": {"type": "integer", "minimum": 0},
      "members": {
        "type": "array",
        "items": {
          "type": "object",
          "required": ["subject_id", "subject", "customer_id", "user_id", "external_id", "name", "email", "entered_at"],
          "properties": {
            "subject_id": {"type": "integer"},
            "subject": {"type": "string"},
            "customer_id": {"type": ["integer", "null"]},
            "user_id": {"type": ["integer", "null"]},
            "external_id": {"type": ["string", "null"]},
            "name": {"type": ["string", "null"]},
            "email": {"type": ["string", "null"]},
            "entered_at": {
              "type": "string",
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            }
          },
          "additionalProperties": false
        }
      }
    },
    "additionalProperties": false
  },
  "POST /api/v1/segments/preview": {
    "type": "object",
    "required": ["site_id", "subject", "size", "sample"],
    "properties": {
      "site_id": {"type": "integer"},
      "subject": {"type": "string"},
      "size": {"type": "integer", "minimum": 0},
      "sample": {"type": "array", "items": {"type": "object", "required": ["external_id", "name", "email"]}, "maxItems": 5}
    },
    "additionalProperties": false
  },
  "GET /api/v1/segments": {
    "type": "object",
    "required": ["site_id", "segments"],
    "properties": {
      "site_id": {"type": "integer"},
      "segments": {
        "type": "array",
        "items": {
          "type": "object",
          "required": [
            "segment_id",
            "name",
            "name_pt",
            "description",
            "kind",
            "subject",
            "tier",
            "criteria",
            "size",
            "entered_30_days",
            "departed_30_days",
            "sized_at",
            "error",
            "segmentation",
            "created_at"
          ],
          "properties": {
            "segment_id": {"type": "integer"},
            "name": {"type": "string"},
            "name_pt": {"type": "string"},
            "description": {"type": ["string", "null"]},
            "kind": {"type": "string", "enum": ["rule", "cluster", "static"]},
            "subject": {"type": "string", "enum": ["customer", "user"]},
            "tier": {"type": ["string", "null"]},
            "criteria": {"type": ["object", "null"]},
            "size": {"type": ["integer", "null"], "minimum": 0},
            "entered_30_days": {"type": "integer", "minimum": 0},
            "departed_30_days": {"type": "integer", "minimum": 0},
            "sized_at": {
              "type": ["string", "null"],
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            },
            "error": {"type": ["string", "null"]},
            "segmentation": {"type": ["string", "null"]},
            "created_at": {
              "type": "string",
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            }
          },
          "additionalProperties": false
        }
      }
    },
    "additionalProperties": false
  },
  "GET /api/v1/series": {
    "type": "object",
    "required": ["site_id", "metric", "interval_by", "range", "points"],
    "properties": {
      "site_id": {"type": "integer"},
      "metric": {"type": "string"},
      "interval_by": {"type": ["string", "null"], "enum": ["hour", "day", "week", "month", null]},
      "range": {
        "type": "object",
        "required": ["start_date", "end_date"],
        "properties": {
          "start_date": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
          "end_date": {"type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"}
        },
        "additionalProperties": false
      },
      "points": {
        "type": "array",
        "items": {
          "type": "object",
          "required": ["starts_at", "ends_at", "value", "previous", "is_partial"],
          "properties": {
            "starts_at": {
              "type": "string",
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            },
            "ends_at": {
              "type": "string",
              "format": "date-time",
              "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([+-]\\d{2}:\\d{2}|Z)$"
            },
            "value": {"type": ["number", "null"]},
            "previous": {"type": ["number", "null"]},
            "is_partial": {"type": "boolean"}
          },
          "additionalProperties": false
        },
        "minItems": 1
      }
    },
    "additionalProperties": false
  }
}$json$::jsonb;
comment on function vibe_private.answer_schemas() is 'JSON Schemas of the answers that endpoints ("GET /api/v1/customers") give as JSON';
