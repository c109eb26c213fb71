//! What the user agent tells: a program, or a proxy through which many people look.

use std::sync::LazyLock;

use regex::Regex;

/// Crawlers, bots and programs, one regular expression a line (docs/decisions/0036-people-and-pictures.md).
const PROGRAMS: &str = include_str!("../../data/crawler-user-agents.txt");

/// Words that programs have in their names and browsers do not, for the many that no list has. `bot` is not a part of another
/// word, and not the end of Cubot, who makes telephones.
const WORDS: &str = "(?i)(?:^|[^u])bot(?:[^a-z0-9]|$)|crawl|spider|slurp|scrap|archiver|validator|monitor|fetch|\
    headless|preview|https?:|http-?client|curl|^(?:java|php|perl)";

/// Parts of the names of proxies that fetch pictures for many people: GitHub's and its relatives, those of mail services
/// and chats, and two that anybody can run. The list of programs has most of them, too.
const PROXIES: [&str; 8] = [
    "github-camo",
    "go-camo",
    "Camo Asset Proxy",
    "ImageProxy",
    "imageproxy",
    "YahooMailProxy",
    "Slack-ImgProxy",
    "imgproxy/",
];

/// Longest part of a user agent that is looked at, in bytes.
const LOOKED_AT: usize = 512;

static PROGRAM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let expressions = PROGRAMS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let all = expressions.chain([WORDS]).map(|expression| format!("(?:{expression})")).collect::<Vec<_>>().join("|");
    Regex::new(&all).inspect_err(|error| tracing::error!(%error, "the list of programs cannot be read")).ok()
});

/// Whether this is the user agent of a program. One that has no name is a program: every browser has one.
pub(crate) fn is_program(agent: &str) -> bool {
    agent.trim().is_empty() || PROGRAM.as_ref().is_some_and(|program| program.is_match(start(agent)))
}

/// Whether this is a proxy that fetches pictures for many people, so that each of its requests may be another person's.
pub(crate) fn fetches_for_many(agent: &str) -> bool {
    let agent = start(agent);
    PROXIES.iter().any(|proxy| agent.contains(proxy))
}

fn start(agent: &str) -> &str {
    &agent[..agent.floor_char_boundary(LOOKED_AT)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_of_the_list_is_one() {
        assert!(PROGRAM.is_some());
        assert!(PROGRAM.as_ref().unwrap().as_str().matches("|(?:").count() > 1400);
        assert!(!PROGRAM.as_ref().unwrap().is_match(""), "none of them matches everything");
    }

    #[test]
    fn people_use_browsers() {
        let browsers = [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0",
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 OPR/125.0.0.0",
            "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Vivaldi/7.6",
            "Mozilla/5.0 (Linux; U; Android 14; en-us; 2201117TY) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/123.0 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.30",
            "Mozilla/5.0 (X11; U; Linux x86_64; en-US) Gecko/20100101 Goanna/6.7 PaleMoon/33.7",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 DuckDuckGo/7",
            "Mozilla/5.0 (Linux; Android 13; CUBOT_NOTE 50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 10; CUBOT X20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
            "Links (2.29; Linux 6.1 x86_64; GNU C 12.2; text)",
            "Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18",
        ];
        for agent in browsers {
            assert!(!is_program(agent) && !fetches_for_many(agent), "{agent}");
        }
    }

    #[test]
    fn programs_do_not_count() {
        let programs = [
            "",
            " ",
            "curl/8.5.0",
            "Wget/1.21.4",
            "python-requests/2.32.3",
            "Go-http-client/2.0",
            "axios/1.7.2",
            "okhttp/4.12.0",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
            "TelegramBot (like TwitterBot)",
            "WhatsApp/2.24.10.85 A",
            "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
            "Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
            "Java/1.8.0_401",
            "thumbshots-de-bot",
            "SomebodysCrawler",
            "Mozilla/5.0 (compatible; UnheardOf/1.0; +https://example.org/about)",
            "Feedly/1.0 (+http://www.feedly.com/fetcher.html; like FeedFetcher-Google)",
        ];
        for agent in programs {
            assert!(is_program(agent) && !fetches_for_many(agent), "{agent}");
        }
        assert!(
            !is_program(&format!("{}bot curl Googlebot", "Mozilla/5.0 ".repeat(50))),
            "the end of a long one is not read"
        );
    }

    #[test]
    fn proxies_fetch_for_many() {
        let proxies = [
            "github-camo (4b76e509)",
            "Camo Asset Proxy 2.3.0",
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
            "Slack-ImgProxy (+https://api.slack.com/robots)",
            "hey.com/imageproxy Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36",
            "StartpagePrivateImageProxy/2.0 (https://www.startpage.com/; support@startpage.com) requests/2.25.1",
            "willnorris/imageproxy",
            "imgproxy/3.21.0",
        ];
        for agent in proxies {
            assert!(fetches_for_many(agent), "{agent}");
        }
    }

    #[test]
    fn a_cut_falls_between_characters() {
        assert!(!is_program(&"é".repeat(400)));
        assert!(!is_program(&format!("a{}", "é".repeat(400))));
    }
}
