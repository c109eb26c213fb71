//! The reply to `INFO`: `# Section` lines and `field:value` lines. It is foreign text, and no text makes this panic.
//!
//! The fields: <https://redis.io/docs/latest/commands/info/>.

/// A reply to `INFO`, split into lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Info<'a> {
    lines: Vec<Line<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Line<'a> {
    section: &'a str,
    field: &'a str,
    value: &'a str,
}

/// One database, from `db0:keys=1,expires=0,avg_ttl=0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Keyspace<'a> {
    /// `db0` and so on.
    pub database: &'a str,
    /// Keys in it.
    pub keys: f64,
    /// Keys that have a time to live.
    pub expiring: f64,
    /// Mean time to live in seconds, if the server says it.
    pub average_ttl: Option<f64>,
}

/// One command, from `cmdstat_get:calls=1,usec=2,usec_per_call=2.00,rejected_calls=0,failed_calls=0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CommandStats<'a> {
    /// The command, with `|subcommand` where there is one.
    pub command: &'a str,
    /// How often it was called.
    pub calls: f64,
    /// Seconds in it, all calls together.
    pub seconds: f64,
    /// Calls refused before they ran; Redis 6.2 and later.
    pub rejected: Option<f64>,
    /// Calls that failed; Redis 6.2 and later.
    pub failed: Option<f64>,
}

/// One replica of a master, from `slave0:ip=10.0.0.2,port=6379,state=online,offset=1,lag=0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Replica<'a> {
    /// Its address as the master sees it.
    pub ip: &'a str,
    /// Its port.
    pub port: &'a str,
    /// `online`, `wait_bgsave`, `send_bulk`.
    pub state: &'a str,
    /// Bytes of the replication stream it has.
    pub offset: f64,
    /// Seconds since its last acknowledgement; Redis 3 and later.
    pub lag: Option<f64>,
}

/// A replica's information about its master.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Master<'a> {
    /// The master's host.
    pub host: &'a str,
    /// The master's port.
    pub port: &'a str,
    /// Whether the link is up.
    pub link_up: bool,
    /// Seconds since the master was heard last.
    pub last_io_seconds: Option<f64>,
    /// Whether a synchronisation is under way.
    pub sync_in_progress: Option<f64>,
    /// Bytes of the replication stream that this replica has.
    pub offset: Option<f64>,
}

/// Splits a reply to `INFO` into its lines. Lines of another form are left out.
pub fn parse_info(text: &str) -> Info<'_> {
    let mut section = "";
    let mut lines = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(title) = line.strip_prefix('#') {
            section = title.trim();
        } else if let Some((field, value)) = line.split_once(':')
            && !field.is_empty()
        {
            lines.push(Line { section, field, value });
        }
    }
    Info { lines }
}

impl<'a> Info<'a> {
    /// The value of a field that comes once.
    pub fn get(&self, field: &str) -> Option<&'a str> {
        self.lines.iter().find(|line| line.field == field).map(|line| line.value)
    }

    /// Whether the server is a node of a Redis Cluster.
    pub fn is_cluster(&self) -> bool {
        self.get("cluster_enabled") == Some("1")
    }

    /// The first number of `redis_version` (Valkey says the Redis version that it is compatible with); 0 if unknown.
    pub fn major_version(&self) -> u32 {
        let version = self.get("redis_version").unwrap_or_default();
        version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0)
    }

    /// Fields and values in their order, without those that exist for each command, error or database.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let many = ["Commandstats", "Errorstats", "Latencystats", "Keyspace"];
        self.lines.iter().filter(move |line| !many.contains(&line.section)).map(|line| (line.field, line.value))
    }

    fn section(&self, section: &'static str, prefix: &'static str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let lines = self.lines.iter().filter(move |line| line.section == section);
        lines.filter_map(move |line| Some((line.field.strip_prefix(prefix)?, line.value)))
    }

    /// The databases that hold keys.
    pub fn keyspace(&self) -> Vec<Keyspace<'a>> {
        let lines = self.lines.iter().filter(|line| line.section == "Keyspace" && line.field.starts_with("db"));
        let parse = |line: &Line<'a>| {
            Some(Keyspace {
                database: line.field,
                keys: part(line.value, "keys")?,
                expiring: part(line.value, "expires")?,
                average_ttl: part(line.value, "avg_ttl").map(|milliseconds| milliseconds / 1e3),
            })
        };
        lines.filter_map(parse).collect()
    }

    /// The cost of each command.
    pub fn commands(&self) -> Vec<CommandStats<'a>> {
        let parse = |(command, value): (&'a str, &'a str)| {
            Some(CommandStats {
                command,
                calls: part(value, "calls")?,
                seconds: part(value, "usec")? / 1e6,
                rejected: part(value, "rejected_calls"),
                failed: part(value, "failed_calls"),
            })
        };
        self.section("Commandstats", "cmdstat_").filter_map(parse).collect()
    }

    /// How often each error was returned, by its first word; Redis 6.2 and later.
    pub fn errors(&self) -> Vec<(&'a str, f64)> {
        self.section("Errorstats", "errorstat_")
            .filter_map(|(error, value)| Some((error, part(value, "count")?)))
            .collect()
    }

    /// The replicas of this master.
    pub fn replicas(&self) -> Vec<Replica<'a>> {
        let parse = |(number, value): (&'a str, &'a str)| {
            number.parse::<u32>().ok()?;
            Some(Replica {
                ip: text_part(value, "ip").unwrap_or_default(),
                port: text_part(value, "port").unwrap_or_default(),
                state: text_part(value, "state").unwrap_or_default(),
                offset: part(value, "offset")?,
                lag: part(value, "lag"),
            })
        };
        self.section("Replication", "slave").filter_map(parse).collect()
    }

    /// The master of this replica; `None` for a master.
    pub fn master(&self) -> Option<Master<'a>> {
        let number = |field| self.get(field).and_then(number);
        Some(Master {
            link_up: self.get("master_link_status")? == "up",
            host: self.get("master_host").unwrap_or_default(),
            port: self.get("master_port").unwrap_or_default(),
            last_io_seconds: number("master_last_io_seconds_ago"),
            sync_in_progress: number("master_sync_in_progress"),
            offset: number("slave_repl_offset"),
        })
    }
}

