//! What an answer means for the lines that were sent.

use std::time::{Duration, SystemTime};

/// The longest pause that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What to do with the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// They were accepted.
    Taken,
    /// Some or all of them are bad and would be refused again. The good ones were accepted.
    Refused {
        /// Why, in a word.
        reason: &'static str,
        /// How many, if the server said so.
        lines: Option<u64>,
    },
    /// The request is too large; its parts may be small enough.
    TooLarge,
    /// Not now: send the same request again later.
    Later {
        /// Why, as a metric's label: `rate_limited`, `server_error`, `refused`.
        reason: &'static str,
        /// The pause the server asked for.
        after: Option<Duration>,
    },
}

/// Judges an answer. Lines are given up only if the answer says that they are bad. A wrong password or path is for a person
/// to fix, and the lines wait.
pub fn judge(status: u16, after: Option<Duration>, body: &str) -> Verdict {
    match status {
        200..300 => Verdict::Taken,
        413 => Verdict::TooLarge,
        // Of the headers, only the tenant comes from lines. The client knows whether it does.
        431 => Verdict::Refused { reason: "invalid_tenant", lines: None },
        400 | 406 | 409 | 415 | 422 => Verdict::Refused { reason: reason(body), lines: ignored(body) },
        429 => Verdict::Later { reason: "rate_limited", after },
        500.. => Verdict::Later { reason: "server_error", after },
        _ => Verdict::Later { reason: "not_accepted", after },
    }
}

/// Loki's words for its refusals, and ours.
const REASONS: [(&str, &str); 12] = [
    ("entry too far behind", "too_far_behind"),
    ("entry out of order", "out_of_order"),
    ("timestamp too old", "too_old"),
    ("timestamp too new", "too_new"),
    ("couldn't parse labels", "invalid_labels"),
    ("error parsing labels", "invalid_labels"),
    ("label names; limit", "too_many_labels"),
    ("label name too long", "label_name_too_long"),
    ("label value too long", "label_value_too_long"),
    ("duplicate label", "duplicate_label"),
    ("max entry size", "line_too_long"),
    ("structured metadata", "structured_metadata"),
];

fn reason(body: &str) -> &'static str {
    REASONS.iter().find(|(words, _)| body.contains(words)).map_or("bad_request", |(_, reason)| reason)
}

/// The sum of what the server says it ignored: `total ignored: 1 out of 5 for stream: {...}`.
fn ignored(body: &str) -> Option<u64> {
    let counts: Vec<u64> =
        body.split("total ignored: ").skip(1).filter_map(|rest| rest.split(' ').next()?.parse().ok()).collect();
    (!counts.is_empty()).then(|| counts.iter().sum())
}

/// The pause that a `Retry-After` asks for (RFC 9110, 10.2.3): seconds, or a date.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let pause = match value.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value.trim()).ok()?;
            SystemTime::from(date).duration_since(now).unwrap_or_default()
        }
    };
    Some(pause.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_only_given_up_when_they_are_bad() {
        assert_eq!(judge(204, None, ""), Verdict::Taken);
        let body = "entry with timestamp 2026-11-20 19:51:37 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: \
                    x, oldest acceptable timestamp is: y',\nuser 'fake', total ignored: 3 out of 5 for stream: {a=\"b\"}\n";
        assert_eq!(judge(400, None, body), Verdict::Refused { reason: "too_far_behind", lines: Some(3) });
        let body = "entry for stream '{l0=\"v\"}' has 16 label names; limit 15\n";
        assert_eq!(judge(400, None, body), Verdict::Refused { reason: "too_many_labels", lines: None });
        assert_eq!(judge(413, None, ""), Verdict::TooLarge);
        for status in [301, 401, 403, 404, 408, 429, 500, 502, 503] {
            assert!(matches!(judge(status, None, ""), Verdict::Later { .. }), "{status}");
        }
    }

    #[test]
    fn the_pause_that_a_server_asks_for_is_understood() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:27 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("99999999", now), Some(LONGEST_PAUSE));
        assert_eq!(retry_after("soon", now), None);
    }
}
