//! Ranges of server versions, in the language of `runonserver`: <https://github.com/blang/semver#ranges>.

/// One or more ranges. Without any, all versions are meant.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ranges(Vec<Vec<Comparison>>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Comparison {
    operator: Operator,
    version: Version,
}

/// Versions from one on, up to and without another: both ends are the numbers that `server_version_num` has. `15.2.0` is one
/// version, `15.x` are many.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Version {
    from: u32,
    before: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Less,
    AtMost,
    Equal,
    Unequal,
    AtLeast,
    Greater,
}

impl Ranges {
    /// Whether a server of this version (`server_version_num`) is in one of the ranges.
    pub(super) fn contain(&self, server: u32) -> bool {
        let holds = |Comparison { operator, version: Version { from, before } }: &Comparison| match operator {
            Operator::Less => server < *from,
            Operator::AtMost => server < *before,
            Operator::Equal => (*from..*before).contains(&server),
            Operator::Unequal => !(*from..*before).contains(&server),
            Operator::AtLeast => server >= *from,
            Operator::Greater => server >= *before,
        };
        self.0.is_empty() || self.0.iter().any(|range| range.iter().all(holds))
    }
}

/// `>=10.0.0 <13.0.0 || >=15.2.0`: all comparisons of one of the ranges must hold.
pub(super) fn ranges(text: &str) -> Result<Ranges, String> {
    if text.trim().is_empty() {
        return Ok(Ranges::default());
    }
    text.split("||").map(range).collect::<Result<_, _>>().map(Ranges)
}

fn range(text: &str) -> Result<Vec<Comparison>, String> {
    let mut comparisons = Vec::new();
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("runonserver: there is nothing beside `||`".to_owned());
    }
    while !rest.is_empty() {
        // A space may follow the operator.
        let version = rest.trim_start_matches(['<', '>', '=', '!']);
        let operator = &rest[..rest.len() - version.len()];
        let version = version.trim_start();
        let end = version.find(|c: char| c.is_whitespace() || "<>=!".contains(c)).unwrap_or(version.len());
        comparisons.push(comparison(operator, &version[..end])?);
        rest = version[end..].trim_start();
    }
    Ok(comparisons)
}

fn comparison(operator: &str, text: &str) -> Result<Comparison, String> {
    let operator = match operator {
        "<" => Operator::Less,
        "<=" => Operator::AtMost,
        "" | "=" | "==" => Operator::Equal,
        "!=" | "!" => Operator::Unequal,
        ">=" => Operator::AtLeast,
        ">" => Operator::Greater,
        _ => return Err(format!("runonserver: {operator:?} is not a comparison: write it as in \">=10.0.0 <13.0.0\"")),
    };
    let version = version(text).ok_or_else(|| format!("runonserver: {text:?} is not a version such as 15.2.0"))?;
    Ok(Comparison { operator, version })
}

/// `15.2.0` as `server_version_num` has it, which is 150002. `x` stands for any number.
fn version(text: &str) -> Option<Version> {
    let mut parts = text.split('.');
    let major = part(parts.next()?)??;
    let minor = parts.next().map_or(Some(Some(0)), part)?;
    let patch = parts.next().map_or(Some(Some(0)), part);
    patch?;
    let from = major * 10_000 + minor.unwrap_or(0);
    Some(Version { from, before: if minor.is_some() { from + 1 } else { from + 10_000 } })
}

/// A part of a version; `Some(None)` is any number.
fn part(text: &str) -> Option<Option<u32>> {
    match text {
        "x" | "X" | "*" => Some(None),
        digits => digits.parse().ok().filter(|part| *part < 10_000).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contain(text: &str, server: u32) -> bool {
        ranges(text).unwrap().contain(server)
    }

    #[test]
    fn all_comparisons_of_one_range_must_hold() {
        for (text, inside, outside) in [
            (">=10.0.0 <16", 150_004, 160_000),
            ("<10.0.0 || >=15.2.0", 150_002, 150_001),
            ("<10.0.0||>=15.2.0", 90_600, 140_000),
            (">= 10.0.0 < 13.0.0", 120_001, 130_000),
            (">=10.0.0<13.0.0", 120_001, 130_000),
            ("15.x", 150_009, 160_000),
            ("!15.X.x", 140_009, 150_003),
            (">15.x", 160_000, 150_003),
            ("<=15.x", 150_003, 160_000),
            ("15.2.0", 150_002, 150_003),
        ] {
            assert!(contain(text, inside) && !contain(text, outside), "{text}");
        }
        assert!(contain("", 1) && contain("  ", 200_000));
    }

    #[test]
    fn what_is_no_range_says_why() {
        for (text, reason) in [
            ("~10", "\"~10\" is not a version"),
            ("=>10", "\"=>\" is not a comparison"),
            (">=", "\"\" is not a version"),
            ("<9 ||", "nothing beside `||`"),
            ("x", "\"x\" is not a version"),
        ] {
            let error = ranges(text).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
