//! The history behind PgBouncer, which gives each transaction another connection.

use std::os::unix::fs::PermissionsExt;

use futures_util::future::join_all;
use wharf_testkit::{Peer, Postgres, Redis};

use crate::replica::{Replica, SOON};

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_kept_through_a_pooler_in_every_mode() {
    for mode in ["session", "transaction"] {
        let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
        let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
        let folder = tempfile::tempdir().unwrap();
        // Two connections for six clients, each used in turn.
        let settings = |port: u16| {
            format!(
                "[databases]\n{database} = host={host} port={server} password={password}\n\
                 [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\npool_mode = {mode}\n\
                 auth_type = any\ndefault_pool_size = {pool}\nserver_round_robin = 1\n",
                database = Postgres::DATABASE,
                host = postgres.host(),
                server = postgres.port(),
                password = format_args!("{} user={}", Postgres::PASSWORD, Postgres::USER),
                pool = if mode == "session" { 20 } else { 2 },
            )
        };
        let arguments = |port| {
            std::fs::write(folder.path().join("pgbouncer.ini"), settings(port)).unwrap();
            // It does not run as the user of this test.
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
            vec!["/etc/pooler/pgbouncer.ini".to_owned()]
        };
        let mounted = [(folder.path().to_str().unwrap(), "/etc/pooler")];
        let pooler = Peer::start_with_folders("pgbouncer", arguments, &[], &mounted).await.unwrap();
        let url = format!("postgres://{}@127.0.0.1:{}/{}", Postgres::USER, pooler.port(), Postgres::DATABASE);
        let replicas = join_all((0..3).map(|_| Replica::start((redis.host(), redis.port()), Some(&url)))).await;
        for replica in &replicas {
            replica.until("/stats", |answer| answer.status == 200).await;
        }
        for round in 1..=20 {
            join_all(replicas.iter().map(async |replica| replica.get("/count").await.count())).await;
            join_all(replicas.iter().map(async |replica| replica.get("/hits/wharf").await.count())).await;
            let statuses = join_all(replicas.iter().map(async |replica| replica.get("/stats").await.status)).await;
            assert_eq!(statuses, [200; 3], "{mode}, round {round}");
        }
        let written = wharf_testkit::eventually("all visits are in the history", SOON, async || {
            let stats = replicas[0].get("/api/v1/stats").await.body;
            if stats.contains(r#""visits":60"#) { Ok(()) } else { Err(stats) }
        });
        written.await.unwrap();
        for replica in replicas {
            replica.stop().await;
        }
    }
}
