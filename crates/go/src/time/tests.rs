//! What Go reads and writes.

use proptest::prelude::*;

use super::*;

fn unix(layout: &str, text: &str, location: Option<&str>) -> Option<i64> {
    let location = location.map(|name| Location::load(name).unwrap());
    Some(Layout::new(layout).parse(text).ok()?.unix_nanoseconds(location.as_ref()))
}

#[test]
fn layouts_read_times() {
    let second = 1_000_000_000;
    assert_eq!(
        unix("2006-01-02T15:04:05.999999999Z07:00", "2019-03-28T11:29:10.000000001+01:00", None),
        Some(1_553_768_950_000_000_001)
    );
    assert_eq!(unix("02/Jan/2006:15:04:05 -0700", "25/Jan/2000:14:00:01 -0500", None), Some(948_826_801 * second));
    assert_eq!(unix("2006-01-02 15:04:05", "2020-01-01 00:00:00.25", None), Some(1_577_836_800 * second + 250_000_000));
    assert_eq!(
        unix("2006-01-02 15:04:05", "2020-07-01 00:00:00", Some("America/New_York")),
        Some(1_593_576_000 * second)
    );
    assert_eq!(
        unix("2006-01-02 15:04:05 MST", "2020-07-01 00:00:00 EST", Some("America/New_York")),
        Some(1_593_579_600 * second)
    );
    assert_eq!(unix("Jan _2 2006 3:04PM", "feb  9 2021 12:30AM", None), Some(1_612_830_600 * second));
    assert_eq!(unix("2006 002", "2024 060", None), Some(1_709_164_800 * second));
    assert_eq!(unix("2006-01-02 MST", "2024-01-01 GMT+3", None), Some(1_704_067_200 * second));
    for (layout, text) in [
        ("2006-01-02", "2021-02-29"),
        ("15:04", "24:00"),
        ("2006", "206"),
        ("01", "1"),
        ("MST", "est"),
        ("2006", "2006x"),
    ] {
        assert_eq!(unix(layout, text, None), None, "{text}");
    }
}

#[test]
fn layouts_write_times() {
    let berlin = Location::load("Europe/Berlin").unwrap();
    let show = |layout: &str| format(&Layout::new(layout), 1_593_576_005_120_000_000, &berlin);
    assert_eq!(show("Mon Jan _2 15:04:05.000 MST 2006"), "Wed Jul  1 06:00:05.120 CEST 2020");
    assert_eq!(show("06-1-2 3:4:5.999pm Z07:00 -0700 002 Monday"), "20-7-1 6:0:5.12am +02:00 +0200 183 Wednesday");
}

#[test]
fn durations() {
    assert_eq!(parse_duration("1h30m"), Some(5_400_000_000_000));
    assert_eq!(parse_duration("-1.5s"), Some(-1_500_000_000));
    assert_eq!(parse_duration("0"), Some(0));
    for bad in ["", "3", "1d", "soon", ".s", "1h-2m", "9999999h", "1 s"] {
        assert_eq!(parse_duration(bad), None, "{bad}");
    }
    assert_eq!(format_duration(5_400_500_000_000), "1h30m0.5s");
    assert_eq!(format_duration(-1_500_000), "-1.5ms");
}

proptest! {
    #[test]
    fn nothing_panics(layout in "[-0-9JanMoySTZ:.,_ pPMé]{0,20}", text in "[-+0-9A-Za-z:.,_ é]{0,20}") {
        if let Ok(parsed) = Layout::new(&layout).parse(&text) {
            let nanoseconds = parsed.unix_nanoseconds(None);
            format(&Layout::new(&layout), nanoseconds, &Location::load("").unwrap());
        }
        let _ = parse_duration(&text).map(format_duration);
    }

    #[test]
    fn what_was_written_is_read_again(seconds in -9_000_000_000_i64..9_000_000_000) {
        let nanoseconds = seconds.wrapping_mul(1_000_000_000);
        let layout = Layout::new("Mon Jan _2 15:04:05.000000000 -07:00:00 2006");
        let text = format(&layout, nanoseconds, &Location::load("Asia/Tokyo").unwrap());
        prop_assert_eq!(layout.parse(&text).unwrap().unix_nanoseconds(None), nanoseconds);
    }
}
