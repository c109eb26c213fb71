//! One attack on a command, and what must hold after it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result};
use wharf_testkit::Picture;
use wharf_testkit::picture::{Slot, difference};

use crate::proxy::{Fault, Plan};
use crate::random::Random;
use crate::scene::{SCENES, Scene, UNPAUSE, UP};
use crate::site::{Command, Ended, Site};

/// What is done to a command.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Attack {
    /// SIGKILL at a random moment.
    Kill,
    /// The fault, at the call with this number.
    At(Fault, usize),
    /// The fault, at so many of 100 calls.
    Often(Fault, u64),
}

/// What came of an attack.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The command had ended before.
    pub(crate) is_late: bool,
    /// The command failed, as it may.
    pub(crate) failed: bool,
    /// What does not hold.
    pub(crate) wrong: Option<String>,
}

/// What the command of a scene leads to when nothing attacks it.
#[derive(Debug)]
struct Reference {
    scene: &'static str,
    command: Command,
    /// What the engine has then.
    lines: Vec<String>,
    /// Replicas that are in the same life as before.
    untouched: BTreeSet<Slot>,
    /// How many calls another run makes: jobs are done again.
    again: usize,
    took: Duration,
}

/// Attacks the commands of scenes on a site of its own.
#[derive(Debug)]
pub(crate) struct Attacker {
    pub(crate) site: Site,
    pub(crate) random: Random,
    /// The command that has led to what there is; `None`: that is not known.
    state: Option<Command>,
    references: Vec<Reference>,
    marks: u64,
}

impl Attacker {
    pub(crate) fn new(site: Site, random: Random) -> Self {
        Attacker { site, random, state: None, references: Vec::new(), marks: 0 }
    }

    /// Leads to the state before a scene.
    pub(crate) async fn prepare(&mut self, before: &[Command]) -> Result<()> {
        if self.state.as_ref() == before.last() {
            return Ok(());
        }
        for command in before {
            self.site.ok(command).await?;
            self.state = Some(*command);
        }
        Ok(())
    }

    /// Attacks the command of a scene. Then:
    ///
    /// - it has not hung and has not panicked, and has said why it failed;
    /// - all that ran and that the command leaves alone still runs;
    /// - the same command, or another, succeeds at once and leads to what it leads to without an attack. Another run of it has
    ///   nothing left to do;
    /// - no volume is lost unless volumes are to go, and each volume has what was written into it;
    /// - nothing is left over.
    pub(crate) async fn attack(&mut self, scene: &Scene, attack: Attack) -> Result<Outcome> {
        self.prepare(scene.before).await?;
        let before = self.site.picture().await?;
        let mark = self.marked(&before).await?;
        let reference = self.reference(|reference| reference.scene == scene.name)?;
        let (took, untouched) = (reference.took.as_micros(), reference.untouched.clone());
        let (plan, after) = match attack {
            Attack::Kill => {
                let moment = self.random.below(u64::try_from(took).unwrap_or(u64::MAX));
                (Plan::PassOn, Some(Duration::from_micros(moment)))
            }
            Attack::At(fault, number) => (Plan::Once(fault, number), None),
            Attack::Often(fault, percent) => (Plan::Often(fault, percent, self.random.split()), None),
        };
        self.state = None;
        let ended = self.site.attacked(&scene.command, plan, after).await?;
        let now = self.site.picture().await?;
        let mut problems: Vec<String> = ended.broken().into_iter().collect();
        if ended.failed() && ended.stderr.is_empty() {
            problems.push("it fails and does not say why".to_owned());
        }
        problems.extend(down_without_need(&before, &now, &untouched));
        let next = match self.random.below(3) {
            0 => *self.random.choice(scene.others).unwrap_or(&scene.command),
            _ => scene.command,
        };
        if let Err(problem) = self.repaired(&scene.command, &next, &before, mark.as_deref()).await? {
            problems.push(format!("then `{}`: {problem}", next.name()));
        }
        let is_late = !matches!(attack, Attack::Often(..)) && ended.code().is_some();
        let mut outcome = Outcome { is_late, failed: ended.failed(), wrong: None };
        if !problems.is_empty() {
            outcome.wrong = Some(told(scene, attack, &ended, &problems));
            // Whatever is wrong is not to spoil the next one.
            self.site.clear().await?;
            return Ok(outcome);
        }
        self.state = Some(next);
        if next != scene.command {
            self.site.ok(&scene.command).await?;
            self.state = Some(scene.command);
        }
        Ok(outcome)
    }

