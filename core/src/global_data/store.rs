//! The values and what can be done to them, without a socket or a clock in sight.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use serde_json::{Number, Value};

use super::request::Request;

/// The values of a server.
#[derive(Debug, Default)]
pub(super) struct Store {
    values: HashMap<String, Entry>,
    /// What expires when, the next first.
    deadlines: BTreeSet<(Instant, String)>,
}

#[derive(Debug)]
struct Entry {
    value: Value,
    expires: Option<Instant>,
}

impl Store {
    /// Does what a client asks, and gives the answer.
    pub(super) fn serve(&mut self, request: Request, now: Instant) -> Value {
        self.expire(now);
        match request {
            Request::Get { key } => self.present(&key).cloned().unwrap_or(Value::Null),
            Request::Set { key, value } => {
                self.put(key, value);
                true.into()
            }
            Request::Add { key, value } => {
                let absent = self.present(&key).is_none();
                if absent {
                    self.put(key, value);
                }
                absent.into()
            }
            Request::Increment { key, step } => self.increment(&key, &step),
            Request::Cas { key, expect, value } => {
                let same = *self.present(&key).unwrap_or(&Value::Null) == expect;
                if same {
                    self.put(key, value);
                }
                same.into()
            }
            Request::Delete { key } => {
                if let Some(Entry { expires: Some(at), .. }) = self.values.remove(&key) {
                    self.deadlines.remove(&(at, key));
                }
                true.into()
            }
            Request::Expire { key, seconds } => self.set_deadline(key, seconds, now).into(),
        }
    }

    /// The value, if there is one: null counts as none.
    fn present(&self, key: &str) -> Option<&Value> {
        self.values.get(key).map(|entry| &entry.value).filter(|value| !value.is_null())
    }

    /// Sets the value; when it expires stays as it was.
    fn put(&mut self, key: String, value: Value) {
        self.values.entry(key).or_insert(Entry { value: Value::Null, expires: None }).value = value;
    }

    /// GDATA-6.
    fn increment(&mut self, key: &str, step: &Number) -> Value {
        let Some(entry) = self.values.get_mut(key).filter(|entry| !entry.value.is_null()) else {
            return false.into();
        };
        let current = match &entry.value {
            Value::Number(number) => number.clone(),
            Value::String(text) => text.trim().parse().unwrap_or_else(|_| 0.into()),
            _ => 0.into(),
        };
        entry.value = sum(&current, step);
        entry.value.clone()
    }

    fn set_deadline(&mut self, key: String, seconds: Option<f64>, now: Instant) -> bool {
        let Some(entry) = self.values.get_mut(&key).filter(|entry| !entry.value.is_null()) else {
            return false;
        };
        if let Some(before) = entry.expires.take() {
            self.deadlines.remove(&(before, key.clone()));
        }
        // What is longer than time can be counted does not expire.
        let within = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).ok());
        if let Some(at) = within.and_then(|within| now.checked_add(within)) {
            entry.expires = Some(at);
            self.deadlines.insert((at, key));
        }
        true
    }

    /// Drops what has expired.
    fn expire(&mut self, now: Instant) {
        while let Some((at, _)) = self.deadlines.first()
            && *at <= now
        {
            if let Some((_, key)) = self.deadlines.pop_first() {
                self.values.remove(&key);
            }
        }
    }

    /// Drops what has expired, and says when to look again.
    pub(super) fn sweep(&mut self, now: Instant) -> Option<Instant> {
        self.expire(now);
        self.deadlines.first().map(|(at, _)| *at)
    }
}

