//! The verbs by what people do with them, each with examples. `--help` and the man pages show both.

/// Verbs that belong together.
pub(crate) struct Group {
    pub(crate) heading: &'static str,
    pub(crate) concern: Concern,
    pub(crate) verbs: &'static [Verb],
}

/// What verbs have to do with a project: which global flags mean something to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concern {
    /// They change it, or run something in it.
    Change,
    /// They only look at it.
    Look,
    /// They run beside it.
    Role,
    /// They are about the command.
    Itself,
}

/// A verb and how it is used.
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    pub(crate) examples: &'static [Example],
}

/// A command line after the program's name, and what it does.
pub(crate) type Example = (&'static str, &'static str);

const fn verb(name: &'static str, examples: &'static [Example]) -> Verb {
    Verb { name, examples }
}

/// All verbs, in the order of the help.
pub(crate) const GROUPS: [Group; 6] = [
    Group {
        heading: "Start and stop",
        concern: Concern::Change,
        verbs: &[
            verb(
                "up",
                &[
                    ("up", "run in the foreground; Ctrl-C stops"),
                    ("up -d --wait", "return when all services are healthy"),
                    ("up -d --build web", "rebuild web's image first"),
                    ("up -d --scale web=3", "run three replicas of web"),
                    ("up --watch", "also follow the files that develop.watch names"),
                ],
            ),
            verb(
                "down",
                &[
                    ("down", "keep volumes"),
                    ("down -v", "remove volumes with their data"),
                    ("down --rmi local", "also remove the images that were built"),
                ],
            ),
            verb("start", &[("start", ""), ("start --wait web", "return when web is healthy")]),
            verb("stop", &[("stop", ""), ("stop -t 60 db", "give db a minute to end")]),
            verb("restart", &[("restart", ""), ("restart --no-deps web", "leave the services that follow web")]),
            verb("create", &[("create", ""), ("create --build web", "rebuild web's image first")]),
            verb("scale", &[("scale web=3", ""), ("scale web=2 worker=5", "")]),
            verb("pause", &[("pause", ""), ("pause worker", "")]),
            verb("unpause", &[("unpause", ""), ("unpause worker", "")]),
            verb("kill", &[("kill web", ""), ("kill -s SIGHUP nginx", "make nginx read its configuration again")]),
            verb("rm", &[("rm", "ask first"), ("rm -fsv web", "stop web, remove it with its anonymous volumes")]),
            verb(
                "watch",
                &[
                    ("watch", "start, then copy, rebuild or restart as files change"),
                    ("watch --no-up web", "web alone, which runs already"),
                ],
            ),
            verb("wait", &[("wait migrate", "exit with the code of migrate"), ("wait --down-project tests", "")]),
        ],
    },
    Group {
        heading: "Look",
        concern: Concern::Look,
        verbs: &[
            verb(
                "ps",
                &[
                    ("ps -a", "stopped containers, too"),
                    ("ps --format json", "one object per line"),
                    ("ps --format 'table {{.Name}}\\t{{.Status}}'", ""),
                ],
            ),
            verb(
                "logs",
                &[
                    ("logs -f --tail 20 web", "follow web, from its last 20 lines"),
                    ("logs --since 10m", "the last ten minutes"),
                ],
            ),
            verb(
                "plan",
                &[
                    ("plan", "what `up` would change, by field"),
                    ("plan --exit-code", "exit with 10 if there are changes"),
                    ("plan --steps web", "each step, and what it waits for"),
                ],
            ),
            verb(
                "config",
                &[
                    ("config", "the project as it is understood"),
                    ("config -q", "only check the files"),
                    ("config --services", ""),
                    ("config --variables", "the variables that the files use"),
                ],
            ),
            verb("doctor", &[("doctor", ""), ("doctor --format json", "")]),
            verb("top", &[("top", ""), ("top web", "")]),
            verb("stats", &[("stats", ""), ("stats --no-stream", "print once")]),
            verb("events", &[("events", ""), ("events --since 10m --json", "")]),
            verb("port", &[("port web 80", "the address of port 80 of web"), ("port --index 2 web 80", "")]),
            verb("images", &[("images", ""), ("images --format json", "")]),
            verb("volumes", &[("volumes", ""), ("volumes -q db", "the names of db's volumes")]),
            verb("ls", &[("ls", "projects that run"), ("ls -a", "stopped projects, too")]),
        ],
    },
    Group {
        heading: "Inside the containers",
        concern: Concern::Change,
        verbs: &[
            verb(
                "exec",
                &[
                    ("exec web sh", "a shell in web"),
                    ("exec db psql -U postgres", ""),
                    ("exec -T web cat /etc/hostname", "without a terminal, for scripts"),
                ],
            ),
            verb(
                "run",
                &[
                    ("run --rm web ./migrate --check", ""),
                    ("run --rm -e DEBUG=1 web", "with one more variable"),
                    ("run --rm -P web", "with the ports of the service"),
                ],
            ),
            verb("attach", &[("attach web", "ctrl-p ctrl-q detaches"), ("attach --no-stdin web", "only look")]),
            verb(
                "cp",
                &[
                    ("cp ./page.html web:/srv/", "to all replicas"),
                    ("cp --index 2 web:/var/log ./log", "from the second replica"),
                ],
            ),
            verb("export", &[("export -o web.tar web", ""), ("export web | tar -t", "list its files")]),
        ],
    },
    Group {
        heading: "Build and ship",
        concern: Concern::Change,
        verbs: &[
            verb(
                "build",
                &[
                    ("build", ""),
                    ("build --no-cache web", "from the beginning"),
                    ("build --push web", "and push the image"),
                    ("build --check web", "check the Dockerfile, build nothing"),
                ],
            ),
            verb("pull", &[("pull", ""), ("pull --policy missing", "only images that are not here")]),
            verb("push", &[("push", ""), ("push web", "")]),
            verb("commit", &[("commit web shop/web:fixed", ""), ("commit -m fixed web shop/web:fixed", "")]),
        ],
    },
    Group {
        heading: "Roles",
        concern: Concern::Role,
        verbs: &[
            verb(
                "exporter",
                &[
                    ("exporter", "metrics on port 10500"),
                    ("exporter --collectors containers,host", ""),
                    ("exporter healthcheck", "for a container's health check"),
                ],
            ),
            verb(
                "agent",
                &[
                    ("agent --loki http://loki:3100", "of the project's containers"),
                    ("agent --config promtail.yaml", "as Promtail would"),
                    ("agent check --config promtail.yaml", "explain a configuration"),
                    ("agent tail --all-projects", "print what would be sent"),
                    ("agent convert config.alloy", "to Promtail's YAML"),
                    ("agent healthcheck", "for a container's health check"),
                ],
            ),
            verb(
                "dashboards",
                &[
                    ("dashboards check redis.json", "which queries have no data"),
                    ("dashboards import 763.json -o redis.json", ""),
                ],
            ),
        ],
    },
    Group {
        heading: "The command itself",
        concern: Concern::Itself,
        verbs: &[
            verb(
                "setup",
                &[
                    ("setup", "`docker compose` is wharf"),
                    ("setup completion", "completion for your shell"),
                    ("setup --undo", "take it all back"),
                ],
            ),
            verb(
                "completion",
                &[("completion bash", "the script, to standard output"), ("completion fish > wharf.fish", "")],
            ),
            verb("version", &[("version", ""), ("version --short", "only the number")]),
        ],
    },
];

/// The group of a verb, and the verb.
pub(crate) fn find(name: &str) -> Option<(&'static Group, &'static Verb)> {
    GROUPS.iter().find_map(|group| Some((group, group.verbs.iter().find(|verb| verb.name == name)?)))
}

/// The examples of a verb's own verb: those of the verb that use it.
pub(crate) fn of_inner(verb: &str, inner: &str) -> Vec<Example> {
    let path = format!("{verb} {inner}");
    let examples = find(verb).map_or(&[][..], |(_, verb)| verb.examples);
    examples.iter().filter(|(line, _)| line.starts_with(&path)).copied().collect()
}
