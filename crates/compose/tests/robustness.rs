//! No input makes the reader panic or hang, and the canonical form is a fixed point.

mod mutation;

use std::time::{Duration, Instant};

use proptest::prelude::*;
use wharf_compose::{Options, Project};

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn mutated_files_load_or_are_refused(numbers in prop::collection::vec(any::<u64>(), 4..40)) {
        mutation::check(&mutation::mutated(&numbers));
    }

    #[test]
    fn any_text_loads_or_is_refused(text in "\\PC{0,200}") {
        mutation::check(&text);
    }

    #[test]
    fn any_value_survives_the_canonical_form(value in "\\PC{0,40}(\n[ \\PC]{0,20}){0,3}") {
        let quoted = serde_json::Value::String(value.replace('$', "$$")).to_string();
        mutation::check(&format!("services: {{ a: {{ image: x, environment: {{ V: {quoted} }}, command: [{quoted}] }} }}"));
    }
}

#[test]
fn the_files_that_are_mutated_load_as_they_are() {
    mutation::seeds().for_each(|seed| {
        if let Err(error) = Project::load(&mutation::options(seed)) {
            panic!("{error}");
        }
        mutation::check(seed);
    });
}

/// Loads a text that must be refused, in time.
fn refused(text: String) -> String {
    let start = Instant::now();
    let error = Project::load(&Options::from_text(text)).expect_err("the text must be refused").to_string();
    assert!(start.elapsed() < Duration::from_secs(20), "it took {:?}", start.elapsed());
    error
}

#[test]
fn an_anchor_bomb_is_refused() {
    let mut text = "x-a0: &a0 [lol, lol, lol]\n".to_owned();
    for level in 1..20 {
        let alias = format!("*a{}", level - 1);
        text += &format!("x-a{level}: &a{level} [{}]\n", [alias.as_str(); 10].join(", "));
    }
    assert!(refused(text + "services: {}").contains("aliases make the file larger"));
}

#[test]
fn deep_nesting_is_refused() {
    for text in ["[".repeat(100_000), format!("x: {}", "{a: ".repeat(100_000)), "- ".repeat(100_000)] {
        let error = refused(text);
        assert!(error.contains("nested deeper"), "{error}");
    }
    let mut text = "x-a: &a0 [1]\n".to_owned();
    for level in 1..200 {
        text += &format!("x-{level}: &a{level} [*a{}]\n", level - 1);
    }
    assert!(refused(text).contains("nested deeper"));
}

#[test]
fn port_ranges_that_multiply_are_refused() {
    assert!(refused("services: { a: { image: x, ports: [1-65535] } }".to_owned()).contains("more than 30000 entries"));
}

#[test]
fn a_huge_file_is_refused_without_being_parsed() {
    assert!(refused(format!("x-a: {}", "a".repeat(100 << 20))).contains("longer than 16 MiB"));
}

#[test]
fn files_that_include_or_extend_themselves_are_refused() {
    assert!(refused("include: [compose.yaml]\nservices: {a: {image: x}}".to_owned()).contains("includes itself"));
    let text = "services: {a: {extends: b}, b: {extends: {file: compose.yaml, service: a}}}";
    assert!(refused(text.to_owned()).contains("extends itself"));
}

#[test]
fn services_that_inherit_too_much_are_refused() {
    let variables: Vec<_> = (0..10_000).map(|number| format!("K{number}: v")).collect();
    let mut text = format!("services:\n  base: {{ image: x, environment: {{ {} }} }}\n", variables.join(", "));
    (0..5_000).for_each(|number| text += &format!("  s{number}: {{ extends: base }}\n"));
    assert!(refused(text).contains("values from those that they extend"));
}

/// Many of the same: `entry` says the one of a number.
fn many(count: u32, entry: impl Fn(u32) -> String) -> String {
    format!("services: {{ {} }}", (0..count).map(entry).collect::<Vec<_>>().join(", "))
}

#[test]
fn many_mistakes_on_one_line_are_said_in_time() {
    assert!(refused(many(5_000, |n| format!("s{n}: {{ imgae: x }}"))).contains("did you mean `image`"));
    assert!(refused(many(5_000, |n| format!("s{n}: {{ image: x, depends_on: [t{n}] }}"))).contains("`t0`"));
    let next = |n: u32| format!("s{n}: {{ image: x, depends_on: [s{}, s0] }}", (n + 1) % 5_000);
    assert!(refused(many(5_000, next)).contains("in a circle"));
}

#[test]
fn many_warnings_on_one_line_are_said_in_time() {
    let unset = many(5_000, |n| format!("s{n}: {{ image: $A{n}, ports: ['80:80'] }}"));
    let dollars = format!("services: {{ a: {{ image: x, command: \"{}\" }} }}", "a $B ${C:-d} ".repeat(30_000));
    for text in [unset, dollars] {
        let start = Instant::now();
        drop(Project::load(&Options::from_text(text)));
        assert!(start.elapsed() < Duration::from_secs(20), "it took {:?}", start.elapsed());
    }
}

#[test]
fn an_env_file_whose_variables_build_on_one_another_is_read_in_time() {
    let lines: String = (0..50_000).map(|number| format!("K{}=$K{number}x$NOPE\n", number + 1)).collect();
    let options = Options::from_text("services: { a: { image: x, env_file: big.env } }").with_text("big.env", lines);
    let start = Instant::now();
    drop(Project::load(&options));
    assert!(start.elapsed() < Duration::from_secs(20), "it took {:?}", start.elapsed());
}

#[test]
fn includes_that_multiply_are_refused() {
    let mut options = Options::from_text("include: [f0.yaml, f0.yaml]");
    for level in 0..40 {
        let next = format!("f{}.yaml", level + 1);
        options = options.with_text(format!("f{level}.yaml"), format!("include: [{next}, {next}]"));
    }
    let error = Project::load(&options.with_text("f40.yaml", "services: {}")).expect_err("it must be refused");
    assert!(error.to_string().contains("more than 2000 files"), "{error}");
}
