use insta::assert_snapshot;
use proptest::prelude::*;

use super::super::{COUNT_GROUND, LABEL_GROUND, Look, count, no_room, out_of_reach, refused};
use super::*;
use crate::wcag;

fn pretty(svg: &str) -> String {
    svg.replace("><", ">\n<")
}

fn hits(style: Style) -> String {
    pretty(&draw(style, ("hits", LABEL_GROUND), ("12.3k", COUNT_GROUND)))
}

#[test]
fn flat() {
    assert_snapshot!(hits(Style::Flat));
}

#[test]
fn flat_square() {
    assert_snapshot!(hits(Style::FlatSquare));
}

#[test]
fn plastic() {
    assert_snapshot!(hits(Style::Plastic));
}

#[test]
fn for_the_badge() {
    assert_snapshot!(hits(Style::ForTheBadge));
}

#[test]
fn without_a_label_there_is_one_half() {
    assert_snapshot!(pretty(&draw(Style::FlatSquare, ("", LABEL_GROUND), ("7", Colour::WHITE))));
}

#[test]
fn halves_are_as_wide_as_those_of_shields_io() {
    let widths = |style, label, message| {
        let halves = match style {
            Style::ForTheBadge => spaced((label, LABEL_GROUND), (message, COUNT_GROUND)),
            _ => close((label, LABEL_GROUND), (message, COUNT_GROUND)),
        };
        halves.iter().map(|half| (half.width, half.text_width, 10.0 * half.middle)).collect::<Vec<_>>()
    };
    // The numbers of badge-maker's own tests.
    assert_eq!(widths(Style::Flat, "cactus", "grown"), [(45.0, 35.0, 235.0), (45.0, 35.0, 665.0)]);
    assert_eq!(widths(Style::Plastic, "", "grown"), [(45.0, 35.0, 225.0)]);
    assert_eq!(widths(Style::ForTheBadge, "build", "passing"), [(61.25, 37.25, 306.25), (83.75, 59.75, 1031.25)]);
}

#[test]
fn a_badge_tells_its_count_to_those_who_do_not_see_it() {
    let svg = count(&Look::default(), "1\u{202f}234");
    assert!(svg.contains("role=\"img\" aria-label=\"hits: 1\u{202f}234\"><title>hits: 1\u{202f}234</title>"), "{svg}");
    assert!(!svg.contains("style") && !svg.contains("<script"), "{svg}");
}

#[test]
fn without_a_count_the_badge_says_so() {
    let look = Look { label: "views".into(), style: Style::Plastic, ..Look::default() };
    for (svg, says) in [
        (out_of_reach(&look), "views: out of reach"),
        (no_room(&look), "views: no room for a new key"),
        (refused("color", "no colour"), "color: no colour"),
    ] {
        assert!(svg.contains(&format!("<title>{says}</title>")), "{svg}");
        assert_eq!(ill_formed(&svg), None);
    }
}

#[test]
fn every_text_of_our_own_colours_can_be_read() {
    for svg in [count(&Look::default(), "1"), out_of_reach(&Look::default()), no_room(&Look::default())] {
        let fill = |element: &str| {
            let tag = format!("<{element} ");
            let elements = svg.split(&tag).skip(1).filter(|rest| !rest.contains("fill-opacity"));
            let fills = elements.filter_map(|rest| rest.split("fill=\"").nth(1)?.split('"').next()?.parse().ok());
            fills.map(Colour::rgb).collect::<Vec<_>>()
        };
        let (grounds, texts) = (fill("rect"), fill("text"));
        assert!(grounds.len() >= 2, "{svg}");
        for ground in &grounds[grounds.len() - 2..] {
            let best = texts.iter().map(|text| wcag::ratio(*ground, *text)).fold(0.0, f64::max);
            assert!(best >= wcag::AA, "{ground:?} in {svg}");
        }
    }
}

/// What makes `xml` ill-formed: tags that do not match, values without quotes, signs that XML does not have or wants escaped.
fn ill_formed(xml: &str) -> Option<String> {
    let mut open = Vec::new();
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        if let Some(problem) = bad_text(&rest[..start]) {
            return Some(problem);
        }
        let Some(end) = rest.find('>') else { return Some(format!("no end of {rest}")) };
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Some(format!("</{name}> closes nothing"));
            }
            continue;
        }
        let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        if !name.chars().all(|c| c.is_ascii_alphabetic()) {
            return Some(format!("<{name}>"));
        }
        while !attributes.is_empty() {
            let Some((name, value)) = attributes.split_once("=\"") else { return Some(attributes.to_owned()) };
            let Some((value, more)) = value.split_once('"') else { return Some(attributes.to_owned()) };
            if !name.trim_start().chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                || !matches!(more.chars().next(), None | Some(' '))
            {
                return Some(attributes.to_owned());
            }
            if let Some(problem) = bad_text(value) {
                return Some(problem);
            }
            attributes = more;
        }
        if !empty {
            open.push(name);
        }
    }
    (!open.is_empty() || !rest.is_empty()).then(|| format!("{open:?} {rest}"))
}

fn bad_text(text: &str) -> Option<String> {
    const ENTITIES: [&str; 5] = ["amp;", "lt;", "gt;", "quot;", "#39;"];
    let wild = text.split('&').skip(1).any(|rest| !ENTITIES.iter().any(|entity| rest.starts_with(entity)));
    let foreign = text.contains(|c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'));
    (wild || foreign || text.contains(['<', '>', '"'])).then(|| format!("text {text:?}"))
}

#[test]
fn the_check_for_xml_finds_what_is_wrong() {
    for xml in
        ["<a>", "<a></b>", "<a b=c/>", "<a>&</a>", "<a b=\"<\"/>", "<a>\u{1}</a>", "<a b=\"c\"d=\"e\"/>", "<a/>x"]
    {
        assert!(ill_formed(xml).is_some(), "{xml}");
    }
    assert_eq!(ill_formed("<a b=\"c\" d=\"&lt;\"><e/>text&amp;</a>"), None);
}

fn styles() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(Style::ALL.map(|(name, _)| name).to_vec())
}

proptest! {
    #[test]
    fn whatever_is_asked_for_the_badge_is_well_formed(label: String, colour in "[0-9a-fA-F]{3}|\\PC{0,8}", style in styles()) {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("label", &label).append_pair("color", &colour).append_pair("style", style);
        let svg = match Look::parse(&query.finish()) {
            Ok(look) => count(&look, "1\u{202f}234"),
            Err(parameter) => refused(parameter.name(), &parameter.to_string()),
        };
        prop_assert_eq!(ill_formed(&svg), None, "{}", svg);
        prop_assert!(!svg.contains("<script") && !svg.contains("<style"));
    }

    #[test]
    fn any_query_gives_a_look_or_a_reason(query in "\\PC{0,60}") {
        let _ = Look::parse(&query);
    }

    #[test]
    fn a_text_with_markup_stays_a_text(label in "[<>&\"'a;/=! -]{0,64}") {
        let look = Look { label: label.clone(), ..Look::default() };
        let svg = count(&look, "1");
        prop_assert_eq!(ill_formed(&svg), None, "{}", svg);
    }
}
