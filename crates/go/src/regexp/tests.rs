//! What Go accepts, refuses and matches.

use proptest::prelude::*;

use super::*;

fn matches(expression: &str, text: &str) -> bool {
    compile(expression).unwrap().is_match(text)
}

#[test]
fn classes_are_ascii() {
    assert!(!matches(r"\d", "٣"));
    assert!(!matches(r"\w", "é"));
    assert!(!matches(r"\s", "\u{b}\u{a0}"));
    assert!(matches(r"^[[:space:]]$", "\u{b}"));
    assert!(matches(r"\W", "é"));
    assert!(matches(r"\bfoo\b", "éfoo"));
    assert!(matches(r"\p{Greek}\PN\pL", "αβγ"));
    assert!(matches(r"[^\d\s]", "x"));
    assert!(matches(r"^[\pL&&]$", "&"));
    assert!(matches(r"^[]a]+$", "a]"));
    assert!(matches(r"^[a-]+$", "-a"));
    assert!(matches(r"^[^]a]$", "b"));
    assert!(matches(r"^[a~~+-c[]+$", "~[b"));
}

#[test]
fn what_rust_reads_otherwise() {
    assert!(matches("^{$", "{"));
    assert!(matches("a{,3}", "a{,3}"));
    assert!(matches("^x{2}{$", "xx{"));
    assert!(matches(r"^\Qa.b*\E+$", "a.b**"));
    assert!(matches(r"^\Qa.b", "a.bcd"));
    assert!(matches(r"^\101\x42\x{43}$", "ABC"));
    assert!(matches("^[a&&b]+$", "a&b"));
    assert!(matches("(?U)^a+?$", "aaa"));
    assert!(matches("^a(?i)b$", "aB"));
    assert!(!matches("^a(?i:b)c$", "aBC"));
    assert!(matches("a/b#c d", "a/b#c d"));
    assert!(!matches("^.$", "\n"));
    assert!(matches("(?s)^.$", "\n"));
    assert!(matches("(?m)^b$", "a\nb\nc"));
    assert!(matches("(|a)*", "b"));
    assert!(matches(r"^\<\>\_$", "<>_"));
}

#[test]
fn group_names_may_come_twice_and_begin_with_a_digit() {
    let regex = compile("(?P<1st>a)|(?P<x>b)(?<x>c)").unwrap();
    let names: Vec<_> = regex.names().iter().map(|name| name.as_deref()).collect();
    assert_eq!(names, [None, Some("1st"), Some("x"), Some("x")]);
    assert_eq!(regex.replace_all("-a-bc-", &Replacement::new("[${1st}|$x]")), "-[a|]-[|b]-");
}

#[test]
fn what_go_refuses() {
    let refused = [
        "(?x)a",
        "(?u)a",
        "a{1001}",
        "(a{100}){100}",
        "a**",
        "a+*",
        "a{2}{3}",
        "a{3,2}",
        "*",
        "|*",
        "(*)",
        "(",
        ")",
        "a)",
        "[a",
        "[b-a]",
        r"[a-\d]",
        r"\8",
        r"\1",
        r"\Z",
        r"\C",
        r"\e",
        r"\h",
        r"\xZ",
        r"\x{110000}",
        r"\pX",
        r"\p{greek}",
        r"\p{Foo}",
        "[[:foo:]]",
        "(?P<a",
        "(?P<>a)",
        "(?P<a-b>a)",
        "(?P=a)",
        "(?-)",
        "(?i-",
        "(?i--s)",
        r"\",
        "(?=a)",
        "(?!a)",
        "(?<!a)",
        r"\é",
        "(?>a)",
        "(?#a)",
        r"\K",
    ];
    for expression in refused {
        assert!(compile(expression).is_err(), "{expression} was accepted");
    }
}

#[test]
fn templates_expand_as_in_go() {
    let regex = compile("(a)(?P<b>b)?").unwrap();
    let expand = |template: &str| regex.replace_all("ab", &Replacement::new(template));
    assert_eq!(expand("$1-$2"), "a-b");
    assert_eq!(expand("$1x"), "");
    assert_eq!(expand("${1}x"), "ax");
    assert_eq!(expand("$b$$"), "b$");
    assert_eq!(expand("$9${nope}"), "");
    assert_eq!(expand("$ ${ ${} $-"), "$ ${ ${} $-");
    assert_eq!(expand("$0"), "ab");
    assert_eq!(expand("${01}"), "");
}

#[test]
fn anchored_expressions_match_whole_texts() {
    let regex = compile_anchored("a|b").unwrap();
    assert!(regex.is_match("a") && regex.is_match("b") && !regex.is_match("ab"));
    assert!(compile_anchored("a)(b").is_ok(), "as Prometheus: the expression is put between parentheses");
}

proptest! {
    #[test]
    fn no_expression_panics(expression in r#"[-a-c\\dQE(){}\[\]?*+|^$.,:P<>=!&0-9pLx1 é]{0,24}"#, text in "[a-cé\n ]{0,12}") {
        if let Ok(regex) = compile(&expression) {
            let _ = regex.replace_all(&text, &Replacement::new(&expression));
        }
    }
}
