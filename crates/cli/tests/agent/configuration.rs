//! Promtail's configuration, and its flags.

use std::process::Command;

#[test]
fn promtails_flags_name_the_file_the_variables_and_the_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("promtail.yaml");
    // It names no client, as where the flag does.
    let text = "scrape_configs: [{job_name: '${JOB}', static_configs: [{labels: {__path__: '/var/log/${JOB}.log'}}]}]";
    std::fs::write(&file, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_wharf"))
        .args(["agent", "check", "--config.expand-env=true", "--client.url", "http://loki:3100/loki/api/v1/push"])
        .arg(format!("--config.file={}", file.display()))
        .env("JOB", "app")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("job app:\n  reads the files /var/log/app.log\n"), "{said}");
    assert!(said.contains("to http://loki:3100/loki/api/v1/push"), "{said}");
}
