use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn row(width: Width, text: &str, count: i64) -> Row {
    Row { width, start: at(text).as_second(), count }
}

fn counts(slots: &[ZonedSlot]) -> Vec<i64> {
    slots.iter().map(|slot| slot.count).collect()
}

fn shown(slots: &[ZonedSlot]) -> Vec<String> {
    let shown = |slot: &ZonedSlot| {
        let mark = if slot.exact { "" } else { " about" };
        format!("{}{mark} {}", slot.start.strftime("%m-%d %H:%M%:z"), slot.count)
    };
    slots.iter().map(shown).collect()
}

#[test]
fn each_width_has_what_the_finer_ones_have() {
    let series = Series::new([
        row(Width::Ever, "1970-01-01T00:00:00Z", 1),
        row(Width::Month, "2026-01-01T00:00:00Z", 2),
        row(Width::Day, "2026-02-03T00:00:00Z", 4),
        row(Width::Hour, "2026-02-03T07:00:00Z", 8),
        row(Width::Minute, "2026-02-03T07:30:00Z", 16),
    ]);
    let start = |text: &str| at(text).as_second();
    assert_eq!(series.minutes, [(start("2026-02-03T07:30:00Z"), 16)]);
    assert_eq!(series.hours, [(start("2026-02-03T07:00:00Z"), 24)]);
    assert_eq!(series.days, [(start("2026-02-03T00:00:00Z"), 28)]);
    assert_eq!(series.months, [(start("2026-01-01T00:00:00Z"), 2), (start("2026-02-01T00:00:00Z"), 28)]);
    assert_eq!((series.total, series.since), (31, Some(start("2026-01-01T00:00:00Z"))));
}

#[test]
fn a_history_without_anything_is_all_zeros() {
    let series = Series::new([]);
    assert_eq!(series.summary(at("2026-11-30T12:00:00Z"), &TimeZone::UTC), Summary::default());
    assert_eq!(counts(&series.last(By::Hour, 3, at("2026-11-30T12:00:00Z"), &TimeZone::UTC)), [0, 0, 0]);
}

#[test]
fn today_begins_at_midnight_of_the_time_zone() {
    let series = Series::new([
        row(Width::Minute, "2026-11-29T22:59:00Z", 1),
        row(Width::Minute, "2026-11-29T23:00:00Z", 2),
        row(Width::Minute, "2026-11-30T01:00:00Z", 4),
    ]);
    let today = |name: &str| series.summary(at("2026-11-30T12:00:00Z"), &zone(name)).today;
    assert_eq!(today("UTC"), Comparison { now: 4, before: 3 });
    assert_eq!(today("Europe/Berlin"), Comparison { now: 6, before: 1 });
}

#[test]
fn a_period_is_compared_with_the_one_before() {
    let day =
        |days: i64| Row { width: Width::Day, start: at("2026-11-30T00:00:00Z").as_second() - days * DAY, count: 1 };
    let series = Series::new((0..50).map(day));
    let summary = series.summary(at("2026-11-30T12:00:00Z"), &TimeZone::UTC);
    assert_eq!(summary.week, Comparison { now: 7, before: 7 });
    assert_eq!(summary.month, Comparison { now: 30, before: 20 });
    assert_eq!(summary.total, 50);
}

#[test]
fn days_on_which_the_clock_is_changed_have_23_and_25_hours() {
    let berlin = zone("Europe/Berlin");
    let hour = |second: i64| Row { width: Width::Hour, start: second, count: 1 };
    for (now, hours) in [("2026-03-29T20:00:00Z", 23), ("2026-10-25T20:00:00Z", 25), ("2026-07-01T20:00:00Z", 24)] {
        let from = at(now).as_second() - 3 * DAY;
        let series = Series::new((0..6 * 24).map(|step| hour(Width::Hour.start_of(from) + step * HOUR)));
        let day = series.last(By::Day, 1, at(now), &berlin);
        assert_eq!((day[0].count, day[0].exact), (hours, true), "{now}");
        let slots = series.slots(By::Hour, day[0].start.timestamp(), at(now), &berlin).unwrap();
        assert!(slots.iter().all(|slot| slot.count == 1 && slot.exact), "{slots:?}");
    }
    let series = Series::new([hour(at("2026-10-25T00:00:00Z").as_second())]);
    assert_eq!(
        shown(&series.slots(By::Hour, at("2026-10-25T00:00:00Z"), at("2026-10-25T01:30:00Z"), &berlin).unwrap()),
        ["10-25 02:00+02:00 1", "10-25 02:00+01:00 0"],
        "two hours with one name"
    );
}

#[test]
fn hours_of_a_zone_with_half_hours_are_exact_while_there_are_minutes() {
    let kolkata = zone("Asia/Kolkata");
    let minutes =
        Series::new([row(Width::Minute, "2026-11-30T06:29:00Z", 1), row(Width::Minute, "2026-11-30T06:30:00Z", 2)]);
    assert_eq!(
        shown(&minutes.last(By::Hour, 2, at("2026-11-30T06:40:00Z"), &kolkata)),
        ["11-30 11:00+05:30 1", "11-30 12:00+05:30 2"]
    );
    let hours = Series::new([row(Width::Hour, "2026-11-30T06:00:00Z", 3)]);
    assert_eq!(
        shown(&hours.last(By::Hour, 3, at("2026-11-30T06:40:00Z"), &kolkata)),
        ["11-30 10:00+05:30 0", "11-30 11:00+05:30 about 0", "11-30 12:00+05:30 about 3"]
    );
}

