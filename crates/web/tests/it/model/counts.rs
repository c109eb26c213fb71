//! The model: exact counts beside the servers. Pure; what was asked and answered in, what has to be found out.
//!
//! A count has a minute: that in which a replica reads it in Redis. Mostly it is known. Where a process was killed, or the time went on
//! before anybody was seen to read it, there is an earliest and a latest minute, and the history has to lie between them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How long a person is remembered, in seconds.
pub(crate) const REMEMBERED: i64 = 30 * 60;

/// Who asks for a badge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum By {
    /// A person who may come again.
    Person(u8),
    /// A person who never comes again.
    Stranger(u32),
    /// A proxy, each of whose requests counts.
    Proxy,
    /// A program.
    Bot(u8),
    /// A browser before anyone looks.
    Prefetch,
}

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Visit,
    Badge { key: u16, by: By },
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Number(i64),
    /// The key is new, and there are too many.
    NoRoom,
    /// 503, or a badge that says the same.
    Away,
    /// The connection broke.
    Broken,
}

/// Where the counts are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// In Redis, and in Postgres some time later.
    Servers,
    /// In a file, with their minute.
    File,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Visits,
    AllKeys,
    Key(u16),
}

/// Counts that were made together. Minutes are Unix seconds.
#[derive(Clone, Debug)]
struct Batch {
    count: i64,
    /// The earliest minute in which they may stand; none while it lies ahead.
    from: Option<i64>,
    /// The latest; none while it lies ahead.
    until: Option<i64>,
    /// Postgres has them.
    written: bool,
    /// Postgres was away from the moment when they were counted.
    unwritable: bool,
}

/// The counts of a subject, and requests of which nobody knows whether they counted.
#[derive(Debug, Default)]
struct Counts {
    batches: Vec<Batch>,
    unknown: i64,
    /// When the first of these was sent.
    unknown_since: Option<i64>,
}

impl Counts {
    fn total(&self) -> i64 {
        self.batches.iter().map(|batch| batch.count).sum()
    }
}

pub(crate) struct Model {
    kept: Kept,
    keys_at_most: usize,
    /// The clock, in Unix seconds.
    pub(crate) now: i64,
    postgres_up: bool,
    visits: Counts,
    keys: BTreeMap<u16, Counts>,
    /// When a person was counted for a key.
    marks: HashMap<(u16, By), i64>,
    /// Numbers of visits that somebody was told.
    told: BTreeSet<i64>,
    /// How many requests of unknown fate may have counted, together.
    lost: i64,
}

impl Model {
    pub(crate) fn new(kept: Kept, keys_at_most: usize, now: i64) -> Self {
        Self {
            kept,
            keys_at_most,
            now,
            postgres_up: true,
            visits: Counts::default(),
            keys: BTreeMap::new(),
            marks: HashMap::new(),
            told: BTreeSet::new(),
            lost: 0,
        }
    }

    fn minute(&self) -> i64 {
        self.now / 60 * 60
    }

    fn counts(&mut self, subject: Option<u16>) -> &mut Counts {
        match subject {
            None => &mut self.visits,
            Some(key) => self.keys.entry(key).or_default(),
        }
    }

