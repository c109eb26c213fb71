//! Texts that look a little like what kernels, engines and Redis write.

/// Words of such texts, so that more than the first line of a parser is reached.
const WORDS: [&str; 64] = [
    " ",
    "\n",
    ":",
    "=",
    "/",
    "\t",
    ",",
    "-",
    "\r\n",
    "0::/docker/0123456789ab",
    "1:cpu:/",
    " - ",
    "cgroup2",
    "cgroup",
    "rw,memory",
    "/..",
    "254:0",
    "Read",
    "Write",
    "Total",
    "rbytes=1",
    "wios=9",
    "usage_usec",
    "nr_periods",
    "oom_kill",
    "total_rss",
    "18446744073709551615",
    "18446744073709551616",
    "-1",
    "1e999",
    "NaN",
    "0",
    "7",
    "max",
    "cpu0",
    "cpu",
    "intr",
    "btime",
    "some",
    "full",
    "total=5",
    "kB",
    "MemTotal:",
    "\\040",
    "\\777",
    "\\",
    "eth0:",
    ")",
    "(a) b",
    "30 1 0:26 / /sys rw",
    "$-1\r\n",
    "*2\r\n",
    "+OK\r\n",
    ":1\r\n",
    "$3\r\nabc\r\n",
    "# Server\r\n",
    "redis_version:7.0.15\r\n",
    "db0:keys=1,expires=0,avg_ttl=0\r\n",
    "cmdstat_get:calls=1,usec=2\r\n",
    "slave0:ip=a,port=1,state=online,offset=2,lag=0\r\n",
    "id=1 addr=a:1 name=",
    "é",
    "\u{fffd}",
    "\0",
];

/// A text of these numbers: each is a word, or a word that comes again and again.
pub(crate) fn text(numbers: &[u64]) -> String {
    let mut text = String::new();
    for number in numbers {
        let word = WORDS[(number % WORDS.len() as u64) as usize];
        let times = if number >> 32 & 31 == 0 { 300 } else { 1 };
        text.push_str(&word.repeat(times));
    }
    text
}
