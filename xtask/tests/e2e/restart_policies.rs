//! Checks the table of `deploy/examples/three-tier/README.md`: which policy restarts which container.

use wharf_testkit::{eventually, kill_process};

use crate::stack::{DEADLINE, Stack};

const POLICIES: [&str; 3] = ["always", "on-failure", "unless-stopped"];

/// For each policy: a service that exits with 0, one that exits with 1, one that is killed, and one that is stopped.
fn compose_file() -> String {
    let mut text = "services:\n".to_owned();
    for policy in POLICIES {
        for (name, command) in
            [("zero", "sh -c 'exit 0'"), ("one", "sh -c 'exit 1'"), ("killed", "sleep 600"), ("stopped", "sleep 600")]
        {
            text.push_str(&format!(
                "  {policy}-{name}:\n    image: wharf-local/debian:bookworm\n    command: {command}\n    \
                 restart: {policy}\n    stop_signal: SIGKILL\n"
            ));
        }
    }
    text
}

/// Waits until it is clear whether a container was restarted, and returns the answer.
async fn starts_again(stack: &Stack, service: &str) -> bool {
    let container = format!("{}-{service}-1", stack.project);
    let mut again = false;
    eventually(format!("{service} is started again or stays stopped"), DEADLINE, async || {
        match stack.restarts(&container).await {
            (1.., _) => again = true,
            (0, state) if state == "exited" => again = false,
            undecided => return Err(format!("{undecided:?}")),
        }
        Ok(())
    })
    .await
    .unwrap();
    again
}

#[tokio::test]
async fn restart_policies_do_what_the_table_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compose.yaml");
    std::fs::write(&file, compose_file()).unwrap();
    let stack = Stack::of_files("policies", vec![file]).await;
    stack.wharf(&["up", "--detach"]);
    for policy in POLICIES {
        let killed = format!("{policy}-killed");
        kill_process(stack.main_process(&format!("{}-{killed}-1", stack.project)).await).await.unwrap();
        let stopped = format!("{policy}-stopped");
        stack.wharf(&["stop", &stopped]);
        let mut row = Vec::new();
        for service in [&format!("{policy}-zero"), &format!("{policy}-one"), &killed, &stopped] {
            row.push(starts_again(&stack, service).await);
        }
        let expected = [policy != "on-failure", true, true, false];
        assert_eq!(row, expected, "{policy}: exits with 0, exits with 1, killed, stopped");
    }
}
