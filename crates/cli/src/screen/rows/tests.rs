use std::time::Duration;

use super::*;
use wharf_orchestrator::event::{Act, Outcome};

const WIDE: TerminalSize = TerminalSize { width: 110, height: 24 };
const USUAL: TerminalSize = TerminalSize { width: 80, height: 24 };
const THIN: TerminalSize = TerminalSize { width: 44, height: 24 };

/// Rows to which things happen at given times.
struct Story {
    rows: Rows,
    began: Instant,
}

impl Story {
    fn new() -> Self {
        let began = Instant::now();
        Story { rows: Rows::new(&Plan::default(), &Background::default(), began), began }
    }

    fn at(&self, milliseconds: u64) -> Instant {
        self.began + Duration::from_millis(milliseconds)
    }

    fn tell(&mut self, milliseconds: u64, subject: Subject, act: Act, progress: Progress) {
        let now = self.at(milliseconds);
        self.rows.apply(&Event { step: 0, subject, act, progress }, None, now);
    }

    fn layer(&mut self, milliseconds: u64, image: &str, id: &str, status: &str, amount: Option<(u64, u64)>) {
        let state = match status {
            "Waiting" => PartState::Waiting,
            "Pull complete" => PartState::Done,
            _ => PartState::Working,
        };
        let amount = amount.map(|(done, total)| Amount { done: done * 1_000_000, total: total * 1_000_000 });
        let part = Part { id: id.into(), name: id.into(), status: status.into(), state, amount };
        self.tell(milliseconds, Subject::Image(image.into()), Act::Pull, Progress::Part(part));
    }

    fn lines(&self, milliseconds: u64, size: TerminalSize) -> String {
        let lines = self.rows.lines(self.at(milliseconds), size, false);
        for line in &lines {
            assert!(width(line) < size.width.into(), "{line:?} does not fit");
        }
        lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
    }
}

/// Two images, 2.5 s after the pull began.
fn slow_pull() -> Story {
    let mut story = Story::new();
    let (app, redis) = ("registry.example.com/shop/app:1.2.3", "redis:7");
    for image in [app, redis] {
        story.tell(0, Subject::Image(image.into()), Act::Pull, Progress::Working);
    }
    story.layer(100, app, "f7ed62975156", "Downloading", Some((1, 27)));
    story.layer(100, app, "4f4fb700ef54", "Downloading", Some((2, 40)));
    story.layer(100, app, "a3ed95caeb02", "Waiting", None);
    story.layer(1500, app, "f7ed62975156", "Extracting", Some((5, 27)));
    story.layer(1900, app, "f7ed62975156", "Pull complete", None);
    story.layer(2400, app, "4f4fb700ef54", "Downloading", Some((12, 40)));
    story.tell(700, Subject::Image(redis.into()), Act::Pull, Progress::Done(Outcome::Done));
    story
}

#[test]
fn a_slow_pull_at_three_widths() {
    let story = slow_pull();
    insta::assert_snapshot!("slow_pull_wide", story.lines(2500, WIDE));
    insta::assert_snapshot!("slow_pull_usual", story.lines(2500, USUAL));
    insta::assert_snapshot!("slow_pull_narrow", story.lines(2500, THIN));
}

#[test]
fn layers_are_folded_into_their_image_where_they_have_no_room() {
    let story = slow_pull();
    insta::assert_snapshot!(story.lines(2500, TerminalSize { height: 6, ..USUAL }), @r"
    [+] Running 1/2
     ⠴ Image registry.example.com/shop/a…  Pulling  [=====>   ]  39.0MB/67.0MB 2.5s
     ✔ Image redis:7                       Pulled                              0.7s
    ");
}

#[test]
fn timers_and_spinner_go_on_between_events() {
    let mut story = Story::new();
    story.tell(0, Subject::Container("web-1".into()), Act::Stop, Progress::Working);
    let (first, second) = (story.lines(300, USUAL), story.lines(9400, USUAL));
    insta::assert_snapshot!([first, second].join("\n"), @r"
    [+] Running 0/1
     ⠸ Container web-1  Stopping                                               0.3s
    [+] Running 0/1
     ⠼ Container web-1  Stopping                                               9.4s
    ");
}

#[test]
fn more_rows_than_lines_show_those_that_still_work() {
    let mut story = Story::new();
    for number in 0..10 {
        let subject = Subject::Container(format!("web-{number}"));
        story.tell(0, subject.clone(), Act::Start, Progress::Working);
        if number != 7 {
            story.tell(0, subject, Act::Start, Progress::Done(Outcome::Done));
        }
    }
    insta::assert_snapshot!(story.lines(0, TerminalSize { width: 50, height: 6 }), @r"
    [+] Running 9/10
     ⠋ Container web-7  Starting                 0.0s
     ✔ Container web-8  Started                  0.0s
     ✔ Container web-9  Started                  0.0s
       and 7 more
    ");
}

#[test]
fn what_is_cut_has_an_ellipsis_and_output_no_colours() {
    let mut story = Story::new();
    let web = Subject::Image("web".into());
    story.tell(0, web.clone(), Act::Build, Progress::Working);
    story.tell(
        0,
        web,
        Act::Build,
        Progress::Output { text: "\x1b[1mStep 2/9\x1b[0m : RUN make a very long thing".into() },
    );
    let other = Subject::Container("a-container-with-a-long-name-1".into());
    story.tell(0, other, Act::Start, Progress::Failed { message: "host port 80 is taken by process nginx".into() });
    insta::assert_snapshot!(story.lines(0, THIN), @r"
    [+] Running 0/2
     ⠋ Image web         Building  Step 2… 0.0s
     ✘ Container a-con…  Error             0.0s
    ");
}

#[test]
fn a_build_counts_its_steps_and_shows_the_last_line() {
    let mut story = Story::new();
    let web = Subject::Image("web".into());
    story.tell(0, web.clone(), Act::Build, Progress::Working);
    let steps = [
        (0, "1", "[internal] load build context", PartState::Working, Some(Amount { done: 5_000_000, total: 0 })),
        (900, "1", "[internal] load build context", PartState::Done, None),
        (900, "2", "[build 1/2] FROM debian", PartState::Done, None),
        (1000, "3", "[build 2/2] RUN make", PartState::Working, None),
    ];
    for (milliseconds, id, name, state, amount) in steps {
        let status = if state == PartState::Done { "done in 0.9s" } else { "" };
        let part = Part { id: id.into(), name: name.into(), status: status.into(), state, amount };
        story.tell(milliseconds, web.clone(), Act::Build, Progress::Part(part));
    }
    story.tell(1500, web, Act::Build, Progress::Output { text: "[build 2/2] cc main.c".into() });
    insta::assert_snapshot!(story.lines(2500, USUAL), @"
    [+] Running 0/1
     ⠴ Image web                        Building  2/3  [build 2/2] cc main.c   2.5s
       ✔ [internal] load build context  done in 0.9s                           0.9s
       ✔ [build 1/2] FROM debian        done in 0.9s                           0.0s
       ⠴ [build 2/2] RUN make                                                  1.5s
    ");
}
