use super::*;

/// A roster whose engine is the test.
struct Scene(State);

impl Scene {
    fn new(selection: Selection) -> Self {
        Scene(State::new(selection))
    }

    /// One whose listing has been answered, and all that it named.
    fn with(ids: &[&str]) -> Self {
        let mut scene = Scene::new(Selection::all());
        scene.0.answer(Answer::Now(Ok(Timestamp(0))));
        scene.listed(ids);
        for id in ids {
            scene.inspected(id, &[]);
        }
        scene.questions();
        scene.changes();
        scene
    }

    /// The questions: `now`, `list`, an identifier, `check <identifier>`; with the pause before it if there is one.
    fn questions(&mut self) -> Vec<String> {
        let word = |question| match question {
            Question::Now => "now".to_owned(),
            Question::List => "list".to_owned(),
            Question::Inspect { id, check: false } => id,
            Question::Inspect { id, check: true } => format!("check {id}"),
        };
        let questions = self.0.questions().into_iter();
        questions
            .map(|(pause, question)| match pause.as_millis() {
                0 => word(question),
                pause => format!("{} after {pause}", word(question)),
            })
            .collect()
    }

    fn changes(&mut self) -> Vec<String> {
        let word = |change| match change {
            Change::Clock(time) => format!("clock {}", time.0),
            Change::Happened(event) => format!("{} {}", event.action, event.id),
            Change::Current(container) => container.id,
            Change::Gone(id) => format!("gone {id}"),
            Change::Complete => "complete".to_owned(),
            Change::Reconnected => "reconnected".to_owned(),
            Change::Failed(_) => "failed".to_owned(),
        };
        std::iter::from_fn(|| self.0.next_change()).map(word).collect()
    }

    fn listed(&mut self, ids: &[&str]) {
        self.0.answer(Answer::Listed(Ok(ids.iter().map(|id| (*id).to_owned()).collect())));
    }

    fn inspected(&mut self, id: &str, labels: &[(&str, &str)]) {
        let found = ContainerDetails { id: id.to_owned(), labels: owned(labels), ..Default::default() };
        self.0.answer(Answer::Inspected(id.to_owned(), Ok(Some(Box::new(found)))));
    }

    fn missing(&mut self, id: &str) {
        self.0.answer(Answer::Inspected(id.to_owned(), Ok(None)));
    }

    fn failed(&mut self, id: &str) {
        self.0.answer(Answer::Inspected(id.to_owned(), Err(error())));
    }

    fn event(&mut self, action: &str, id: &str, labels: &[(&str, &str)]) {
        let (action, id, attributes) = (action.to_owned(), id.to_owned(), owned(labels));
        let event = EngineEvent { kind: "container".to_owned(), action, id, attributes, ..Default::default() };
        self.0.turn(Turn::Event(event));
    }
}

