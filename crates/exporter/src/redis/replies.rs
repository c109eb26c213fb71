//! Replies to commands other than `INFO`. They are foreign values, and no value makes this panic.

use super::{info::number, resp::Reply};

/// At most this many clients of one server are served.
pub const MAX_CLIENTS: usize = 1_000;

/// One event of `LATENCY LATEST`.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyEvent<'a> {
    /// `command`, `fork` and so on.
    pub event: &'a str,
    /// When it was last above the threshold, in seconds since the epoch.
    pub last: f64,
    /// How long it took then, in seconds.
    pub seconds: f64,
}

/// The newest entry of the slow log.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SlowlogEntry {
    /// Its number, which increases.
    pub id: f64,
    /// How long the command took, in seconds.
    pub seconds: f64,
}

/// One client of `CLIENT LIST`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Client<'a> {
    /// Its number.
    pub id: &'a str,
    /// The name that it gave itself.
    pub name: &'a str,
    /// Its address without the port.
    pub host: &'a str,
    /// Its flags.
    pub flags: &'a str,
    /// Its database.
    pub database: &'a str,
    /// The user it is logged in as; Redis 6 and later.
    pub user: &'a str,
    /// The protocol's version; Redis 7 and later.
    pub resp: &'a str,
    /// Seconds since it connected.
    pub age: f64,
    /// Seconds since its last command.
    pub idle: f64,
    /// Bytes of memory of its output buffer.
    pub output_memory: f64,
    /// Bytes of memory of all its buffers; Redis 6.2 and later.
    pub total_memory: Option<f64>,
}

/// The limits of one class of clients, from the setting `client-output-buffer-limit`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BufferLimit<'a> {
    /// `normal`, `slave` or `replica`, `pubsub`.
    pub class: &'a str,
    /// At this many bytes a client is closed.
    pub hard: f64,
    /// At this many bytes a client is closed after `seconds`.
    pub soft: f64,
    /// How long a client may be above the soft limit.
    pub seconds: f64,
}

/// The events of `LATENCY LATEST`: `[[event, time, milliseconds, maximum], ...]`.
pub fn parse_latency(reply: &Reply) -> Vec<LatencyEvent<'_>> {
    let Reply::Array(events) = reply else { return Vec::new() };
    events.iter().filter_map(parse_event).collect()
}

fn parse_event(event: &Reply) -> Option<LatencyEvent<'_>> {
    let Reply::Array(parts) = event else { return None };
    match parts.as_slice() {
        [Reply::Text(event), Reply::Integer(last), Reply::Integer(milliseconds), ..] => {
            Some(LatencyEvent { event, last: *last as f64, seconds: *milliseconds as f64 / 1e3 })
        }
        _ => None,
    }
}

/// The newest entry of `SLOWLOG GET 1`: `[[id, time, microseconds, arguments, ...]]`; zeros if the log is empty,
/// `None` if the answer is of another form.
pub fn parse_slowlog(reply: &Reply) -> Option<SlowlogEntry> {
    let Reply::Array(entries) = reply else { return None };
    match entries.first() {
        None => Some(SlowlogEntry::default()),
        Some(Reply::Array(parts)) => match parts.as_slice() {
            [Reply::Integer(id), _, Reply::Integer(microseconds), ..] => {
                Some(SlowlogEntry { id: *id as f64, seconds: *microseconds as f64 / 1e6 })
            }
            _ => None,
        },
        Some(_) => None,
    }
}

/// Names and values of `CONFIG GET`, as an array (or what a proxy makes of it).
pub fn parse_config(reply: &Reply) -> Vec<(&str, &str)> {
    let Reply::Array(parts) = reply else { return Vec::new() };
    let pairs = parts.chunks_exact(2).filter_map(|pair| match pair {
        [Reply::Text(name), Reply::Text(value)] => Some((name.as_str(), value.as_str())),
        _ => None,
    });
    pairs.collect()
}

/// The classes of `client-output-buffer-limit`: `normal 0 0 0 slave 268435456 67108864 60 ...`.
pub fn parse_buffer_limits(setting: &str) -> Vec<BufferLimit<'_>> {
    let words: Vec<&str> = setting.split_ascii_whitespace().collect();
    let parse = |words: &[&'_ str]| Some([number(words[1])?, number(words[2])?, number(words[3])?]);
    let limits = words.chunks_exact(4).filter_map(|words| {
        let [hard, soft, seconds] = parse(words)?;
        Some(BufferLimit { class: words[0], hard, soft, seconds })
    });
    limits.collect()
}

