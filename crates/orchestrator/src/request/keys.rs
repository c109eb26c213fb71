//! Every key of the specification is decided here, in the hash and in the refusals: a key that one of the three does not name
//! does not compile.
//!
//! This file says for a service which file of the folder acts on each key; the smaller structs are taken apart where they
//! are used, without `..`.

use wharf_compose::model::{Deploy, Service};

/// Keys of a struct of the model by group: `(group, keys)`.
pub(crate) type Keys = &'static [(&'static str, &'static [&'static str])];

/// Sorts all keys of a struct of the model into groups. It does not compile when a key is in no group ("pattern requires `..`
/// due to inaccessible fields", since the pattern is the macro's), or when the struct does not have one.
macro_rules! keys {
    ($model:ident { $($group:ident: $($key:ident)*;)* }) => {{
        const _: fn(&$model) = |$model { $($($key: _,)*)* }| {};
        &[$((stringify!($group), &[$(stringify!($key)),*] as &[&str])),*]
    }};
}

/// Binds the first keys of a struct of the model, and names all others: none is left out.
macro_rules! bind {
    ($model:ident { $($bound:ident)*; $(not $($other:ident)*;)* } = $value:expr) => {
        let $model { $($bound,)* $($($other: _,)*)* } = $value;
    };
}

pub(crate) use {bind, keys};

/// Which file of this folder acts on a key of a service.
#[cfg_attr(not(test), expect(dead_code, reason = "it asks for each key when it is compiled, and the tests read it"))]
pub(crate) const SERVICE: Keys = keys!(Service {
    container: command depends_on domainname entrypoint environment healthcheck hostname image labels
        stdin_open stop_grace_period stop_signal tty user working_dir;
    host: annotations cap_add cap_drop cgroup cgroup_parent device_cgroup_rules devices dns dns_opt dns_search extra_hosts
        gpus group_add init ipc isolation logging oom_kill_disable oom_score_adj pid privileged read_only restart runtime
        shm_size storage_opt sysctls userns_mode uts volumes_from;
    security: security_opt;
    limits: blkio_config cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset
        deploy mem_limit mem_reservation mem_swappiness memswap_limit pids_limit ulimits;
    mounts: configs secrets tmpfs volumes;
    networks: links mac_address network_mode networks;
    ports: expose ports;
    image: build;
    // Parameters of the call beside its body.
    query: container_name platform;
    // Steps of the plan, or what the command line shows.
    plan: attach post_start pre_start pre_stop profiles provider pull_policy scale;
    // The reader has put the files' content into `environment` and `labels`.
    read: env_file label_file labels_from;
    refused: credential_spec external_links models pull_refresh_after use_api_socket;
    // `watch` reads `develop`, which shapes no container; `x-*` is the author's own.
    unused: develop extensions;
});

/// What of `deploy` shapes a container. The rest speaks of a cluster, or of the number of replicas.
#[cfg_attr(not(test), expect(dead_code, reason = "it asks for each key when it is compiled, and the tests read it"))]
pub(crate) const DEPLOY: Keys = keys!(Deploy {
    limits: resources;
    host: restart_policy;
    plan: replicas;
    unused: endpoint_mode labels mode placement rollback_config update_config;
});