#[test]
fn a_day_of_which_no_hours_are_left_belongs_where_most_of_it_was() {
    let series = Series::new([row(Width::Day, "2026-05-10T00:00:00Z", 5)]);
    let days = |name: &str| {
        shown(&series.slots(By::Day, at("2026-05-09T12:00:00Z"), at("2026-05-11T12:00:00Z"), &zone(name)).unwrap())
    };
    assert_eq!(days("UTC"), ["05-09 00:00+00:00 0", "05-10 00:00+00:00 5", "05-11 00:00+00:00 0"]);
    assert_eq!(
        days("America/New_York"),
        ["05-09 00:00-04:00 about 0", "05-10 00:00-04:00 about 5", "05-11 00:00-04:00 0"]
    );
}

#[test]
fn a_day_that_lost_some_of_its_hours_is_counted_once() {
    let series = Series::new([row(Width::Day, "2026-05-10T00:00:00Z", 5), row(Width::Hour, "2026-05-10T07:00:00Z", 2)]);
    let day = series.slots(By::Day, at("2026-05-10T00:00:00Z"), at("2026-05-10T00:00:00Z"), &TimeZone::UTC).unwrap();
    assert_eq!((day[0].count, day[0].exact), (7, true));
}

#[test]
fn months_are_those_of_the_calendar() {
    let series =
        Series::new([row(Width::Hour, "2026-02-28T23:00:00Z", 1), row(Width::Month, "2025-12-01T00:00:00Z", 2)]);
    assert_eq!(counts(&series.last(By::Month, 4, at("2026-03-31T12:00:00Z"), &TimeZone::UTC)), [2, 0, 1, 0]);
    assert_eq!(counts(&series.last(By::Month, 1, at("2026-03-31T12:00:00Z"), &zone("Europe/Berlin"))), [1]);
}

#[test]
fn no_answer_has_slots_without_end() {
    let slots = Series::default().slots(By::Minute, Timestamp::MIN, Timestamp::MAX, &TimeZone::UTC);
    assert_eq!(slots, Err(TooManySlots));
    let end = Series::default().slots(By::Day, Timestamp::MAX, Timestamp::MAX, &zone("Pacific/Auckland")).unwrap();
    assert!(end.len() <= 1, "{end:?}");
}

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "America/Sao_Paulo",
    "Africa/Casablanca",
];

proptest! {
    /// Slots of any zone share a range without gaps, and all that is dated within it is in exactly one of them.
    #[test]
    fn slots_have_no_gaps_and_lose_nothing(
        rows in proptest::collection::vec((0_i16..3, 0_i64..400 * DAY, 1_i64..9), 0..50),
        name in proptest::sample::select(ZONES.to_vec()),
        by in proptest::sample::select(vec![By::Hour, By::Day, By::Month]),
    ) {
        let base = at("2026-01-01T00:00:00Z").as_second();
        let rows = rows.into_iter().map(|(width, offset, count)| {
            let width = Width::numbered(width).unwrap();
            Row { width, start: width.start_of(base + offset), count }
        });
        let series = Series::new(rows);
        let range = |second: i64| Timestamp::from_second(second).unwrap();
        let slots = series.slots(by, range(base - 3 * DAY), range(base + 403 * DAY), &zone(name)).unwrap();
        prop_assert!(slots.windows(2).all(|pair| pair[0].end == pair[1].start && pair[0].start < pair[0].end));
        prop_assert_eq!(slots.iter().map(|slot| slot.count).sum::<i64>(), series.total);
    }

    /// With minutes alone every slot of every zone is exact.
    #[test]
    fn from_minutes_every_slot_is_exact(
        minutes in proptest::collection::vec((0_i64..60 * DAY, 1_i64..9), 0..50),
        name in proptest::sample::select(ZONES.to_vec()),
        by in proptest::sample::select(vec![By::Hour, By::Day, By::Month]),
    ) {
        let base = at("2026-03-01T00:00:00Z").as_second();
        let rows: Vec<_> = minutes
            .into_iter()
            .map(|(offset, count)| Row { width: Width::Minute, start: Width::Minute.start_of(base + offset), count })
            .collect();
        let moment = |second: i64| Timestamp::from_second(second).unwrap();
        let slots = Series::new(rows.clone()).slots(by, moment(base - DAY), moment(base + 61 * DAY), &zone(name)).unwrap();
        for slot in slots {
            let within = |row: &&Row| (slot.start.timestamp()..slot.end.timestamp()).contains(&moment(row.start));
            prop_assert!(slot.exact);
            prop_assert_eq!(slot.count, rows.iter().filter(within).map(|row| row.count).sum::<i64>());
        }
    }
}
