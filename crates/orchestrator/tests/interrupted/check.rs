//! What must hold after an interruption.

use std::collections::{BTreeMap, BTreeSet};

use wharf_testkit::picture::{Slot, difference};
use wharf_testkit::simulated_engine::Saved;
use wharf_testkit::{Shop, SimulatedEngine};

use crate::command::{Command, Interruption, Verb};

/// A command, on what earlier commands have made.
pub(crate) struct Scenario {
    /// They run before, and are not interrupted.
    pub(crate) before: Vec<Command>,
    /// It is interrupted.
    pub(crate) command: Command,
    /// What a user may do next instead of the same again.
    pub(crate) others: Vec<Command>,
}

/// What a command leads to when nothing interrupts it.
struct Reference {
    /// Its calls.
    calls: Vec<String>,
    /// What the engine has then.
    picture: Vec<String>,
    /// Replicas that run then.
    runs: BTreeSet<Slot>,
    /// Containers that are the same as before.
    untouched: Vec<String>,
    /// The calls of another run: jobs are done again.
    again: Vec<String>,
}

/// The engine before the command.
struct Before {
    saved: Saved,
    /// When each volume was created.
    volumes: BTreeMap<String, i64>,
    anonymous: BTreeMap<Slot, BTreeMap<String, String>>,
}

impl Scenario {
    /// Interrupts the command at each call, in each way. Then:
    ///
    /// - all that ran and that the command leaves alone still runs. Of each replica that it replaces, the old container or the
    ///   new one runs, unless the process was killed or the engine failed at a call for this replica;
    /// - the same command succeeds, and leads to what it leads to without an interruption. After that, nothing is left to do;
    /// - so does any other command;
    /// - no volume is lost unless volumes are to go, and each replica keeps its anonymous volumes.
    pub(crate) async fn check(&self) {
        let engine = SimulatedEngine::start();
        engine.add_image(Shop::DB_IMAGE, &["/var/lib/db"]);
        engine.add_image(Shop::APP_IMAGE, &[]);
        for command in &self.before {
            command.run(&engine).await.unwrap();
        }
        let before =
            Before { volumes: volumes(&engine), anonymous: engine.picture().anonymous_volumes(), saved: engine.save() };
        let mut next = Vec::new();
        for command in std::iter::once(&self.command).chain(&self.others) {
            next.push((command, reference(&before, command).await));
        }
        let reference = &next[0].1;
        let mut problems = Vec::new();
        let mut seen = BTreeSet::new();
        for (index, call) in reference.calls.iter().enumerate() {
            for interruption in Interruption::ALL {
                let engine = SimulatedEngine::start_with(&before.saved);
                let interrupted = self.command.run_interrupted(&engine, index + 1, interruption).await;
                let calls = engine.calls();
                let place = format!("{interruption:?} at call {} ({call})", index + 1);
                let mut report = |problem: String| problems.push(format!("{place}: {problem}\n    calls: {calls:?}"));
                if let Err(error) = &interrupted
                    && error.starts_with("it hangs")
                {
                    report(error.clone());
                }
                self.still_runs(&engine, &before, reference, interruption, call).into_iter().for_each(&mut report);
                if self.command.verb != Verb::DownVolumes {
                    kept_volumes(&engine, &before).into_iter().for_each(&mut report);
                }
                // Several interruptions leave the same.
                let picture = engine.picture();
                if !seen.insert((picture.lines(), picture.anonymous_volumes(), picture.identifiers())) {
                    continue;
                }
                let left = engine.save();
                for (command, reference) in &next {
                    let engine = SimulatedEngine::start_with(&left);
                    // What `down` removes, leaves its anonymous volumes behind.
                    let inherits = self.command.verb == Verb::Up || command.verb == self.command.verb;
                    let kept = (self.command.verb != Verb::DownVolumes).then_some(&before);
                    if let Err(problem) = repaired(&engine, kept, command, reference, inherits).await {
                        report(format!("then `{}`: {problem}", command.name));
                    }
                }
            }
        }
        assert!(
            problems.is_empty(),
            "{} problems after {} states:\n{}",
            problems.len(),
            seen.len(),
            problems.join("\n")
        );
    }