    /// Writes into the volumes of `db`, if there are any. Gives what was written.
    async fn marked(&mut self, before: &Picture) -> Result<Option<String>> {
        if before.anonymous_volumes().values().all(BTreeMap::is_empty) {
            return Ok(None);
        }
        self.marks += 1;
        let mark = format!("mark {}", self.marks);
        self.site.mark(&mark).await?;
        Ok(Some(mark))
    }

    /// Runs each scene without an attack.
    pub(crate) async fn learn(&mut self) -> Result<()> {
        for scene in &SCENES {
            self.prepare(scene.before).await?;
            let before = self.site.picture().await?;
            let Ended { took, .. } = self.site.ok(&scene.command).await?;
            self.state = Some(scene.command);
            let now = self.site.picture().await?;
            let same = |slot: &Slot| life(&before, slot).is_some() && life(&before, slot) == life(&now, slot);
            let untouched = before.running().into_iter().filter(same).collect();
            let again = lasting(&self.site.ok(&scene.command).await?.calls);
            let (scene, command) = (scene.name, scene.command);
            self.references.push(Reference { scene, command, lines: lines(&now), untouched, again, took });
        }
        Ok(())
    }

    fn reference(&self, wanted: impl Fn(&Reference) -> bool) -> Result<&Reference> {
        self.references.iter().find(|reference| wanted(reference)).context("each command is that of a scene")
    }

    /// Runs a command that repairs what the attack left. The outer error is one of this program.
    async fn repaired(
        &self,
        attacked: &Command,
        command: &Command,
        before: &Picture,
        mark: Option<&str>,
    ) -> Result<std::result::Result<(), String>> {
        let reference = self.reference(|reference| reference.command == *command)?;
        let ended = self.site.run(command).await?;
        let calls = &ended.calls;
        if ended.code() != Some(0) {
            return Ok(Err(format!("it fails ({:?}): {}\n    calls: {calls:?}", ended.code(), ended.stderr)));
        }
        let now = self.site.picture().await?;
        let found = lines(&now);
        if found != reference.lines {
            let difference = difference(&found, &reference.lines);
            return Ok(Err(format!("it leads to another state:{difference}\n    calls: {calls:?}")));
        }
        let goes = attacked.removes_volumes() || command.removes_volumes();
        let lost: Vec<String> = before.volume_names().difference(&now.volume_names()).cloned().collect();
        if !goes && !lost.is_empty() {
            return Ok(Err(format!("lost volumes: {lost:?}")));
        }
        let left: Vec<String> = now.unused_volumes().difference(&before.unused_volumes()).cloned().collect();
        // A container that was removed for good leaves its anonymous volumes behind.
        if !left.is_empty() && (command.removes_volumes() || !attacked.is_down()) {
            return Ok(Err(format!("volumes are left over: {left:?}\n    calls: {calls:?}")));
        }
        for volume in before.volume_names().into_iter().filter(|_| command.removes_volumes()) {
            // Without a label it is not in the picture.
            if self.site.api.get(&format!("/volumes/{volume}")).await?.is_some() {
                return Ok(Err(format!("the volume {volume} is left over\n    calls: {calls:?}")));
            }
        }
        if let (Some(mark), false) = (mark, now.containers.is_empty() || goes) {
            let marks = self.site.marks().await?;
            let kept = if attacked.is_down() { &marks[..1] } else { &marks[..] };
            if kept.iter().any(|found| found.as_deref() != Some(mark.as_bytes())) {
                return Ok(Err(format!("the volumes have {marks:?} and not {mark:?}")));
            }
        }
        let again = self.site.run(command).await?;
        if again.code() != Some(0) || lasting(&again.calls) != reference.again {
            return Ok(Err(format!("the run after it ({:?}) still does something: {:?}", again.code(), again.calls)));
        }
        Ok(Ok(()))
    }

