//! What expressions find.

use proptest::prelude::*;
use wharf_go::json;

use super::*;

fn search(expression: &str, data: &str) -> String {
    let found = Expression::parse(expression).unwrap().search(&json::parse(data).unwrap());
    let mut out = String::new();
    match found {
        Ok(value) => json::write(&value, false, &mut out),
        Err(Failed) => out.push_str("failed"),
    }
    out
}

#[test]
fn expressions_find_values() {
    let data = r#"{"a":{"b":[1,2,{"c":"x"}],"d e":true},"l":[{"n":3,"s":"c"},{"n":1,"s":"a"}],"t":"text"}"#;
    for (expression, found) in [
        ("a.b[2].c", r#""x""#),
        ("a.b[-1].c", r#""x""#),
        ("a.\"d e\"", "true"),
        ("a.b[:2]", "[1,2]"),
        ("a.b[::-1]", r#"[{"c":"x"},2,1]"#),
        ("l[*].n", "[3,1]"),
        ("l[?n > `1`].s", r#"["c"]"#),
        ("l[?s == 'a'] | [0].n", "1"),
        ("sort_by(l, &n)[0].s", r#""a""#),
        ("max_by(l, &n).s", r#""c""#),
        ("map(&s, l)", r#"["c","a"]"#),
        ("length(t)", "4"),
        ("keys(a)", r#"["b","d e"]"#),
        ("a.*[]", r#"[1,2,{"c":"x"},true]"#),
        ("{x: t, y: l[0].n}", r#"{"x":"text","y":3}"#),
        ("[t, nope]", r#"["text",null]"#),
        ("nope || t", r#""text""#),
        ("!nope && t", r#""text""#),
        ("join('-', l[*].s)", r#""c-a""#),
        ("to_number('12')", "12"),
        ("contains(t, 'ex')", "true"),
        ("abs(t)", "failed"),
        ("nope.deeper[0]", "null"),
        ("not_null(nope, t)", r#""text""#),
    ] {
        assert_eq!(search(expression, data), found, "{expression}");
    }
}

#[test]
fn what_is_no_expression() {
    for text in
        ["trace-id", "@timestamp", "a.", "a[", "[?a", "'a", "\"a", "`{`", "a b", "f(", "a..b", "#", "a = b", "é"]
    {
        assert!(Expression::parse(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_expression_panics(text in r#"[-a-c.\[\]*?&|!<>=@{}():,'"`0-9 \\]{0,30}"#) {
        if let Ok(expression) = Expression::parse(&text) {
            let data = json::parse(r#"{"a":[1,{"b":"x"},[2]],"b":{"c":null},"c":"t"}"#).unwrap();
            let _ = expression.search(&data);
        }
    }
}
