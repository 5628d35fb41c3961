//! The laws of normal forms, on random text, and what is refused.

use proptest::prelude::*;

use super::*;

/// Checks once, and that what came out is taken in unchanged.
fn settled<T: AsRef<str>>(check: impl Fn(&mut Violations, &str) -> Option<T>, given: &str) {
    let mut violations = Violations::new();
    let first = check(&mut violations, given);
    if let (Ok(()), Some(first)) = (violations.finish(), first) {
        let mut violations = Violations::new();
        let again = check(&mut violations, first.as_ref());
        assert!(violations.finish().is_ok(), "{given:?}");
        assert_eq!(
            again.as_ref().map(AsRef::as_ref),
            Some(first.as_ref()),
            "{given:?}"
        );
    }
}

proptest! {
    #[test]
    fn nothing_panics_and_what_is_normal_stays(
        given in prop_oneof![
            any::<String>(),
            "[+0-9 ()./;a-z-]{0,30}",
            "[a-zA-ZÄßİ.+_-]{1,12}@[a-zA-ZÄß.-]{1,12}",
        ],
        german: bool,
    ) {
        let region = german.then_some(country::DE);
        settled(|v, text| v.phone("phone", text, region), &given);
        settled(|v, text| v.email("email", text), &given);
        settled(|v, text| Some(v.line("name", text, 20)), &given);
        settled(|v, text| Some(v.lines("message", text, 20)), &given);
        let mut violations = Violations::new();
        violations.id::<uuid::Uuid>("id", &given);
    }
}

#[test]
fn spellings_of_one_identifier_become_one() {
    let mut v = Violations::new();
    for phone in [
        "+49 30 12345678",
        "030/12345678",
        "(030) 1234-5678",
        "0049 30 12345678",
    ] {
        let phone = v.phone("phone", phone, Some(country::DE));
        assert_eq!(phone.as_deref(), Some("+493012345678"));
    }
    assert_eq!(
        v.email("email", " Ann@Example.ORG ").as_deref(),
        Some("ann@example.org")
    );
    assert_eq!(v.line("name", "Zoe\u{308} ", 4), "Zo\u{eb}");
    v.finish().unwrap();
}

#[test]
fn every_violation_is_found() {
    let mut v = Violations::new();
    v.phone("national", "030 12345678", None);
    v.phone("short", "+49 1", None);
    v.phone("vanity", "+1 800 FLOWERS", None);
    v.phone("plus", "+49 30 +12345678", None);
    v.email("email", "ann@");
    v.line("long", "12345", 4);
    v.line("control", "a\u{7}b", 4);
    v.lines("null", "a\0b", 4);
    v.id::<uuid::Uuid>("braced", "{01a1fb3f-91d8-768b-9ac1-c1b11d28d6ed}");
    v.id::<uuid::Uuid>("plain", "01a1fb3f91d8768b9ac1c1b11d28d6ed");
    v.number("number", -1, &(0..=3));
    v.time(
        "time",
        Some(Timestamp {
            seconds: 0,
            nanos: -1,
        }),
    );
    v.time(
        "year",
        Some(Timestamp {
            seconds: 253_402_300_800,
            nanos: 0,
        }),
    );
    let Err(Error::Invalid(found, 0)) = v.finish() else {
        panic!("none found")
    };
    let fields: Vec<_> = found
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "national", "short", "vanity", "plus", "email", "long", "control", "null", "braced",
            "plain", "number", "time", "year"
        ]
    );
}

#[test]
fn times_reach_to_the_last_nanosecond_of_the_last_year() {
    let mut v = Violations::new();
    let mut micros = |seconds, nanos| {
        let time = v.time("time", Some(Timestamp { seconds, nanos }));
        time.unwrap().timestamp_micros()
    };
    assert_eq!(micros(1, 0), 1_000_000);
    assert_eq!(micros(1, 1), 1_000_001);
    assert_eq!(micros(1, 999_999_999), 2_000_000);
    let last = 253_402_300_799;
    assert_eq!(micros(last, 999_999_000), last * 1_000_000 + 999_999);
    assert_eq!(micros(last, 999_999_999), last * 1_000_000 + 999_999);
    v.finish().unwrap();
}

#[test]
fn the_first_violations_are_kept_and_the_others_counted() {
    let mut v = Violations::new();
    for n in 0..1_000 {
        v.add(format!("field[{n}]"), "is wrong");
    }
    let Err(Error::Invalid(found, more)) = v.finish() else {
        panic!("none found")
    };
    assert_eq!((found.len(), more), (100, 900));
    assert_eq!(found[99].field, "field[99]");
}