    /// Runs two commands at once, `UP` being what there is, and `UP` after them.
    pub(crate) async fn pair(&mut self, pair: [&Command; 2]) -> Result<Outcome> {
        self.prepare(&[UP]).await?;
        let before = self.site.picture().await?;
        let mark = self.marked(&before).await?;
        let apart = Duration::from_millis(self.random.below(300));
        self.state = None;
        let ended = self.site.both(pair, apart).await?;
        let mut problems: Vec<String> = ended.iter().filter_map(Ended::broken).collect();
        let silent = |ended: &&Ended| ended.failed() && ended.stderr.is_empty();
        problems.extend(ended.iter().filter(silent).map(|_| "it fails and does not say why".to_owned()));
        if pair.into_iter().any(|command| command.words == ["pause"]) {
            // `up` leaves alone what a user has paused. There may be nothing that is.
            problems.extend(self.site.run(&UNPAUSE).await?.broken());
        }
        // What may remove containers for good is judged like `down`.
        let removes = pair.into_iter().find(|command| command.is_down() || command.words[0] == "rm");
        let judged = Command { words: if removes.is_some() { &["down"] } else { pair[0].words }, ..*pair[0] };
        if let Err(problem) = self.repaired(&judged, &UP, &before, mark.as_deref()).await? {
            problems.push(format!("then `{}`: {problem}", UP.name()));
        }
        let mut outcome = Outcome { failed: ended.iter().any(Ended::failed), ..Outcome::default() };
        if problems.is_empty() {
            self.state = Some(UP);
            return Ok(outcome);
        }
        let output = ended.map(|ended| format!("{:?} {}", ended.code(), ended.stderr));
        outcome.wrong = Some(format!(
            "{} and {} ms later {}: {}\n  output: {output:#?}",
            pair[0].name(),
            apart.as_millis(),
            pair[1].name(),
            problems.join("\n  ")
        ));
        self.site.clear().await?;
        Ok(outcome)
    }
}

/// What there is, without the number of anonymous volumes: those that are left over are judged by themselves.
fn lines(picture: &Picture) -> Vec<String> {
    let mut lines = picture.lines();
    lines.retain(|line| !line.ends_with("anonymous volumes"));
    lines
}

/// How many calls a run makes, without those that depend on the time.
fn lasting(calls: &[String]) -> usize {
    calls.iter().filter(|call| !call.contains("/exec")).count()
}

fn life<'p>(picture: &'p Picture, slot: &Slot) -> Option<(&'p str, &'p str)> {
    let mut containers = picture.containers.iter().filter(|found| found.is_up());
    containers.find(|found| found.slot().as_ref() == Some(slot)).map(|found| found.life())
}

/// What ran, was none of the command's business, and does not run any more.
fn down_without_need(before: &Picture, now: &Picture, untouched: &BTreeSet<Slot>) -> Vec<String> {
    let stopped = untouched.iter().filter(|slot| life(before, slot) != life(now, slot));
    stopped.map(|(service, number)| format!("{service} {number} is down, and was none of its business")).collect()
}

fn told(scene: &Scene, attack: Attack, ended: &Ended, problems: &[String]) -> String {
    let Ended { took, calls, stderr, .. } = ended;
    format!(
        "{} {attack:?}, ended after {took:.3?} with {:?}: {}\n  calls: {calls:?}\n  output: {stderr}",
        scene.name,
        ended.status,
        problems.join("\n  ")
    )
}