    fn add(&mut self, subject: Option<u16>, count: i64, from: i64) {
        if count == 0 {
            return;
        }
        let file = self.kept == Kept::File;
        let unwritable = !self.postgres_up && from == self.minute();
        let batch = Batch { count, from: Some(from), until: file.then_some(from), written: file, unwritable };
        self.counts(subject).batches.push(batch);
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Batch> {
        self.visits.batches.iter_mut().chain(self.keys.values_mut().flat_map(|counts| counts.batches.iter_mut()))
    }

    /// Requests that were sent at once while all went well.
    pub(crate) fn answered(&mut self, asks: &[Ask], answers: &[Answer]) {
        let minute = self.minute();
        let visits: Vec<_> = asks.iter().zip(answers).filter(|(ask, _)| **ask == Ask::Visit).collect();
        let first = self.visits.total() + 1;
        for (_, answer) in &visits {
            let Answer::Number(number) = **answer else { panic!("a visit was answered {answer:?}") };
            self.tell(number);
        }
        let count = i64::try_from(visits.len()).unwrap();
        let next: Vec<_> = self.told.range(first..).copied().collect();
        assert_eq!(next, (first..first + count).collect::<Vec<_>>(), "the numbers of {count} visits");
        self.add(None, count, minute);
        let mut by_key: BTreeMap<u16, Vec<(By, Answer)>> = BTreeMap::new();
        for (ask, answer) in asks.iter().zip(answers) {
            if let Ask::Badge { key, by } = *ask {
                by_key.entry(key).or_default().push((by, *answer));
            }
        }
        let mut refused = false;
        for (key, answers) in by_key {
            refused |= !self.badges(key, &answers);
        }
        let known = self.known();
        assert!(if refused { known == self.keys_at_most } else { known <= self.keys_at_most }, "{known} keys");
    }

    /// Badges of one key. Returns whether there is room for it.
    fn badges(&mut self, key: u16, answers: &[(By, Answer)]) -> bool {
        let before = self.total(Subject::Key(key));
        let counts = |by: By| !matches!(by, By::Bot(_) | By::Prefetch);
        if before == 0 && answers.iter().any(|(_, answer)| *answer == Answer::NoRoom) {
            for (by, answer) in answers {
                assert_eq!(*answer, if counts(*by) { Answer::NoRoom } else { Answer::Number(0) }, "key-{key}, {by:?}");
            }
            return false;
        }
        let mut count = 0;
        for (by, _) in answers {
            let new = match by {
                By::Bot(_) | By::Prefetch => false,
                By::Proxy => true,
                By::Person(_) | By::Stranger(_) => {
                    let left = self.marks.get(&(key, *by));
                    let new = left.is_none_or(|left| self.now - left >= REMEMBERED);
                    if new {
                        self.marks.insert((key, *by), self.now);
                    }
                    new
                }
            };
            count += i64::from(new);
        }
        let told: BTreeSet<_> = answers
            .iter()
            .map(|(_, answer)| match answer {
                Answer::Number(number) => *number,
                answer => panic!("a badge of key-{key} was answered {answer:?}"),
            })
            .collect();
        let within = before..=before + count;
        assert!(told.iter().all(|number| within.contains(number)), "key-{key}: {told:?} is not within {within:?}");
        let each = (before + 1..=before + count).all(|number| told.contains(&number));
        assert!(each, "key-{key}: {told:?} is not each of {count} numbers after {before}; {answers:?}");
        self.add(Some(key), count, self.minute());
        true
    }

    fn tell(&mut self, number: i64) {
        assert!(self.told.insert(number), "two visits have number {number}");
    }

    /// Requests while Redis was away all the time: none counts.
    pub(crate) fn refused(answers: &[Answer]) {
        assert!(answers.iter().all(|answer| *answer == Answer::Away), "Redis is away: {answers:?}");
    }

    /// Requests during which Redis or the process was killed. Of those without an answer `lost` may have counted.
    pub(crate) fn interrupted(&mut self, answers: &[(Ask, Answer)], lost: i64) {
        let minute = self.minute();
        for (ask, answer) in answers {
            let subject = match ask {
                Ask::Visit => None,
                Ask::Badge { key, .. } => Some(*key),
            };
            match answer {
                Answer::Number(number) => {
                    if subject.is_none() {
                        self.tell(*number);
                    }
                    self.add(subject, 1, minute);
                }
                Answer::NoRoom => {}
                Answer::Away | Answer::Broken => {
                    let counts = self.counts(subject);
                    counts.unknown += 1;
                    counts.unknown_since.get_or_insert(minute);
                }
            }
        }
        self.lost += lost;
    }

    /// Subjects with requests of unknown fate.
    pub(crate) fn unknown(&self) -> Vec<Subject> {
        let keys = self.keys.iter().filter(|(_, counts)| counts.unknown > 0).map(|(key, _)| Subject::Key(*key));
        (self.visits.unknown > 0).then_some(Subject::Visits).into_iter().chain(keys).collect()
    }

    /// The total of a subject tells how many of its unknown requests have counted.
    pub(crate) fn settle(&mut self, subject: Subject, total: i64) {
        let key = match subject {
            Subject::Visits => None,
            Subject::Key(key) => Some(key),
            Subject::AllKeys => panic!("the sum has no requests of its own"),
        };
        let minute = self.minute();
        let counts = self.counts(key);
        let (known, unknown) = (counts.total(), std::mem::take(&mut counts.unknown));
        let since = counts.unknown_since.take().unwrap_or(minute);
        let within = known..=known + unknown;
        assert!(within.contains(&total), "{subject:?} has {total}; answered: {known}, not answered: {unknown}");
        self.lost -= total - known;
        assert!(self.lost >= 0, "{subject:?} has {total}: more have counted than answers were lost");
        self.add(key, total - known, since);
    }

    /// All that was unknown is settled.
    pub(crate) fn settled(&mut self) {
        self.lost = 0;
        assert!(self.told.last().copied().unwrap_or(0) <= self.visits.total(), "a number that was told is forgotten");
    }

    /// Whoever lives has read all counts.
    pub(crate) fn read(&mut self) {
        let minute = self.minute();
        for batch in self.all() {
            batch.until.get_or_insert(minute);
            batch.from.get_or_insert(minute);
        }
    }

    /// Postgres has all counts.
    pub(crate) fn written(&mut self) {
        self.read();
        self.all().for_each(|batch| batch.written = true);
    }

    /// The process is gone, and with it what it had read and not written.
    pub(crate) fn web_ended(&mut self) {
        for batch in self.all().filter(|batch| !batch.written) {
            batch.until = None;
            if batch.unwritable {
                batch.from = None;
            }
        }
        if self.kept == Kept::File {
            self.marks.clear();
        }
    }

    pub(crate) fn redis_killed(&mut self) {
        self.marks.clear();
    }

    pub(crate) fn postgres_killed(&mut self) {
        self.postgres_up = false;
    }

    pub(crate) fn postgres_started(&mut self) {
        self.postgres_up = true;
        self.all().for_each(|batch| batch.unwritable = false);
    }

    /// Keys that have a total.
    fn known(&self) -> usize {
        self.keys.values().filter(|counts| counts.total() > 0).count()
    }

    /// Each key with its total.
    pub(crate) fn keys(&self) -> BTreeMap<u16, i64> {
        let totals = self.keys.iter().map(|(key, counts)| (*key, counts.total()));
        totals.filter(|(_, total)| *total > 0).collect()
    }

    /// All that can be compared.
    pub(crate) fn subjects(&self) -> Vec<Subject> {
        [Subject::Visits, Subject::AllKeys].into_iter().chain(self.keys().into_keys().map(Subject::Key)).collect()
    }

    pub(crate) fn total(&self, subject: Subject) -> i64 {
        self.batches(subject).map(|batch| batch.count).sum()
    }

    fn batches(&self, subject: Subject) -> Box<dyn Iterator<Item = &Batch> + '_> {
        match subject {
            Subject::Visits => Box::new(self.visits.batches.iter()),
            Subject::AllKeys => Box::new(self.keys.values().flat_map(|counts| counts.batches.iter())),
            Subject::Key(key) => Box::new(self.keys.get(&key).into_iter().flat_map(|counts| counts.batches.iter())),
        }
    }

