//! What json-iterator accepts.

use proptest::prelude::*;

use super::*;

#[test]
fn text_without_escapes_borrows() {
    let Ok(JsonValue::Object(fields)) = parse(r#"{"a":"plain","b":"t\tab\u00e9\ud83d\ude00\ud800x"}"#) else {
        panic!()
    };
    assert!(matches!(&fields[0].1, JsonValue::Text(Cow::Borrowed("plain"))));
    assert_eq!(fields[1].1, JsonValue::Text("t\tabé😀\u{fffd}x".into()));
}

#[test]
fn the_last_of_two_keys_counts() {
    assert_eq!(parse(r#"{"a":1,"a":2}"#), Ok(JsonValue::Object(vec![("a".into(), JsonValue::Number(2.0))])));
}

#[test]
fn what_is_not_json() {
    let bad = [
        "",
        "{",
        "{]",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":.5}"#,
        r#"{"a":+1}"#,
        r#"{"a":1e}"#,
        r#"{"a":1e999}"#,
        r#"{"a":"\x"}"#,
        r#"{"a":"\u12"}"#,
        "{\"a\":\"\n\"}",
        r#"{"a":tru}"#,
        "{} x",
        r#"{"a":"b}"#,
        "[1,]",
        "nul",
        r#"{a:1}"#,
    ];
    for text in bad {
        assert!(parse(text).is_err(), "{text}");
        assert!(fields(text, |_, _| {}).is_err(), "{text}");
    }
    let deep = "[".repeat(100_000);
    assert!(parse(&deep).is_err());
}

#[test]
fn numbers_are_written_as_go_does() {
    let show = |text: &str| {
        let mut out = String::new();
        write(&parse(text).unwrap(), true, &mut out);
        out
    };
    assert_eq!(
        show(r#" [1.0, 1e21, 1e-7, 123456789012, -0.5e-3, "<&>\u2028", true, null, {"k" : [] }] "#),
        r#"[1,1e+21,1e-07,123456789012,-0.0005,"\u003c\u0026\u003e\u2028",true,null,{"k":[]}]"#
    );
}

#[test]
fn fields_are_given_as_they_come() {
    let mut seen = Vec::new();
    fields(r#" {"a": {"b":[1, 2]} , "c\n":"x"} "#, |key, value| seen.push((key, value.as_str()))).unwrap();
    assert_eq!(seen, [("a".into(), r#"{"b":[1, 2]}"#), ("c\n".into(), r#""x""#)]);
    assert_eq!(fields("null", |_, _| panic!()), Ok(()));
}

fn json() -> impl Strategy<Value = String> {
    "[-\\[\\]{}\":, 0-9ae.tru\\\\nfl\u{1}é]{0,40}"
}

proptest! {
    #[test]
    fn nothing_panics_and_both_readers_agree(text in json()) {
        let whole = parse(&text);
        let scanned = fields(&text, |_, value| { let _ = value.value(); });
        prop_assert_eq!(matches!(whole, Ok(JsonValue::Object(_) | JsonValue::Null)), scanned.is_ok());
    }

    #[test]
    fn what_is_written_is_read_again(texts in proptest::collection::vec(any::<String>(), 0..5), number in any::<f64>()) {
        prop_assume!(number.is_finite());
        let mut list: Vec<_> = texts.into_iter().map(|text| JsonValue::Text(text.into())).collect();
        list.push(JsonValue::Number(number));
        let mut out = String::new();
        write(&JsonValue::List(list.clone()), true, &mut out);
        prop_assert_eq!(parse(&out), Ok(JsonValue::List(list)));
    }
}
