//! Rules that assign answers to requests.

use crate::unix_server::FakeReply;

/// An answer to requests of one kind.
#[derive(Debug)]
pub(super) struct Rule {
    method: String,
    path: String,
    reply: FakeReply,
    once: bool,
}

impl Rule {
    pub(super) fn always(method: &str, path: &str, reply: FakeReply) -> Self {
        Rule { method: method.to_owned(), path: path.to_owned(), reply, once: false }
    }

    pub(super) fn once(method: &str, path: &str, reply: FakeReply) -> Self {
        Rule { once: true, ..Rule::always(method, path, reply) }
    }
}

/// The answer to a request: the oldest rule for one request, else the newest for all.
pub(super) fn answer(rules: &mut Vec<Rule>, method: &str, path: &str) -> Option<FakeReply> {
    let fits = |rule: &&Rule| rule.method == method && fits(&rule.path, path);
    if let Some(at) = rules.iter().position(|rule| rule.once && fits(&rule)) {
        return Some(rules.remove(at).reply);
    }
    rules.iter().rev().find(fits).map(|rule| rule.reply.clone())
}

/// Whether a path matches a pattern. `*` matches one segment.
pub(super) fn fits(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut parts) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), parts.next()) {
            (None, None) => return true,
            (Some(wanted), Some(part)) if wanted == "*" || wanted == part => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_part_of_a_path() {
        assert!(fits("/containers/*/json", "/containers/4f0c/json"));
        assert!(!fits("/containers/*/json", "/containers/json"));
        assert!(!fits("/containers/*", "/containers/4f0c/json"));
    }

    #[test]
    fn rules_for_one_request_come_first_and_in_order() {
        let reply = |status| FakeReply::status(status);
        let mut rules = vec![
            Rule::always("GET", "/a", reply(1)),
            Rule::once("GET", "/a", reply(2)),
            Rule::once("GET", "/a", reply(3)),
            Rule::always("GET", "/*", reply(4)),
        ];
        let answers: Vec<_> = (0..3).map(|_| answer(&mut rules, "GET", "/a")).collect();
        assert_eq!(answers, [Some(reply(2)), Some(reply(3)), Some(reply(4))]);
        assert_eq!(answer(&mut rules, "POST", "/a"), None);
    }
}
