//! Why a query has no data: the metric is missing, a label is missing, or no series has the value.

use super::promql::{Matcher, Selector, selectors};

/// Prometheus' answer to an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The number of series.
    Series(usize),
    /// It cannot be evaluated, with the reason.
    Refused(String),
}

/// The result of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has data.
    Data,
    /// Prometheus refuses it, with the reason.
    Refused(String),
    /// It has no data.
    Empty(Vec<Reason>),
}

/// Why a query has no data here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No series has this name.
    UnknownMetric(String),
    /// No series of this metric has this label.
    UnknownLabel {
        /// The metric.
        metric: String,
        /// The label.
        label: String,
    },
    /// Series of the metric have the label, but none has such a value.
    NoValue {
        /// The metric.
        metric: String,
        /// The condition, as PromQL.
        condition: String,
    },
    /// Each condition holds for some series, but no series satisfies all of them.
    NotTogether(String),
    /// All selected series exist, but the result is empty, as that of a comparison or a division may be.
    Computed,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reason::UnknownMetric(metric) => write!(f, "metric unknown: {metric}"),
            Reason::UnknownLabel { metric, label } => write!(f, "label unknown: {metric} has no {label}"),
            Reason::NoValue { metric, condition } => write!(f, "no such value: no {metric} has {condition}"),
            Reason::NotTogether(selector) => write!(f, "no series has all of {selector}"),
            Reason::Computed => {
                f.write_str("what it selects is there, but not what it computes (a comparison, a division, or too new)")
            }
        }
    }
}

/// Evaluates a query, and finds the reason if it has no data. `ask` evaluates an expression now.
///
/// # Errors
///
/// Those of `ask`.
pub async fn examine<E>(expression: &str, ask: impl AsyncFn(&str) -> Result<Answer, E>) -> Result<Verdict, E> {
    match ask(expression).await? {
        Answer::Series(0) => {}
        Answer::Series(_) => return Ok(Verdict::Data),
        Answer::Refused(why) => return Ok(Verdict::Refused(why)),
    }
    let mut reasons = Vec::new();
    for selector in selectors(expression) {
        for reason in missing(&selector, &ask).await? {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
    }
    if reasons.is_empty() {
        reasons.push(Reason::Computed);
    }
    Ok(Verdict::Empty(reasons))
}

/// Why a selector selects nothing. `None` if it selects something.
async fn missing<E>(selector: &Selector, ask: &impl AsyncFn(&str) -> Result<Answer, E>) -> Result<Vec<Reason>, E> {
    // Some names can only be written in braces.
    let there = async |matchers: &[Matcher]| {
        let name = selector.metric.as_ref().map(|metric| Matcher {
            label: "__name__".to_owned(),
            operator: "=".to_owned(),
            value: format!("{metric:?}"),
        });
        let of_name = Selector { metric: None, matchers: name.into_iter().chain(matchers.iter().cloned()).collect() };
        Ok::<_, E>(ask(&format!("count({of_name})")).await? != Answer::Series(0))
    };
    if there(&selector.matchers).await? {
        return Ok(Vec::new());
    }
    let Some(metric) = &selector.metric else { return Ok(vec![Reason::NotTogether(selector.to_string())]) };
    if !there(&[]).await? {
        return Ok(vec![Reason::UnknownMetric(metric.clone())]);
    }
    let mut reasons = Vec::new();
    for matcher in selector.matchers.iter().filter(|matcher| !matcher.takes_absence()) {
        let (metric, label) = (metric.clone(), matcher.label.clone());
        let any = Matcher { label: label.clone(), operator: "!=".to_owned(), value: "\"\"".to_owned() };
        if !there(&[any]).await? {
            reasons.push(Reason::UnknownLabel { metric, label });
        } else if !there(std::slice::from_ref(matcher)).await? {
            reasons.push(Reason::NoValue { metric, condition: matcher.to_string() });
        }
    }
    if reasons.is_empty() {
        reasons.push(Reason::NotTogether(selector.to_string()));
    }
    Ok(reasons)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// A Prometheus with these expressions' series, and none for others.
    async fn verdict(expression: &str, with_data: &[&str]) -> Verdict {
        let ask = async |asked: &str| {
            Ok::<_, Infallible>(match asked {
                "broken(" => Answer::Refused("parse error".to_owned()),
                asked => Answer::Series(usize::from(with_data.contains(&asked))),
            })
        };
        examine(expression, ask).await.unwrap()
    }

    async fn reasons(expression: &str, with_data: &[&str]) -> Vec<String> {
        let Verdict::Empty(reasons) = verdict(expression, with_data).await else { panic!("{expression} has data") };
        reasons.iter().map(Reason::to_string).collect()
    }

    #[tokio::test]
    async fn the_reason_is_the_first_thing_that_is_missing() {
        assert_eq!(verdict("up", &["up"]).await, Verdict::Data);
        assert_eq!(verdict("broken(", &[]).await, Verdict::Refused("parse error".to_owned()));
        assert_eq!(reasons("rate(a[5m]) / a", &[]).await, ["metric unknown: a"]);
        let name = "count({__name__=\"a\"})";
        let query = "a{b=\"c\"}";
        assert_eq!(reasons(query, &[name]).await, ["label unknown: a has no b"]);
        let label = "count({__name__=\"a\",b!=\"\"})";
        assert_eq!(reasons(query, &[name, label]).await, ["no such value: no a has b=\"c\""]);
        let two = "a{b=\"c\",d=~\"e\"}";
        let each = [
            name,
            label,
            "count({__name__=\"a\",d!=\"\"})",
            "count({__name__=\"a\",b=\"c\"})",
            "count({__name__=\"a\",d=~\"e\"})",
        ];
        assert_eq!(reasons(two, &each).await, ["no series has all of a{b=\"c\",d=~\"e\"}"]);
        let computed = reasons("a > 1", &[name]).await;
        assert!(computed[0].starts_with("what it selects is there"), "{computed:?}");
    }
}
