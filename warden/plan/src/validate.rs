//! Ranges and relations between fields, checked after parsing. Every problem is one `PLAN_INVALID` that names the field.