fn owned(labels: &[(&str, &str)]) -> BTreeMap<String, String> {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn error() -> Error {
    bollard::errors::Error::RequestTimeoutError.into()
}

#[test]
fn the_engine_is_asked_for_its_time_then_for_a_list_then_for_each() {
    let mut scene = Scene::new(Selection::all());
    assert_eq!(scene.questions(), ["now"]);
    scene.0.answer(Answer::Now(Ok(Timestamp(0))));
    assert_eq!(scene.questions(), ["list"]);
    scene.listed(&["a", "b"]);
    assert_eq!(scene.questions(), ["a", "b"]);
    scene.inspected("b", &[]);
    assert_eq!(scene.changes(), ["clock 0", "b"]);
    scene.missing("a");
    assert_eq!(scene.changes(), ["complete"], "one that went meanwhile was never there");
}

#[test]
fn a_list_without_containers_is_complete_at_once() {
    let mut scene = Scene::with(&[]);
    scene.0.turn(Turn::Reconnected);
    scene.listed(&[]);
    assert_eq!(scene.changes(), ["reconnected", "complete"]);
}

#[test]
fn only_so_many_are_inspected_at_a_time() {
    let ids: Vec<String> = (0..40).map(|number| format!("{number:02}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut scene = Scene::with(&[]);
    scene.0.turn(Turn::Reconnected);
    scene.listed(&ids);
    assert_eq!(scene.questions().len(), 1 + AT_A_TIME, "the list, and these");
    scene.inspected("00", &[]);
    assert_eq!(scene.questions(), ["16"]);
}

#[test]
fn what_happened_is_told_before_the_state_that_it_led_to() {
    let mut scene = Scene::with(&["a"]);
    scene.event("die", "a", &[]);
    assert_eq!(scene.questions(), ["a"]);
    scene.inspected("a", &[]);
    assert_eq!(scene.changes(), ["die a", "a"]);
}

#[test]
fn one_that_changes_while_it_is_inspected_is_inspected_again() {
    let mut scene = Scene::with(&["a"]);
    for action in ["start", "die", "start"] {
        scene.event(action, "a", &[]);
    }
    assert_eq!(scene.questions(), ["a"]);
    scene.inspected("a", &[]);
    assert_eq!(scene.questions(), ["a"], "once for all that happened");
    scene.inspected("a", &[]);
    assert_eq!(scene.questions(), [""; 0]);
    assert_eq!(scene.changes(), ["start a", "die a", "start a", "a", "a"]);
}

#[test]
fn one_that_is_removed_while_it_is_inspected_is_given_and_gone() {
    let mut scene = Scene::with(&[]);
    scene.event("start", "a", &[]);
    scene.event("destroy", "a", &[]);
    scene.inspected("a", &[]);
    assert_eq!(scene.changes(), ["start a", "destroy a", "a", "gone a"]);
    assert_eq!(scene.questions(), ["a"], "it is not asked for again");
    scene.event("destroy", "b", &[]);
    assert_eq!(scene.changes(), ["destroy b"], "nobody knew it");
}

#[test]
fn one_that_was_removed_is_forgotten_even_if_the_engine_fails_to_answer() {
    let mut scene = Scene::with(&["a"]);
    scene.event("die", "a", &[]);
    scene.event("destroy", "a", &[]);
    scene.failed("a");
    assert_eq!(scene.changes(), ["die a", "destroy a", "failed", "gone a"]);
}

#[test]
fn a_lost_event_stream_has_everything_looked_at_again() {
    let mut scene = Scene::with(&["a", "b"]);
    scene.0.turn(Turn::Reconnected);
    assert_eq!(scene.questions(), ["list"]);
    scene.listed(&["b", "c"]);
    assert_eq!(scene.questions(), ["a", "b", "c"]);
    scene.inspected("b", &[]);
    scene.missing("a");
    scene.inspected("c", &[]);
    assert_eq!(scene.changes(), ["reconnected", "b", "gone a", "c", "complete"]);
}

#[test]
fn one_that_was_started_after_the_list_was_made_is_not_lost() {
    let mut scene = Scene::with(&[]);
    scene.0.turn(Turn::Reconnected);
    scene.event("start", "new", &[]);
    scene.inspected("new", &[]);
    scene.changes();
    scene.listed(&[]);
    scene.inspected("new", &[]);
    assert_eq!(scene.changes(), ["new", "complete"]);
}

#[test]
fn a_stream_that_breaks_while_the_list_is_made_has_it_made_once_more() {
    let mut scene = Scene::with(&[]);
    scene.0.turn(Turn::Reconnected);
    scene.0.turn(Turn::Reconnected);
    assert_eq!(scene.questions(), ["list"]);
    scene.listed(&["a"]);
    assert_eq!(scene.questions(), ["list"]);
    scene.listed(&["a"]);
    assert_eq!(scene.questions(), ["a"]);
}

#[test]
fn what_failed_is_asked_again_after_growing_pauses() {
    let mut scene = Scene::new(Selection::all());
    scene.questions();
    scene.0.answer(Answer::Now(Err(error())));
    assert_eq!(scene.questions(), ["now after 200"]);
    scene.0.answer(Answer::Now(Err(error())));
    assert_eq!(scene.questions(), ["now after 500"]);
    scene.0.answer(Answer::Now(Ok(Timestamp(0))));
    assert_eq!(scene.questions(), ["list"]);
    scene.0.answer(Answer::Listed(Err(error())));
    assert_eq!(scene.questions(), ["list after 200"]);
    scene.listed(&["a"]);
    scene.failed("a");
    assert_eq!(scene.questions(), ["a", "a after 200"]);
    scene.inspected("a", &[]);
    assert_eq!(scene.changes(), ["failed", "failed", "clock 0", "failed", "failed", "a", "complete"]);
}

#[test]
fn containers_that_always_fail_do_not_hold_up_the_others() {
    let ids: Vec<String> = (0..=AT_A_TIME).map(|number| format!("{number:02}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut scene = Scene::with(&[]);
    scene.0.turn(Turn::Reconnected);
    scene.listed(&ids);
    scene.questions();
    scene.failed("00");
    assert_eq!(scene.questions(), [format!("{AT_A_TIME:02} after 200")]);
}

#[test]
fn others_containers_are_not_asked_for() {
    let mut scene = Scene::new(Selection::with_labels(["project=shop".to_owned()]));
    scene.0.answer(Answer::Now(Ok(Timestamp(0))));
    scene.listed(&[]);
    scene.questions();
    scene.changes();
    scene.event("start", "foreign", &[("project", "other")]);
    assert_eq!((scene.questions(), scene.changes()), (vec![], vec![]));
    scene.event("start", "ours", &[("project", "shop")]);
    assert_eq!(scene.questions(), ["ours"]);
    scene.inspected("ours", &[("project", "shop")]);
    assert_eq!(scene.changes(), ["start ours", "ours"]);
}

#[test]
fn filters_that_only_the_engine_knows_are_checked_by_it_once() {
    let named = Selection::with_filters([("name".to_owned(), vec!["web".to_owned()])].into());
    let mut scene = Scene::new(named);
    scene.0.answer(Answer::Now(Ok(Timestamp(0))));
    scene.listed(&["a"]);
    assert_eq!(scene.questions(), ["now", "list", "a"], "the list says that it is selected");
    scene.inspected("a", &[]);
    scene.event("start", "b", &[]);
    assert_eq!(scene.questions(), ["check b"]);
    scene.missing("b");
    scene.event("rename", "a", &[]);
    assert_eq!(scene.questions(), ["a"], "it stays selected until it is gone");
}

#[test]
fn a_network_that_is_connected_changes_its_container() {
    let mut scene = Scene::with(&["a"]);
    for container in ["a", "unknown"] {
        let (kind, action) = ("network".to_owned(), "connect".to_owned());
        let attributes = owned(&[("container", container), ("name", "front")]);
        scene.0.turn(Turn::Event(EngineEvent { kind, action, id: "n1".into(), attributes, ..Default::default() }));
    }
    assert_eq!(scene.questions(), ["a"]);
}
