//! When containers are restarted, and when images are pulled.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::text::serde_as_text;

/// `restart`: when the engine starts a container again that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RestartPolicy {
    /// Never.
    No,
    /// Always, also after a restart of the engine.
    Always,
    /// Always, unless it was stopped manually.
    UnlessStopped,
    /// When it ends with a code other than 0.
    OnFailure {
        /// Attempts before the engine gives up; `None`: it never does.
        max_retries: Option<u32>,
    },
    /// Another text. Some of them mean something to docker compose: see [`RestartPolicy::meant`].
    Other(String),
}

impl RestartPolicy {
    /// The policy that the engine gets. docker compose takes `any` for `always`, and `none` and the empty text for `no`. `None`:
    /// the text is no policy.
    pub fn meant(&self) -> Option<RestartPolicy> {
        match self {
            RestartPolicy::Other(text) => match text.as_str() {
                "any" => Some(RestartPolicy::Always),
                "" | "none" => Some(RestartPolicy::No),
                _ => None,
            },
            policy => Some(policy.clone()),
        }
    }
}

impl FromStr for RestartPolicy {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let policy = match text {
            "no" => RestartPolicy::No,
            "always" => RestartPolicy::Always,
            "unless-stopped" => RestartPolicy::UnlessStopped,
            "on-failure" => RestartPolicy::OnFailure { max_retries: None },
            _ => match text.strip_prefix("on-failure:").and_then(|count| count.parse().ok()) {
                Some(count) => RestartPolicy::OnFailure { max_retries: Some(count) },
                None => RestartPolicy::Other(text.to_owned()),
            },
        };
        Ok(policy)
    }
}

impl fmt::Display for RestartPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RestartPolicy::No => f.write_str("no"),
            RestartPolicy::Always => f.write_str("always"),
            RestartPolicy::UnlessStopped => f.write_str("unless-stopped"),
            RestartPolicy::OnFailure { max_retries: None } => f.write_str("on-failure"),
            RestartPolicy::OnFailure { max_retries: Some(count) } => write!(f, "on-failure:{count}"),
            RestartPolicy::Other(text) => f.write_str(text),
        }
    }
}

/// `pull_policy`: when the image is pulled.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PullPolicy {
    /// Each time.
    Always,
    /// Never: the image has to be here.
    Never,
    /// When it is not here.
    Missing,
    /// The same by its older name, which [`Passes::normalise`](crate::Passes::normalise) replaces.
    IfNotPresent,
    /// Never; it is built, even when it is here.
    Build,
    /// When it is older than a day.
    Daily,
    /// When it is older than a week.
    Weekly,
    /// When it is older than `pull_refresh_after` says.
    Refresh,
    /// When it is older than a length of time.
    Every(Interval),
}

/// The length of time of `every_<duration>`, and how the file writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Interval {
    length: Duration,
    written: String,
}

/// A text is not a pull policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a pull policy")]
pub struct NotAPullPolicy(String);

impl PullPolicy {
    /// The age from which on the image is pulled again, if the policy has one.
    pub fn max_age(&self) -> Option<Duration> {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        match self {
            PullPolicy::Daily => Some(DAY),
            PullPolicy::Weekly => Some(7 * DAY),
            PullPolicy::Every(interval) => Some(interval.length),
            _ => None,
        }
    }
}

impl FromStr for PullPolicy {
    type Err = NotAPullPolicy;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "always" => PullPolicy::Always,
            "never" => PullPolicy::Never,
            "missing" => PullPolicy::Missing,
            "if_not_present" => PullPolicy::IfNotPresent,
            "build" => PullPolicy::Build,
            "daily" => PullPolicy::Daily,
            "weekly" => PullPolicy::Weekly,
            "refresh" => PullPolicy::Refresh,
            _ => {
                let interval = text.strip_prefix("every_").and_then(|written| {
                    let length = written.parse::<super::Duration>().ok()?.0;
                    Some(Interval { length, written: written.to_owned() })
                });
                PullPolicy::Every(interval.ok_or_else(|| NotAPullPolicy(text.to_owned()))?)
            }
        })
    }
}

impl fmt::Display for PullPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PullPolicy::Always => "always",
            PullPolicy::Never => "never",
            PullPolicy::Missing => "missing",
            PullPolicy::IfNotPresent => "if_not_present",
            PullPolicy::Build => "build",
            PullPolicy::Daily => "daily",
            PullPolicy::Weekly => "weekly",
            PullPolicy::Refresh => "refresh",
            PullPolicy::Every(interval) => return write!(f, "every_{}", interval.written),
        })
    }
}

serde_as_text!(RestartPolicy, PullPolicy);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restart_policies_are_read_and_written() {
        let policy = |text: &str| text.parse::<RestartPolicy>().unwrap();
        assert_eq!(policy("on-failure:3"), RestartPolicy::OnFailure { max_retries: Some(3) });
        assert_eq!(policy("allways"), RestartPolicy::Other("allways".to_owned()));
        for text in ["no", "always", "unless-stopped", "on-failure", "on-failure:3", "allways", ""] {
            assert_eq!(policy(text).to_string(), text);
        }
        assert_eq!(
            (policy("any").meant(), policy("none").meant()),
            (Some(RestartPolicy::Always), Some(RestartPolicy::No))
        );
        for text in ["allways", "on-failure:x", "on-failure:-1", "always:3"] {
            assert_eq!(policy(text).meant(), None, "{text}");
        }
    }

    #[test]
    fn a_pull_policy_has_an_age_in_every_form_of_a_duration() {
        let age = |text: &str| text.parse::<PullPolicy>().unwrap().max_age().map(|age| age.as_secs());
        assert_eq!(age("every_1.5h"), Some(5400));
        assert_eq!(age("every_1w2d"), Some(9 * 86_400));
        assert_eq!((age("daily"), age("missing")), (Some(86_400), None));
        for text in ["always", "if_not_present", "refresh", "every_1.5h", "every_90m"] {
            assert_eq!(text.parse::<PullPolicy>().map(|policy| policy.to_string()), Ok(text.to_owned()));
        }
        assert!("every_".parse::<PullPolicy>().is_err());
        assert!("sometimes".parse::<PullPolicy>().is_err());
    }
}