    /// What ran before and is down now without need.
    fn still_runs(
        &self,
        engine: &SimulatedEngine,
        before: &Before,
        reference: &Reference,
        interruption: Interruption,
        call: &str,
    ) -> Vec<String> {
        let old = SimulatedEngine::start_with(&before.saved);
        let ran = old.containers().into_iter().filter(|container| container.is_up());
        let now = engine.containers();
        let mut problems = Vec::new();
        for container in ran {
            let same = now.iter().find(|found| found.id == container.id);
            if reference.untouched.contains(&container.id) && !same.is_some_and(|same| same.is_up()) {
                problems.push(format!("{} is down, and was none of its business", container.name));
            }
        }
        // A process that is killed leaves what it was about to replace.
        if interruption.kills() || self.command.verb != Verb::Up {
            return problems;
        }
        let runs = engine.picture().running();
        for slot in old.picture().running().iter().filter(|slot| reference.runs.contains(slot) && !runs.contains(slot))
        {
            // It could not be started; or a call for a `pre_start` container of `web` failed, which the engine names.
            let hook_of = slot.0 == "web" && !call.contains("shop-");
            let not_started = call.contains(&format!("{}/start", name(slot)));
            let hit = matches!(interruption, Interruption::Fault(_)) && (hook_of || not_started);
            if !hit {
                problems.push(format!("nothing of {} {} runs", slot.0, slot.1));
            }
        }
        problems
    }
}

fn name((service, number): &Slot) -> String {
    format!("shop-{service}-{number}")
}

async fn reference(before: &Before, command: &Command) -> Reference {
    let engine = SimulatedEngine::start_with(&before.saved);
    let old = engine.containers();
    let calls =
        command.run(&engine).await.unwrap_or_else(|error| panic!("`{}` fails by itself: {error}", command.name));
    let now = engine.containers();
    let same =
        old.iter().filter(|old| now.iter().any(|now| now.id == old.id && now.starts == old.starts && now.is_up()));
    let untouched = same.map(|container| container.id.clone()).collect();
    let (picture, runs) = (engine.picture().lines(), engine.picture().running());
    let again = command.run(&engine).await.unwrap();
    Reference { calls, picture, runs, untouched, again }
}

fn volumes(engine: &SimulatedEngine) -> BTreeMap<String, i64> {
    engine.volumes().into_iter().map(|volume| (volume.name, volume.created)).collect()
}

fn kept_volumes(engine: &SimulatedEngine, before: &Before) -> Vec<String> {
    let now = volumes(engine);
    let lost = before.volumes.iter().filter(|(name, created)| now.get(*name) != Some(*created));
    lost.map(|(name, _)| format!("the volume {name} is lost")).collect()
}

/// Runs a command, which must lead to its reference. `before` has the volumes that must be kept.
async fn repaired(
    engine: &SimulatedEngine,
    before: Option<&Before>,
    command: &Command,
    reference: &Reference,
    inherits: bool,
) -> Result<(), String> {
    command.run(engine).await.map_err(|error| format!("it fails: {error}\n    calls: {:?}", engine.calls()))?;
    let calls = engine.calls();
    let compared = |line: &String| inherits || !line.ends_with("anonymous volumes");
    let [found, wanted] = [engine.picture().lines(), reference.picture.clone()]
        .map(|lines| lines.into_iter().filter(compared).collect::<Vec<_>>());
    let differences = difference(&found, &wanted);
    if !differences.is_empty() || found.len() != wanted.len() {
        return Err(format!("another state:{differences}\n    calls: {calls:?}"));
    }
    if let Some(lost) = before.and_then(|before| kept_volumes(engine, before).pop()) {
        return Err(lost);
    }
    let now = engine.picture().anonymous_volumes();
    let had = before.filter(|_| inherits).into_iter().flat_map(|before| &before.anonymous);
    let changed = had.into_iter().find(|(slot, volumes)| now.get(slot).is_some_and(|now| now != *volumes));
    if let Some((slot, _)) = changed {
        return Err(format!("{} {} has other anonymous volumes", slot.0, slot.1));
    }
    let again = command.run(engine).await.map_err(|error| format!("the run after it fails: {error}"))?;
    if again.len() != reference.again.len() {
        return Err(format!("the run after it still does something: {again:?}, not {:?}", reference.again));
    }
    Ok(())
}
