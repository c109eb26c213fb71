//! The query macros read `.sqlx`, never a database, whatever `DATABASE_URL` or a `.env` file says: compiling needs no
//! database, and a developer's database is not asked by accident. README.md says how to renew `.sqlx`.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-changed=migrations-sqlite");
    println!("cargo::rerun-if-env-changed=SQLX_OFFLINE");
    if std::env::var_os("SQLX_OFFLINE").is_none() {
        println!("cargo::rustc-env=SQLX_OFFLINE=true");
    }
}
