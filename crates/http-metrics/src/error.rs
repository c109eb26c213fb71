//! Why metrics could not be made.

/// Why metrics could not be created. All of these are found at the start, before any request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name of a metric or of one of its labels is not allowed, or its description is empty.
    #[error("the metric {metric:?} cannot be made: {source}")]
    Description {
        /// The metric's name.
        metric: String,
        /// What the `prometheus` crate says.
        source: prometheus::Error,
    },
    /// The name of a label is already in use.
    #[error("the metric {metric:?} cannot have a label {label:?}: {reason}")]
    Label {
        /// The metric's name.
        metric: String,
        /// The label's name.
        label: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The buckets are invalid.
    #[error("the metric {metric:?} cannot have these buckets: {source}")]
    Buckets {
        /// The metric's name.
        metric: String,
        /// What is wrong with them.
        source: BucketError,
    },
    /// The registry has metrics of these names already.
    #[error("the registry did not take {metrics}: {source}")]
    Registry {
        /// The names of the metrics.
        metrics: String,
        /// What the `prometheus` crate says.
        source: prometheus::Error,
    },
    /// A known method is not the name of a method.
    #[error("{method:?} is not the name of a method")]
    Method {
        /// What was given.
        method: String,
    },
    /// A pattern of paths is not a regular expression.
    #[error("the pattern of excluded paths {pattern:?} is not a regular expression: {source}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What the `regex` crate says.
        source: regex::Error,
    },
}

/// What is wrong with buckets.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BucketError {
    /// A bound is not greater than the one before.
    #[error("{1} comes after {0} but is not greater")]
    NotAscending(f64, f64),
    /// A bound is negative or not a number.
    #[error("{0} is not a number of zero or more")]
    OutOfRange(f64),
}
