//! The host's metrics that container dashboards use, with node_exporter's names and labels.

use crate::description::descriptions;

descriptions! { ALL:
    BOOT_TIME = Gauge "node_boot_time_seconds" [] "When the machine was started, in seconds since 1970.";
    TIME = Gauge "node_time_seconds" [] "The machine's time, in seconds since 1970.";
    UNAME = Gauge "node_uname_info" ["sysname", "release", "version", "machine", "nodename", "domainname"] "The kernel's description of the machine.";
    LOAD1 = Gauge "node_load1" [] "Load average of one minute.";
    LOAD5 = Gauge "node_load5" [] "Load average of five minutes.";
    LOAD15 = Gauge "node_load15" [] "Load average of fifteen minutes.";
    CPU = Counter "node_cpu_seconds_total" ["cpu", "mode"] "Time that each CPU spent in each mode, in seconds.";
    CPU_GUEST = Counter "node_cpu_guest_seconds_total" ["cpu", "mode"] "Time that each CPU spent for guests, in seconds; a part of user and nice.";
    CONTEXT_SWITCHES = Counter "node_context_switches_total" [] "Context switches.";
    FORKS = Counter "node_forks_total" [] "Processes and threads that were made.";
    INTERRUPTS = Counter "node_intr_total" [] "Interrupts.";
    PROCS_RUNNING = Gauge "node_procs_running" [] "Tasks that can run.";
    PROCS_BLOCKED = Gauge "node_procs_blocked" [] "Tasks that wait for I/O.";
    FILES_ALLOCATED = Gauge "node_filefd_allocated" [] "Open files.";
    FILES_MAXIMUM = Gauge "node_filefd_maximum" [] "Files that may be open.";
    CONNTRACK_ENTRIES = Gauge "node_nf_conntrack_entries" [] "Connections that are tracked.";
    CONNTRACK_LIMIT = Gauge "node_nf_conntrack_entries_limit" [] "Connections that can be tracked.";
    PRESSURE_CPU = Counter "node_pressure_cpu_waiting_seconds_total" [] "How long some task waited for a CPU, in seconds.";
    PRESSURE_IO = Counter "node_pressure_io_waiting_seconds_total" [] "How long some task waited for I/O, in seconds.";
    PRESSURE_IO_FULL = Counter "node_pressure_io_stalled_seconds_total" [] "How long all tasks waited for I/O, in seconds.";
    PRESSURE_MEMORY = Counter "node_pressure_memory_waiting_seconds_total" [] "How long some task waited for memory, in seconds.";
    PRESSURE_MEMORY_FULL = Counter "node_pressure_memory_stalled_seconds_total" [] "How long all tasks waited for memory, in seconds.";
}

// In the order of `/proc/meminfo`, whose field is the name between `node_memory_` and `_bytes`.
descriptions! { MEMORY:
    MEM_TOTAL = Gauge "node_memory_MemTotal_bytes" [] "Memory of the machine.";
    MEM_FREE = Gauge "node_memory_MemFree_bytes" [] "Memory that nothing uses.";
    MEM_AVAILABLE = Gauge "node_memory_MemAvailable_bytes" [] "Memory that programs can have without swapping.";
    BUFFERS = Gauge "node_memory_Buffers_bytes" [] "Buffers of block devices.";
    CACHED = Gauge "node_memory_Cached_bytes" [] "Page cache.";
    SWAP_CACHED = Gauge "node_memory_SwapCached_bytes" [] "Memory that is in swap, too.";
    ACTIVE = Gauge "node_memory_Active_bytes" [] "Memory that was used lately.";
    INACTIVE = Gauge "node_memory_Inactive_bytes" [] "Memory that was not used lately.";
    SWAP_TOTAL = Gauge "node_memory_SwapTotal_bytes" [] "Swap of the machine.";
    SWAP_FREE = Gauge "node_memory_SwapFree_bytes" [] "Swap that nothing uses.";
    DIRTY = Gauge "node_memory_Dirty_bytes" [] "Memory that waits to be written to disk.";
    WRITEBACK = Gauge "node_memory_Writeback_bytes" [] "Memory that is being written to disk.";
    ANON_PAGES = Gauge "node_memory_AnonPages_bytes" [] "Anonymous memory.";
    MAPPED = Gauge "node_memory_Mapped_bytes" [] "Mapped files.";
    SHMEM = Gauge "node_memory_Shmem_bytes" [] "Shared memory and tmpfs.";
    SLAB = Gauge "node_memory_Slab_bytes" [] "Memory of the kernel's own objects.";
    S_RECLAIMABLE = Gauge "node_memory_SReclaimable_bytes" [] "The part of the slab that can be given up.";
    S_UNRECLAIM = Gauge "node_memory_SUnreclaim_bytes" [] "The part of the slab that cannot be given up.";
    KERNEL_STACK = Gauge "node_memory_KernelStack_bytes" [] "Stacks of the kernel.";
    PAGE_TABLES = Gauge "node_memory_PageTables_bytes" [] "Page tables.";
    COMMIT_LIMIT = Gauge "node_memory_CommitLimit_bytes" [] "Memory that may be promised, where overcommitting is forbidden.";
    COMMITTED = Gauge "node_memory_Committed_AS_bytes" [] "Memory that is promised.";
}

