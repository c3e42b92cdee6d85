#!/usr/bin/env bash
# boot.sh DIRECTORY NAME  boots a real systemd, with journald and D-Bus, as PID 1 of namespaces of its own (processes, mounts,
# network, cgroups): a "host" without a container engine or a virtual machine. DIRECTORY/pid names its PID 1.
#
#   nsenter --target "$(cat DIRECTORY/pid)" --all systemctl status      a command on that host; rig.sh calls this `on`
#   down.sh DIRECTORY                                                   ends it and everything on it, like a pulled plug
#
# It sees the machine's files; what it writes stays in memory and is gone with it. Its units are the files below
# DIRECTORY/etc/systemd/system. It has no network but its loopback; rig.sh can give it an address.
# Everything that systemd writes or empties at its start has to be its own: on the machine's it would empty /tmp.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
need_root "a systemd of its own"
directory=$(realpath "$1") name=$2
case $directory in /run/* | /tmp/* | /var/log/*) die "a host's directory cannot lie below /run, /tmp or /var/log" ;; esac
mkdir -p "$directory/etc" "$directory/fs"
rm -f "$directory/pid"
part=$("$here/../parts/host.sh")

# One directory of the machine, with what only this host has above or below it; what is written goes to memory.
overlay() { # path, lower directories
  mkdir -p "$directory/fs$1/upper" "$directory/fs$1/work"
  mount -t overlay overlay -o "lowerdir=$2,upperdir=$directory/fs$1/upper,workdir=$directory/fs$1/work" "$1"
}

# Shows a directory again that a mount has hidden; for reading only.
uncover() { # path, descriptor that was opened on it before
  [ ! "$1" -ef "/proc/self/fd/$2" ] || return 0
  mkdir -p "$1"
  # Not by its name, which leads to the new, empty directory.
  mount --no-canonicalize --bind "/proc/self/fd/$2" "$1"
  mount -o remount,bind,ro "$1"
}

init() {
  mount --make-rprivate /
  mount -t proc proc /proc
  mount -t tmpfs -o mode=755 tmpfs "$directory/fs"
  overlay /usr "$part/usr:/usr"
  overlay /etc "$directory/etc:/etc:$part/etc"
  # The work directory of this run stays visible, wherever the rest of /var goes.
  exec {held}<"$directory"
  overlay /var /var
  mkdir -p "$directory"
  mount --bind "/proc/self/fd/$held" "$directory"
  exec {held}<&-
  ln -s "$directory/rig.env" /etc/rig.env
  local each project_held cache_held
  exec {project_held}<"$project" {cache_held}<"$cache"
  for each in /run /tmp /home /var/tmp/host /var/log /var/lib/systemd; do
    mkdir -p "$each"
    mount -t tmpfs -o mode=755 tmpfs "$each"
  done
  chmod 1777 /tmp
  # What runs here has to stay visible too, when it lies below one of these: a clone in /home or /tmp.
  uncover "$project" "$project_held"
  uncover "$cache" "$cache_held"
  exec {project_held}<&- {cache_held}<&-
  mkdir -p /run/lock /run/log/journal
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  ip link set lo up
  # What a machine does at its start and a host of this rig must not, and what would only take time.
  for each in systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service systemd-tmpfiles-clean.timer \
    systemd-sysctl.service systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket \
    systemd-udev-trigger.service systemd-modules-load.service systemd-random-seed.service systemd-update-utmp.service \
    systemd-sysusers.service systemd-machine-id-commit.service systemd-remount-fs.service systemd-logind.service \
    systemd-binfmt.service proc-sys-fs-binfmt_misc.automount systemd-pstore.service dev-hugepages.mount dev-mqueue.mount \
    sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount sys-kernel-config.mount getty.target; do
    ln -sf /dev/null "/etc/systemd/system/$each"
  done
  rm -rf /etc/systemd/system/*.wants
  # As a machine has it, and systemd expects in a container: what it mounts for a unit (credentials) is seen by that unit. The first
  # line of init has cut this host off from the machine.
  mount --make-rshared /
  export container=rig
  exec env -i container=rig PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=rig.target
}

if [ "${3:-}" = init ]; then
  init
fi
mkdir -p "$directory/etc/systemd/system" "$directory/etc/systemd/journald.conf.d"
echo "$name" >"$directory/etc/hostname"
# The kernel's messages are the machine's.
printf '[Journal]\nReadKMsg=no\n' >"$directory/etc/systemd/journald.conf.d/rig.conf"
cat >"$directory/etc/systemd/system/rig.target" <<'UNIT'
[Unit]
Description=Everything that runs on a host of the rig
Requires=basic.target
Wants=dbus.socket
After=basic.target
UNIT

# A cgroup of its own, so that its tree holds none of the machine's processes.
in_cgroup() {
  mkdir -p "$directory/cgroup"
  mount -t cgroup2 cgroup2 "$directory/cgroup"
  mkdir "$directory/cgroup/$cgroup"
  echo "$BASHPID" >"$directory/cgroup/$cgroup/cgroup.procs"
  umount "$directory/cgroup"
  exec unshare --cgroup --pid --fork --kill-child --mount --net --uts --ipc "$here/boot.sh" "$directory" "$name" init
}
export -f in_cgroup
cgroup=keyrotation-host-$$
echo "$cgroup" >"$directory/cgroup.name"
export directory name here cgroup
setsid unshare --mount bash -euc in_cgroup >"$directory/log" 2>&1 </dev/null &
outer=$!
# The child in a process namespace of its own: before it, mkdir and mount were children too.
init_process() {
  for pid in $(pgrep -P "$outer"); do
    [ ! -e "/proc/$pid/ns/pid" ] || [ "/proc/$pid/ns/pid" -ef /proc/self/ns/pid ] || return 0
  done
  return 1
}
wait_for 10 "the first process" init_process || { cat "$directory/log" >&2; exit 1; }
echo "$pid" >"$directory/pid"
active() { ! kill -0 "$pid" 2>/dev/null || nsenter --target "$pid" --all systemctl is-active --quiet rig.target; }
wait_for 30 "systemd" active && kill -0 "$pid" 2>/dev/null || { tail -n 20 "$directory/log" >&2; die "systemd did not come up"; }
