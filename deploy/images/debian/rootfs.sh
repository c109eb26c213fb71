#!/bin/sh
# Usage: rootfs.sh FOLDER
#
# Prints a tar archive of a minimal Debian bookworm, for `docker import`: debootstrap's minbase without apt's lists,
# documentation and translations. It works in a new folder inside FOLDER, which it removes again. It needs root and
# debootstrap. DEBIAN_MIRROR names a mirror other than deb.debian.org.
set -eu
mkdir -p "${1:?Usage: rootfs.sh FOLDER}"
fs=$(mktemp -d "$1/rootfs.XXXXXX")
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
trap 'rm -rf "$fs"' EXIT
# Every user may read the root folder of a container.
chmod 0755 "$fs"

debootstrap --variant=minbase bookworm "$fs" "$mirror" >&2

# Removes what came from the build host.
rm -rf "$fs"/var/cache/apt/* "$fs"/var/lib/apt/lists/* "$fs"/var/log/* "$fs"/etc/resolv.conf "$fs"/etc/hostname
cat >"$fs/etc/apt/sources.list" <<SOURCES
deb $mirror bookworm main
deb $mirror bookworm-updates main
deb ${DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security} bookworm-security main
SOURCES

# Documentation and translations, both those that are installed and those of later packages.
for what in doc man info locale; do
    rm -rf "${fs:?}/usr/share/$what"/*
    echo "path-exclude /usr/share/$what/*"
done >"$fs/etc/dpkg/dpkg.cfg.d/container"
# An interrupted build is thrown away, so files need not be synced.
echo force-unsafe-io >>"$fs/etc/dpkg/dpkg.cfg.d/container"
cat >"$fs/etc/apt/apt.conf.d/90container" <<'APT'
APT::Install-Recommends "false";
Acquire::Languages "none";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };
APT
# Packages must not start services when they are installed.
printf '#!/bin/sh\nexit 101\n' >"$fs/usr/sbin/policy-rc.d"
chmod 755 "$fs/usr/sbin/policy-rc.d"

tar -C "$fs" --numeric-owner -c .
