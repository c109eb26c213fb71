//! A plan as a person thinks of it: what becomes of each image, network, volume and container. The five steps that replace a
//! container are one change.

use std::collections::BTreeMap;

use super::{Cause, ContainerAct, ContainerStep, Plan, Step};
use crate::event::{Act, HookPoint, Subject};

/// What a plan does to one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What is done. A container that is stopped, removed and created again is [recreated](Act::Recreate).
    pub act: Act,
    /// The object, by the name that it has in the end.
    pub subject: Subject,
    /// Why.
    pub cause: Cause,
}

/// What a plan does, in the order in which it begins. Steps that only wait change nothing.
pub fn changes(plan: &Plan) -> Vec<Change> {
    let names = final_names(plan);
    let mut order: Vec<Subject> = Vec::new();
    let mut steps: BTreeMap<Subject, Vec<usize>> = BTreeMap::new();
    for (number, node) in plan.nodes().iter().enumerate().filter(|(_, node)| !node.step().is_wait()) {
        let subject = match node.step().subject() {
            Subject::Container(name) if is_before_its_name(node.step()) => {
                Subject::Container(names.get(name.as_str()).map_or(name, |name| (*name).to_owned()))
            }
            other => other,
        };
        let steps_of = steps.entry(subject.clone()).or_default();
        if steps_of.is_empty() {
            order.push(subject);
        }
        steps_of.push(number);
    }
    let change = |subject: Subject| {
        let numbers = steps.get(&subject)?;
        let acts: Vec<Act> =
            numbers.iter().filter_map(|number| Some(plan.nodes().get(*number)?.step().act())).collect();
        let causes = numbers.iter().filter_map(|number| plan.nodes().get(*number).map(|node| node.cause()));
        let cause =
            causes.clone().find(|cause| cause.is_news()).or_else(|| causes.clone().find(|cause| !is_implied(cause)));
        let cause = cause.or_else(|| causes.clone().next())?.clone();
        Some(Change { act: folded(&acts)?, subject, cause })
    };
    order.into_iter().filter_map(change).collect()
}

fn is_implied(cause: &Cause) -> bool {
    matches!(cause, Cause::Follows | Cause::Hook)
}

/// Whether the container that a step is about has not been given its final name yet. Two containers may exchange their names.
fn is_before_its_name(step: &Step) -> bool {
    matches!(step.act(), Act::Create | Act::Recreate | Act::Stop | Act::Remove | Act::RunHook(HookPoint::PreStop))
}

/// The names that containers get, by those that they and the ones that they replace have before.
fn final_names(plan: &Plan) -> BTreeMap<&str, &str> {
    let mut names = BTreeMap::new();
    for node in plan.nodes() {
        let Step::Container(ContainerStep { name, act: ContainerAct::Rename { from } }) = node.step() else { continue };
        names.insert(from.as_str(), name.as_str());
        // It completes what the end of the old container began.
        let old = node.completes().and_then(|begun| plan.nodes().get(begun));
        if let Some(Step::Container(old)) = old.map(|old| old.step()) {
            names.insert(old.name.as_str(), name.as_str());
        }
    }
    names
}

/// One word for what several steps do to an object.
fn folded(acts: &[Act]) -> Option<Act> {
    let has = |act: Act| acts.contains(&act);
    let is_hook = |act: &Act| matches!(act, Act::RunHook(_) | Act::RunInitContainer);
    Some(match acts {
        _ if has(Act::Recreate) || (has(Act::Create) && has(Act::Remove)) => Act::Recreate,
        _ if has(Act::Create) => Act::Create,
        _ if has(Act::Remove) => Act::Remove,
        _ if has(Act::Restart) || (has(Act::Stop) && has(Act::Start)) => Act::Restart,
        _ if has(Act::Start) => Act::Start,
        _ if has(Act::Stop) => Act::Stop,
        acts => *acts.iter().find(|act| !is_hook(act)).or(acts.first())?,
    })
}