/// The clients of `CLIENT LIST`, at most [`MAX_CLIENTS`]; lines of another form are left out.
pub fn parse_clients(text: &str) -> Vec<Client<'_>> {
    text.lines().filter_map(parse_client).take(MAX_CLIENTS).collect()
}

fn parse_client(line: &str) -> Option<Client<'_>> {
    let mut client = Client::default();
    for (name, value) in line.split(' ').filter_map(|part| part.split_once('=')) {
        match name {
            "id" => client.id = value,
            "name" => client.name = value,
            "addr" => client.host = value.rsplit_once(':').map_or(value, |(host, _)| host),
            "flags" => client.flags = value,
            "db" => client.database = value,
            "user" => client.user = value,
            "resp" => client.resp = value,
            "age" => client.age = number(value)?,
            "idle" => client.idle = number(value)?,
            "omem" => client.output_memory = number(value)?,
            "tot-mem" => client.total_memory = number(value),
            _ => {}
        }
    }
    (!client.id.is_empty() && !client.host.is_empty()).then_some(client)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Reply {
        Reply::Text(text.to_owned())
    }

    #[test]
    fn answers_of_the_expected_form() {
        let event =
            |event, time, last| Reply::Array(vec![text(event), Reply::Integer(time), Reply::Integer(last), Reply::Nil]);
        let events = Reply::Array(vec![event("command", 1_700_000_000, 250), Reply::Nil]);
        assert_eq!(parse_latency(&events), [LatencyEvent { event: "command", last: 1.7e9, seconds: 0.25 }]);

        let entry =
            Reply::Array(vec![Reply::Integer(7), Reply::Integer(1), Reply::Integer(20_000), Reply::Array(vec![])]);
        assert_eq!(parse_slowlog(&Reply::Array(vec![entry])), Some(SlowlogEntry { id: 7.0, seconds: 0.02 }));
        assert_eq!(parse_slowlog(&Reply::Array(vec![])), Some(SlowlogEntry::default()));
        assert_eq!(parse_slowlog(&Reply::Error("NOPERM".to_owned())), None);

        let config = Reply::Array(vec![text("maxclients"), text("10000"), text("odd")]);
        assert_eq!(parse_config(&config), [("maxclients", "10000")]);
        assert_eq!(
            parse_buffer_limits("normal 0 0 0 slave 268435456 67108864 60 broken x"),
            [
                BufferLimit { class: "normal", hard: 0.0, soft: 0.0, seconds: 0.0 },
                BufferLimit { class: "slave", hard: 268_435_456.0, soft: 67_108_864.0, seconds: 60.0 },
            ]
        );
    }

    #[test]
    fn a_clients_line() {
        let line = "id=3 addr=[::1]:50000 laddr=127.0.0.1:6379 fd=8 name=web age=10 idle=2 flags=N db=1 sub=0 omem=5 \
            tot-mem=1928 cmd=client|list user=default resp=3\nid=4\nrubbish\n";
        let clients = parse_clients(line);
        assert_eq!(clients.len(), 1);
        let client = clients[0];
        assert_eq!((client.id, client.host, client.name, client.database), ("3", "[::1]", "web", "1"));
        assert_eq!(
            (client.age, client.idle, client.output_memory, client.total_memory),
            (10.0, 2.0, 5.0, Some(1928.0))
        );
    }

    fn reply() -> impl Strategy<Value = Reply> {
        let leaf = prop_oneof![
            ".{0,12}".prop_map(Reply::Text),
            ".{0,12}".prop_map(Reply::Error),
            any::<i64>().prop_map(Reply::Integer),
            Just(Reply::Nil),
        ];
        leaf.prop_recursive(3, 32, 6, |inner| prop::collection::vec(inner, 0..6).prop_map(Reply::Array))
    }

    proptest! {
        #[test]
        fn no_reply_makes_it_panic(reply in reply()) {
            let _ = (parse_latency(&reply), parse_slowlog(&reply), parse_config(&reply));
        }

        #[test]
        fn no_text_makes_it_panic(text in "((id|addr|age|omem)=[-0-9a-z:.\\[\\]]{0,6}| |\n|[^\n]){0,60}") {
            let _ = (parse_clients(&text), parse_buffer_limits(&text));
        }
    }
}