/// Whole numbers stay whole as long as they fit.
fn sum(a: &Number, b: &Number) -> Value {
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64())
        && let Some(sum) = a.checked_add(b)
    {
        return sum.into();
    }
    let (a, b) = (a.as_f64().unwrap_or(0.0), b.as_f64().unwrap_or(0.0));
    Number::from_f64(a + b).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ask(store: &mut Store, request: Value) -> Value {
        ask_at(store, request, crate::reactor::now())
    }

    fn ask_at(store: &mut Store, request: Value, now: Instant) -> Value {
        store.serve(serde_json::from_value(request).expect("a request"), now)
    }

    #[test]
    fn values_are_set_added_and_deleted() {
        // GDATA-3, GDATA-4, GDATA-5, GDATA-8
        let store = &mut Store::default();
        assert_eq!(ask(store, json!({"cmd": "get", "key": "a"})), json!(null));
        assert_eq!(ask(store, json!({"cmd": "add", "key": "a", "value": [1]})), json!(true));
        assert_eq!(ask(store, json!({"cmd": "add", "key": "a", "value": 2})), json!(false));
        assert_eq!(ask(store, json!({"cmd": "get", "key": "a"})), json!([1]));
        assert_eq!(ask(store, json!({"cmd": "set", "key": "a", "value": null})), json!(true));
        assert_eq!(ask(store, json!({"cmd": "add", "key": "a", "value": 2})), json!(true));
        assert_eq!(ask(store, json!({"cmd": "delete", "key": "a"})), json!(true));
        assert_eq!(ask(store, json!({"cmd": "delete", "key": "a"})), json!(true));
        assert_eq!(ask(store, json!({"cmd": "get", "key": "a"})), json!(null));
    }

    #[test]
    fn increments_follow_the_kind_of_the_value() {
        // GDATA-6
        let store = &mut Store::default();
        let by = |step: Value| json!({"cmd": "increment", "key": "n", "step": step});
        let mut after = |value: Value, step: Value| {
            ask(store, json!({"cmd": "set", "key": "n", "value": value}));
            ask(store, by(step))
        };
        assert_eq!(after(json!(null), json!(1)), json!(false));
        assert_eq!(after(json!(1), json!(-3)), json!(-2));
        assert_eq!(after(json!(1), json!(0.5)), json!(1.5));
        assert_eq!(after(json!("41"), json!(1)), json!(42));
        assert_eq!(after(json!("a"), json!(1)), json!(1));
        assert_eq!(after(json!([1, 2]), json!(1)), json!(1));
        assert_eq!(after(json!(i64::MAX), json!(1)), json!(9.223372036854776e18));
    }

    #[test]
    fn compare_and_set_looks_at_the_type_and_takes_null_for_none() {
        // GDATA-7
        let store = &mut Store::default();
        let mut cas = |expect: Value, value: Value| {
            ask(store, json!({"cmd": "cas", "key": "a", "expect": expect, "value": value}))
        };
        assert_eq!(cas(json!(1), json!(2)), json!(false));
        assert_eq!(cas(json!(null), json!(3)), json!(true));
        assert_eq!(cas(json!("3"), json!(4)), json!(false));
        assert_eq!(cas(json!(3), json!(4)), json!(true));
    }

    #[test]
    fn values_expire_when_they_should_and_not_before() {
        let store = &mut Store::default();
        let start = crate::reactor::now();
        let at = |ms| start + Duration::from_millis(ms);
        let expire = |seconds: Value| json!({"cmd": "expire", "key": "a", "seconds": seconds});
        let get = json!({"cmd": "get", "key": "a"});
        assert_eq!(ask_at(store, expire(json!(1)), start), json!(false));
        ask_at(store, json!({"cmd": "set", "key": "a", "value": 1}), start);
        assert_eq!(ask_at(store, expire(json!(1)), start), json!(true));
        assert_eq!(ask_at(store, get.clone(), at(999)), json!(1));
        // A new value keeps the deadline, a new deadline takes the place of the old, none keeps the value.
        ask_at(store, json!({"cmd": "set", "key": "a", "value": 2}), at(999));
        assert_eq!(store.sweep(at(999)), Some(at(1000)));
        assert_eq!(ask_at(store, expire(json!(0.5)), at(999)), json!(true));
        assert_eq!(ask_at(store, get.clone(), at(1498)), json!(2));
        assert_eq!(ask_at(store, expire(json!(null)), at(1498)), json!(true));
        assert_eq!(ask_at(store, get.clone(), at(99_999)), json!(2));
        assert_eq!(ask_at(store, expire(json!(-1)), at(99_999)), json!(true));
        assert_eq!(ask_at(store, get, at(99_999)), json!(null));
        for forever in [1e300, f64::MAX] {
            ask_at(store, json!({"cmd": "set", "key": "a", "value": 2}), start);
            assert_eq!(ask_at(store, expire(json!(forever)), start), json!(true));
            assert_eq!(store.sweep(at(1)), None);
        }
    }
}
