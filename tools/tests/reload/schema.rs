//! Holds a report against the committed schema. Only the keywords that this schema uses are known; any other one is a
//! failure, so that nothing goes unchecked.

use serde_json::{Map, Value};

/// The report is what the schema promises.
#[track_caller]
pub(crate) fn assert_fits(report: &Value) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema/reload.json");
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("the schema is there")).expect("JSON");
    let mut wrong = Vec::new();
    check(&schema, &schema, report, "report", &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let Some(schema) = schema.as_object() else {
        // `true` takes everything.
        if *schema != Value::Bool(true) {
            wrong.push(format!("{at}: nothing is allowed here"));
        }
        return;
    };
    for (keyword, wants) in schema {
        let holds = match (keyword.as_str(), wants) {
            ("$schema" | "$defs" | "title" | "description" | "format" | "default" | "maximum", _) => true,
            ("$ref", Value::String(reference)) => {
                let name = reference.strip_prefix("#/$defs/").expect("a definition of this schema");
                check(root, &root["$defs"][name], value, at, wrong);
                true
            }
            ("type", Value::String(name)) => is_of(value, name),
            ("type", Value::Array(names)) => {
                names.iter().filter_map(Value::as_str).any(|name| is_of(value, name))
            }
            ("const", wants) => value == wants,
            ("enum", Value::Array(values)) => values.contains(value),
            ("minimum", least) => {
                value.as_f64().is_none_or(|found| least.as_f64().is_some_and(|least| least <= found))
            }
            ("minItems", least) => {
                value.as_array().is_none_or(|items| least.as_u64() <= Some(items.len() as u64))
            }
            ("maxItems", most) => {
                value.as_array().is_none_or(|items| Some(items.len() as u64) <= most.as_u64())
            }
            ("required", Value::Array(names)) => value.as_object().is_none_or(|object| {
                names.iter().filter_map(Value::as_str).all(|name| object.contains_key(name))
            }),
            ("properties" | "additionalProperties", _) => value.as_object().is_none_or(|object| {
                fields(root, schema, object, at, wrong);
                true
            }),
            ("items", of) => value.as_array().is_none_or(|items| {
                let checked = items.iter().enumerate();
                checked.for_each(|(index, item)| check(root, of, item, &format!("{at}[{index}]"), wrong));
                true
            }),
            ("prefixItems", Value::Array(of)) => value.as_array().is_none_or(|items| {
                let checked = items.iter().zip(of);
                checked.for_each(|(item, of)| check(root, of, item, at, wrong));
                true
            }),
            ("anyOf" | "oneOf", Value::Array(options)) => options.iter().any(|option| {
                let mut found = Vec::new();
                check(root, option, value, at, &mut found);
                found.is_empty()
            }),
            _ => false,
        };
        if !holds {
            wrong.push(format!("{at}: {value} against {keyword}: {wants}"));
        }
    }
}

/// Every field that is there is one of the schema's, and fits it.
fn fields(
    root: &Value,
    schema: &Map<String, Value>,
    object: &Map<String, Value>,
    at: &str,
    wrong: &mut Vec<String>,
) {
    for (name, value) in object {
        let of =
            schema.get("properties").and_then(|known| known.get(name)).or(schema.get("additionalProperties"));
        match of {
            Some(of) => check(root, of, value, &format!("{at}.{name}"), wrong),
            None => wrong.push(format!("{at}.{name}: is not in the schema")),
        }
    }
}

fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}
