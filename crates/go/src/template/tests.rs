//! What Go and Sprig give.

use proptest::prelude::*;

use super::*;

fn parse(template: &str) -> Result<Template, ParseError> {
    Template::parse(template, &FunctionTable::go().with_sprig())
}

fn run(template: &str) -> Result<String, ExecError> {
    let data = map([("Value".to_owned(), text("some Text")), ("n".to_owned(), text("42"))].into());
    let template = parse(template).unwrap_or_else(|error| panic!("{template}: {error}"));
    template.execute(data, 1_795_251_600_000_000_000)
}

#[test]
fn actions() {
    for (template, expected) in [
        ("a {{- .n -}} b", "a42b"),
        ("{{ if .x }}1{{ else if .n }}2{{ else }}3{{ end }}", "2"),
        ("{{ with .n }}[{{ . }}]{{ end }}{{ with .x }}{{ else with .n }}{{ . }}{{ end }}", "[42]42"),
        ("{{ range $i, $w := splitList \" \" .Value }}{{ $i }}={{ $w }};{{ end }}", "0=some;1=Text;"),
        (
            "{{ range until 5 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ if eq . 3 }}{{ break }}{{ end }}{{ . }}{{ end }}",
            "02",
        ),
        ("{{ range list }}x{{ else }}none{{ end }}", "none"),
        ("{{ $a := 1 }}{{ if true }}{{ $a = 2 }}{{ end }}{{ $a }}", "2"),
        ("{{ define \"t\" }}<{{ . }}>{{ end }}{{ template \"t\" .n }}", "<42>"),
        ("{{ block \"b\" .n }}({{ . }}){{ end }}", "(42)"),
        ("{{/* nothing */}}{{ \"a\\tb\" }}{{ `c` }}{{ 'x' }}", "a\tbc120"),
        ("{{ .nope }}|{{ .nope | default \"d\" }}|{{ print nil 1 2 \"a\" 3 }}", "<no value>|d|<nil> 1 2a3"),
        ("{{ and .n .nope }}{{ or .nope .n }}{{ not .n }}", "<no value>42false"),
        ("{{ index (list 1 2 3) 1 }}{{ index (dict \"a\" 5) \"a\" }}{{ len .Value }}", "259"),
        ("{{ (dict \"a\" (dict \"b\" 1)).a.b }}", "1"),
        (
            "{{ 0x10 }} {{ 1e3 }} {{ 1_000 }} {{ -3 }} {{ 1.50 }} {{ 1e21 }} {{ 1234567.0 }}",
            "16 1000 1000 -3 1.5 1e+21 1.234567e+06",
        ),
        ("{{ eq 1 1 2 }}{{ ne \"a\" \"b\" }}{{ lt 1 2 }}{{ ge 2.5 2.5 }}{{ eq .nope \"a\" }}", "truetruetruetruefalse"),
        (
            "{{ printf \"%05d|%-4s|%6.2f|%x|%q|%v|%T|%t|%%|%c|%+d|%e\" 42 \"ab\" 3.14159 255 \"q\" (list 1 \"a\" nil) 1.5 true 65 7 1234.5 }}",
            "00042|ab  |  3.14|ff|\"q\"|[1 a <nil>]|float64|true|%|A|+7|1.234500e+03",
        ),
        ("{{ printf \"%d %s\" \"x\" }}", "%!d(string=x) %!s(MISSING)"),
        ("{{ html \"<a&\\\">\" }}{{ urlquery \"a b/ü\" }}{{ js \"'<\" }}", "&lt;a&amp;&#34;&gt;a+b%2F%C3%BC\\'\\u003C"),
    ] {
        assert_eq!(run(template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn functions_of_sprig() {
    for (template, expected) in [
        (
            "{{ trunc 3 .Value }}|{{ trunc -4 .Value }}|{{ substr 1 3 .Value }}|{{ abbrev 7 .Value }}",
            "som|Text|om|some...",
        ),
        (
            "{{ title \"a b-c d_e\" }}|{{ untitle \"A B\" }}|{{ swapcase \"aB\" }}|{{ nospace \"a b\" }}|{{ initials \"Ab cd\" }}",
            "A B-C D_e|a b|Ab|ab|Ac",
        ),
        (
            "{{ snakecase \"FirstName\" }}|{{ camelcase \"http_server\" }}|{{ kebabcase \"HTTP20xOK\" }}|{{ snakecase \"Bld4Floor3rd GO-PATH\" }}",
            "first_name|HttpServer|http-20x-ok|bld4_floor_3rd_go_path",
        ),
        (
            "{{ repeat 3 \"ab\" }}|{{ replace \" \" \"-\" .Value }}|{{ plural \"one\" \"many\" 2 }}|{{ indent 2 \"a\\nb\" }}",
            "ababab|some-Text|many|  a\n  b",
        ),
        (
            "{{ quote \"a\" 1 nil }}|{{ squote \"b\" }}|{{ cat \"a\" 1 }}|{{ join \",\" (list 1 2) }}",
            "\"a\" \"1\"|'b'|a 1|1,2",
        ),
        (
            "{{ add 1 \"2\" 3.7 }} {{ sub 5 7 }} {{ div 7 2 }} {{ mod 7 4 }} {{ mul 2 3 4 }} {{ max 1 9 3 }} {{ min 4 2 }}",
            "6 -2 3 3 24 9 2",
        ),
        (
            "{{ addf 0.1 0.2 }} {{ divf 10 4 }} {{ round 3.14159 2 }} {{ ceil 1.2 }} {{ floor \"1.8\" }} {{ seq 1 3 }} {{ toDecimal \"777\" }}",
            "0.3 2.5 3.14 2 1 1 2 3 511",
        ),
        (
            "{{ ternary \"y\" \"n\" true }} {{ coalesce nil \"\" 3 }} {{ empty 0 }} {{ all 1 \"\" }} {{ any 0 2 }}",
            "y 3 true false true",
        ),
        (
            "{{ first (list 1 2) }}{{ last (list 1 2) }}{{ rest (list 1 2 3) }}{{ initial (list 1 2) }}{{ reverse (list 1 2) }}{{ uniq (list 1 1 2) }}{{ without (list 1 2) 1 }}{{ has 2 (list 1 2) }}{{ slice (list 1 2 3) 1 }}{{ concat (list 1) (list 2) }}",
            "12[2 3][1][2 1][1 2][2]true[2 3][1 2]",
        ),
        (
            "{{ $d := dict \"a\" 1 }}{{ $_ := set $d \"b\" 2 }}{{ $d }}{{ hasKey $d \"c\" }}{{ keys $d }}{{ pick $d \"a\" }}{{ dig \"x\" \"y\" \"no\" $d }}",
            "map[a:1 b:2]false[a b]map[a:1]no",
        ),
        (
            "{{ toJson (dict \"a\" (list 1 \"<\")) }}{{ (fromJson \"{\\\"a\\\":[1.5]}\").a }}",
            "{\"a\":[1,\"\\u003c\"]}[1.5]",
        ),
        (
            "{{ sha256sum \"a\" | trunc 8 }} {{ sha1sum \"a\" | trunc 8 }} {{ adler32sum \"a\" }}",
            "ca978112 86f7e437 6422626",
        ),
        (
            "{{ b64enc \"é\" }} {{ b64dec \"w6k=\" }} {{ b32enc \"ab\" }} {{ b32dec \"MFRA====\" }} {{ b64dec \"!\" }}",
            "w6k= é MFRA==== ab illegal base64 data at input byte 0",
        ),
        (
            "{{ regexFind \"[a-z]+\" .Value }} {{ regexFindAll \"[aeiou]\" .Value 2 }} {{ regexSplit \" \" .Value -1 }} {{ regexQuoteMeta \"a.b\" }}",
            "some [o e] [some Text] a\\.b",
        ),
        (
            "{{ base \"/a/b.c\" }} {{ dir \"/a/b.c\" }} {{ ext \"/a/b.c\" }} {{ clean \"a//b/../c\" }} {{ isAbs \"/a\" }}",
            "b.c /a .c a/c true",
        ),
        (
            "{{ now | date \"2006-01-02\" }} {{ now.Unix }} {{ toDate \"2006-01-02\" \"2020-02-03\" | unixEpoch }} {{ duration \"95\" }} {{ durationRound \"2h10m\" }}",
            "2026-11-21 1795251600 1580688000 1m35s 2h",
        ),
        (
            "{{ (urlParse \"https://u@h:8/p?q=1#f\").host }} {{ urlJoin (dict \"scheme\" \"http\" \"host\" \"h\" \"path\" \"/p\") }}",
            "h:8 http://h/p",
        ),
        (
            "{{ typeOf 1 }} {{ typeOf (add 1 2) }} {{ kindOf (list) }} {{ kindIs \"string\" \"a\" }} {{ int64 \"0x1f\" }} {{ atoi \"x\" }}",
            "int int64 slice true 31 0",
        ),
        ("{{ wrap 5 \"aa bb cc\" }}|{{ wrapWith 3 \"-\" \"aaaaa\" }}", "aa bb\ncc|aaa-aa"),
    ] {
        assert_eq!(run(template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn what_fails_at_execution() {
    for template in [
        "{{ trunc (add 1 2) .Value }}",
        "{{ upper .nope }}",
        "{{ upper 1 }}",
        "{{ .Value.x }}",
        "{{ eq 1 \"1\" }}",
        "{{ lt 1 1.5 }}",
        "{{ fail \"x\" }}",
        "{{ index (list) 0 }}",
        "{{ len 3 }}",
        "{{ div 1 0 }}",
        "{{ regexFind \"(\" \"a\" }}",
        "{{ template \"nope\" }}",
        "{{ substr 5 2 .Value }}",
        "{{ upper }}",
        "{{ range 1.5 }}{{ end }}",
        "{{ repeat 999999999 \"abc\" }}",
        "{{ range until 99999 }}{{ range until 99999 }}{{ end }}{{ end }}",
        "{{ define \"t\" }}{{ template \"t\" }}{{ end }}{{ template \"t\" }}",
    ] {
        assert!(run(template).is_err(), "{template}");
    }
}

#[test]
fn what_is_not_a_template() {
    for template in [
        "{{",
        "{{ .a ",
        "{{ }}",
        "{{ nope }}",
        "{{ end }}",
        "{{ if .a }}",
        "{{ else }}",
        "{{ $x }}",
        "{{ .a | }}",
        "{{ .a | 1 }}",
        "{{ \"a }}",
        "{{ (.a }}",
        "{{ .a) }}",
        "{{ 1x }}",
        "{{ break }}",
        "{{ range .a }}{{ define \"x\" }}{{ end }}{{ end }}",
        "{{ template x }}",
        "{{ /* a */ }}",
        "{{/* a }}",
        "{{ $x := }}",
        "{{ \"a\".b }}",
        "{{ env \"HOME\" }}",
        "{{ genCA \"a\" 1 }}",
        "{{ .a-b }}",
        "{{ a# }}",
    ] {
        assert!(parse(template).is_err(), "{template} was accepted");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (template, message) in [
        ("{{.Name", "line 1, column 1: an action is not closed with }}"),
        ("ab\n  {{ nope }}", "line 2, column 6: there is no function nope"),
        ("{{ if .a }}x", "line 1, column 4: this action has no {{end}}"),
        ("é{{ $x }}", "line 1, column 5: there is no variable $x"),
        (
            "{{ range . }}{{ end }}{{ end }}",
            "line 1, column 26: end is outside of any if, with, range, block or define",
        ),
        ("{{ .a | 1 }}", "line 1, column 9: a value cannot follow a |: only a function or a method"),
        ("{{ (.a }}", "line 1, column 8: a ( is not closed"),
        ("{{ .a := 1 }}", "line 1, column 7: unexpected `:=`"),
        ("{{ \"\\q\" }}", "line 1, column 4: \"\\q\" has an unknown escape"),
        (
            "{{ env \"A\" }}",
            "line 1, column 4: the function env is left out: templates have no access to keys, passwords, the network or the environment",
        ),
    ] {
        assert_eq!(parse(template).unwrap_err().to_string(), message, "{template}");
    }
    for (template, message) in [
        ("x{{ upper 1 }}", "line 1, column 5: an argument must be a string, not a number"),
        ("{{ .n | repeat }}", "line 1, column 9: wrong number of arguments for repeat"),
        ("{{ printf \"%v\" (div 1 0) }}", "line 1, column 17: div failed"),
        ("{{ .n.x }}", "line 1, column 4: there is no field x in a value of type string"),
        ("{{ .n 1 }}", "line 1, column 4: only functions and methods take arguments"),
        ("\n{{ range 1.5 }}{{ end }}", "line 2, column 10: range cannot go through a value of type float64"),
        ("{{ template \"nope\" }}", "line 1, column 4: there is no template \"nope\""),
    ] {
        assert_eq!(run(template).unwrap_err().to_string(), message, "{template}");
    }
}

/// `{Name: "web", Size: 9007199254740993, Tags: ["a", "b"]}`, with a method.
#[derive(Debug)]
struct Image;

impl Object for Image {
    fn field(&self, name: &str) -> Option<Value> {
        Some(match name {
            "Name" => text("web"),
            "Size" => Value::Int(9_007_199_254_740_993),
            "Tags" => texts(["a", "b"]),
            _ => return None,
        })
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<std::result::Result<Value, Failed>> {
        (name == "Label").then(|| Ok(text(&format!("<{}>", arguments.text(0)?))))
    }

    fn show(&self) -> String {
        "{web}".to_owned()
    }

    fn json(&self) -> String {
        r#"{"Name":"web"}"#.to_owned()
    }
}

#[test]
fn objects_have_fields_and_methods() {
    let run = |template: &str| {
        let template = parse(template).unwrap();
        template.execute(Value::Object(std::rc::Rc::new(Image)), 0).map_err(|error| error.to_string())
    };
    let shown = |template: &str| run(template).unwrap();
    assert_eq!(
        shown("{{.Name}} {{.Size}} {{range .Tags}}[{{.}} of {{$.Name}}]{{end}}"),
        "web 9007199254740993 [a of web][b of web]"
    );
    assert_eq!(shown("{{.Label \"a.b\"}} {{.}} {{if .}}yes{{end}}"), "<a.b> {web} yes");
    assert_eq!(shown("{{toRawJson (list . .Size)}}"), r#"[{"Name":"web"},9007199254740993]"#);
    assert_eq!(run("{{.Nmae}}"), Err("line 1, column 3: there is no field Nmae in a value of type struct".to_owned()));
    assert_eq!(run("{{.Label 1}}"), Err("line 1, column 3: the method Label failed".to_owned()));
}

#[test]
fn the_fields_of_the_data_are_known_before_execution() {
    let template =
        parse("{{.A}}{{if .B.x}}{{upper .C}}{{end}}{{range .D}}{{.no}}{{$.E}}{{else}}{{.F}}{{end}}{{(index .G 0).x}}")
            .unwrap();
    assert_eq!(template.fields(), ["A", "B", "C", "D", "E", "F", "G"]);
}

proptest! {
    #[test]
    fn no_template_panics(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "{{", "}}", " ", "-", "if", "else", "end", "range", "with", "define", "template", "block", "break", "$x", ":=", "=", "|", ".", ".a",
            ".Value", "(", ")", "\"a\"", "1", "-2.5", "nil", "true", "list", "dict", "printf", "\"%d %s\"", "trunc", "split", "index", "len",
            "eq", "and", "/*", "*/", ",", "é", "add", "set", "until", "set",
        ]), 0..24)
    ) {
        let text: String = pieces.concat();
        let spaced = pieces.join(" ");
        for text in [text, spaced] {
            if let Ok(template) = parse(&text) {
                let _ = template.execute(map(Default::default()), 0);
            }
        }
    }
}