// The name behind `node_vmstat_` is the line of `/proc/vmstat`.
descriptions! { VMSTAT:
    PAGED_IN = Untyped "node_vmstat_pgpgin" [] "Kilobytes read from disks.";
    PAGED_OUT = Untyped "node_vmstat_pgpgout" [] "Kilobytes written to disks.";
    SWAPPED_IN = Untyped "node_vmstat_pswpin" [] "Pages read from swap.";
    SWAPPED_OUT = Untyped "node_vmstat_pswpout" [] "Pages written to swap.";
    FAULTS = Untyped "node_vmstat_pgfault" [] "Page faults.";
    MAJOR_FAULTS = Untyped "node_vmstat_pgmajfault" [] "Page faults that had to read from disk.";
    OOM_KILLS = Untyped "node_vmstat_oom_kill" [] "Processes that were killed for want of memory.";
}

// In the order of the fields behind a disk's name in `/proc/diskstats`.
descriptions! { DISK:
    READS = Counter "node_disk_reads_completed_total" ["device"] "Reads.";
    READS_MERGED = Counter "node_disk_reads_merged_total" ["device"] "Reads that were merged into others.";
    READ_BYTES = Counter "node_disk_read_bytes_total" ["device"] "Bytes read.";
    READ_TIME = Counter "node_disk_read_time_seconds_total" ["device"] "Time that reads took, in seconds.";
    WRITES = Counter "node_disk_writes_completed_total" ["device"] "Writes.";
    WRITES_MERGED = Counter "node_disk_writes_merged_total" ["device"] "Writes that were merged into others.";
    WRITTEN_BYTES = Counter "node_disk_written_bytes_total" ["device"] "Bytes written.";
    WRITE_TIME = Counter "node_disk_write_time_seconds_total" ["device"] "Time that writes took, in seconds.";
    IO_NOW = Gauge "node_disk_io_now" ["device"] "Operations that are under way.";
    IO_TIME = Counter "node_disk_io_time_seconds_total" ["device"] "Time in which the disk was busy, in seconds.";
    IO_TIME_WEIGHTED = Counter "node_disk_io_time_weighted_seconds_total" ["device"] "Time that operations took, waiting included, in seconds.";
}

descriptions! { NETWORK:
    RECEIVE_BYTES = Counter "node_network_receive_bytes_total" ["device"] "Bytes received.";
    RECEIVE_PACKETS = Counter "node_network_receive_packets_total" ["device"] "Packets received.";
    RECEIVE_ERRORS = Counter "node_network_receive_errs_total" ["device"] "Errors while receiving.";
    RECEIVE_DROPPED = Counter "node_network_receive_drop_total" ["device"] "Packets dropped while receiving.";
    TRANSMIT_BYTES = Counter "node_network_transmit_bytes_total" ["device"] "Bytes sent.";
    TRANSMIT_PACKETS = Counter "node_network_transmit_packets_total" ["device"] "Packets sent.";
    TRANSMIT_ERRORS = Counter "node_network_transmit_errs_total" ["device"] "Errors while sending.";
    TRANSMIT_DROPPED = Counter "node_network_transmit_drop_total" ["device"] "Packets dropped while sending.";
}

descriptions! { FILESYSTEM:
    SIZE = Gauge "node_filesystem_size_bytes" ["device", "mountpoint", "fstype"] "Size of the file system.";
    FREE = Gauge "node_filesystem_free_bytes" ["device", "mountpoint", "fstype"] "Free space.";
    AVAILABLE = Gauge "node_filesystem_avail_bytes" ["device", "mountpoint", "fstype"] "Free space for all users.";
    FILES = Gauge "node_filesystem_files" ["device", "mountpoint", "fstype"] "Inodes.";
    FILES_FREE = Gauge "node_filesystem_files_free" ["device", "mountpoint", "fstype"] "Free inodes.";
    READ_ONLY = Gauge "node_filesystem_readonly" ["device", "mountpoint", "fstype"] "1 when the file system cannot be written to.";
    DEVICE_ERROR = Gauge "node_filesystem_device_error" ["device", "mountpoint", "fstype"] "1 when the file system does not tell its size.";
}