    /// Whether a history, in slots without gaps up to now, can be that of a subject: from the start of each slot on it has at least
    /// what cannot stand earlier, and at most what can stand there. Where all minutes are known, that is each slot's number.
    pub(crate) fn agrees(&self, subject: Subject, slots: &[(i64, i64)]) -> Result<(), String> {
        let mut found = 0;
        for (start, count) in slots.iter().rev() {
            found += count;
            let since = |minute: fn(&Batch) -> Option<i64>| -> i64 {
                let batches = self.batches(subject).filter(|batch| minute(batch).is_none_or(|minute| minute >= *start));
                batches.map(|batch| batch.count).sum()
            };
            let (least, most) = (since(|batch| batch.from), since(|batch| batch.until));
            if !(least..=most).contains(&found) {
                return Err(format!("{subject:?} since {start}: {found}, and not {least} to {most}"));
            }
        }
        Ok(())
    }

    /// How many counts have a known minute, and how many there are.
    pub(crate) fn exact(&self) -> (i64, i64) {
        let sum = |exact: bool| {
            let all = self.batches(Subject::Visits).chain(self.batches(Subject::AllKeys));
            all.filter(|batch| !exact || batch.from == batch.until).map(|batch| batch.count).sum()
        };
        (sum(true), sum(false))
    }
}