/// A field's value as a number. A state in words is 1 if it is good, else 0.
pub(crate) fn number(value: &str) -> Option<f64> {
    match value {
        "ok" | "true" => Some(1.0),
        "err" | "fail" | "false" => Some(0.0),
        value => value.parse().ok().filter(|number: &f64| !number.is_nan()),
    }
}

/// The number of `name=number` in a list separated by commas.
fn part(list: &str, name: &str) -> Option<f64> {
    text_part(list, name).and_then(number)
}

fn text_part<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    list.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MASTER: &str = "# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:12\r\n\r\n# Replication\r\nrole:master\r\n\
        connected_slaves:1\r\nslave0:ip=10.0.0.2,port=6379,state=online,offset=42,lag=1\r\nslave_oops:1\r\n\
        # Commandstats\r\ncmdstat_config|get:calls=2,usec=1500000,usec_per_call=7.5,rejected_calls=3,failed_calls=4\r\n\
        cmdstat_get:calls=21,usec=175,usec_per_call=8.33\r\ncmdstat_bad:calls=x\r\n\
        # Errorstats\r\nerrorstat_ERR:count=4\r\n# Cluster\r\ncluster_enabled:0\r\n\
        # Keyspace\r\ndb0:keys=5,expires=1,avg_ttl=2500,subexpiry=0\r\ndb3:keys=1,expires=0\r\ndb9:keys=?\r\n";

    #[test]
    fn the_parts_of_a_masters_answer() {
        let info = parse_info(MASTER);
        assert_eq!(info.get("uptime_in_seconds"), Some("12"));
        assert_eq!(info.major_version(), 7);
        assert!(!info.is_cluster());
        assert_eq!(
            info.keyspace(),
            [
                Keyspace { database: "db0", keys: 5.0, expiring: 1.0, average_ttl: Some(2.5) },
                Keyspace { database: "db3", keys: 1.0, expiring: 0.0, average_ttl: None },
            ]
        );
        assert_eq!(
            info.commands(),
            [
                CommandStats {
                    command: "config|get",
                    calls: 2.0,
                    seconds: 1.5,
                    rejected: Some(3.0),
                    failed: Some(4.0)
                },
                CommandStats { command: "get", calls: 21.0, seconds: 0.000_175, rejected: None, failed: None },
            ]
        );
        assert_eq!(info.errors(), [("ERR", 4.0)]);
        assert_eq!(
            info.replicas(),
            [Replica { ip: "10.0.0.2", port: "6379", state: "online", offset: 42.0, lag: Some(1.0) }]
        );
        assert_eq!(info.master(), None);
        assert!(info.fields().all(|(field, _)| !field.starts_with("cmdstat_") && !field.starts_with("db")));
    }

    #[test]
    fn what_a_replica_says_of_its_master() {
        let text = "# Replication\r\nrole:slave\r\nmaster_host:cache\r\nmaster_port:6379\r\nmaster_link_status:down\r\n\
            master_last_io_seconds_ago:-1\r\nmaster_sync_in_progress:0\r\nslave_repl_offset:7\r\n";
        let master = parse_info(text).master().unwrap();
        assert_eq!((master.host, master.port, master.link_up), ("cache", "6379", false));
        assert_eq!((master.last_io_seconds, master.offset), (Some(-1.0), Some(7.0)));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s).{0,400}") {
            everything(&text);
        }

        #[test]
        fn no_text_that_looks_like_info_makes_it_panic(
            text in "((# (Keyspace|Commandstats|Errorstats|Replication|Server)|(db|cmdstat_|errorstat_|slave)[0-9a-z|]{0,3}:|(keys|calls|usec|offset|count|ip)=|[-0-9.eE,:=\r]|inf|nan|[^\n])\n?){0,60}"
        ) {
            everything(&text);
        }
    }

    fn everything(text: &str) {
        let info = parse_info(text);
        let _ = (info.keyspace(), info.commands(), info.errors(), info.replicas(), info.master(), info.major_version());
    }
}
