//! What a plan changes, as people and programs read it: one entry for each object, with its settings that change.

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::{Value, json};
use wharf_orchestrator::event::{Act, Subject};
use wharf_orchestrator::plan::{Change, changes};
use wharf_orchestrator::{Difference, Plan};

use crate::screen::{plain, words};

/// How plans are printed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct View {
    /// All steps, with what each waits for, instead of the changes.
    pub(crate) steps: bool,
    /// Also values that may be credentials.
    pub(crate) values: bool,
    pub(crate) colour: bool,
}

/// The changes of a plan as text.
pub(crate) fn text(plan: &Plan, view: View) -> String {
    if view.steps {
        return plain::lines(&plan.to_string()).into_owned();
    }
    let changes = changes(plan);
    if changes.is_empty() {
        return "nothing to do\n".to_owned();
    }
    let heads: Vec<String> = changes.iter().map(head).collect();
    let width = heads.iter().map(|head| head.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (change, head) in changes.iter().zip(heads) {
        let style = if view.colour { colour(change.act) } else { Style::new() };
        let differences = change.cause.differences();
        let line = match differences.is_empty() {
            true => format!("{style}{head:width$}{style:#}  {}", plain::one_line(&change.cause.to_string())),
            false => format!("{style}{head}{style:#}"),
        };
        text.push_str(line.trim_end());
        text.push('\n');
        for difference in differences {
            text.push_str(&format!("    {}\n", plain::one_line(&field(&difference, view.values))));
        }
    }
    text
}

/// The changes of plans as JSON, with all of their steps if the view asks for them.
pub(crate) fn json(project: &str, plans: &[Plan], view: View) -> Value {
    let all: Vec<Value> = plans.iter().flat_map(changes).map(|change| entry(&change, view)).collect();
    let mut value = json!({ "project": project, "changes": all });
    if view.steps {
        let steps = plans.iter().flat_map(Plan::nodes);
        value["steps"] =
            steps.map(|node| json!({ "step": node.step().to_string(), "cause": node.cause().to_string() })).collect();
    }
    value
}

fn entry(change: &Change, view: View) -> Value {
    #[derive(Serialize)]
    struct Field<'a> {
        field: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        was: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        will: Option<&'a str>,
        /// The values are not shown.
        hidden: bool,
    }
    let differences = change.cause.differences();
    let field = |difference: &'_ Difference| {
        let hidden = is_hidden(difference, view.values);
        let shown = |value: &'_ Option<String>| value.clone().filter(|_| !hidden);
        let (was, will) = (shown(&difference.was), shown(&difference.will));
        json!(Field { field: &difference.field, was: was.as_deref(), will: will.as_deref(), hidden })
    };
    json!({
        "action": verb(change.act), "kind": kind(&change.subject), "name": change.subject.name(),
        "cause": change.cause.to_string(), "fields": differences.iter().map(field).collect::<Vec<_>>(),
    })
}

/// `environment.REDIS_HOST: redis -> redis2`
pub(crate) fn field(difference: &Difference, values: bool) -> String {
    let Difference { field, was, will, .. } = difference;
    let hidden = is_hidden(difference, values);
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".to_owned());
    match (was, will) {
        (None, None) => format!("{field} (changed)"),
        (Some(_), None) if hidden => format!("{field} (removed)"),
        (None, Some(_)) if hidden => format!("{field} (added)"),
        _ if hidden => format!("{field} (changed)"),
        _ => format!("{field}: {} -> {}", shown(was), shown(will)),
    }
}

fn is_hidden(difference: &Difference, values: bool) -> bool {
    let known = difference.was.is_some() || difference.will.is_some();
    !known || (difference.confidential && !values)
}

fn head(change: &Change) -> String {
    format!("{} {} {}", verb(change.act), kind(&change.subject), plain::one_line(change.subject.name()))
}

fn kind(subject: &Subject) -> String {
    words::kind(subject).to_lowercase()
}

fn verb(act: Act) -> &'static str {
    match act {
        Act::Pull => "pull",
        Act::Push => "push",
        Act::Build => "build",
        Act::Create => "create",
        Act::Recreate => "replace",
        Act::Rename => "rename",
        Act::Start => "start",
        Act::RunInitContainer | Act::RunHook(_) => "run hooks of",
        Act::Await(_) => "wait for",
        Act::Stop => "stop",
        Act::Restart => "restart",
        Act::Kill => "send a signal to",
        Act::Pause => "pause",
        Act::Unpause => "unpause",
        Act::Commit => "commit",
        Act::CopyInto => "copy into",
        Act::Sync => "sync files to",
        Act::Exec => "run a command in",
        Act::Remove => "remove",
    }
}

fn colour(act: Act) -> Style {
    let colour = match act {
        Act::Create | Act::Pull | Act::Push | Act::Build | Act::Start => AnsiColor::Green,
        Act::Remove | Act::Kill => AnsiColor::Red,
        _ => AnsiColor::Yellow,
    };
    Style::new().fg_color(Some(colour.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_may_be_credentials_are_shown_on_demand() {
        let difference = |was: Option<&str>, will: Option<&str>, confidential| Difference {
            field: "environment.X".into(),
            was: was.map(str::to_owned),
            will: will.map(str::to_owned),
            confidential,
        };
        let lines: Vec<String> = [
            difference(Some("redis"), Some("redis2"), false),
            difference(None, Some("1"), false),
            difference(Some("1"), None, false),
            difference(Some("a"), Some("b"), true),
            difference(None, Some("b"), true),
            difference(Some("a"), None, true),
            difference(None, None, true),
        ]
        .iter()
        .map(|difference| format!("{:35} {}", field(difference, false), field(difference, true)))
        .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        environment.X: redis -> redis2      environment.X: redis -> redis2
        environment.X: not set -> 1         environment.X: not set -> 1
        environment.X: 1 -> not set         environment.X: 1 -> not set
        environment.X (changed)             environment.X: a -> b
        environment.X (added)               environment.X: not set -> b
        environment.X (removed)             environment.X: a -> not set
        environment.X (changed)             environment.X (changed)
        ");
    }
}
