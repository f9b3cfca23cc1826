# Runs a command where containers can be started without touching the host's network and mounts:
#   unshare --net --mount sh alone.sh COMMAND …
set -eu
if [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ]; then
    # crun refuses the mixture of both versions that some hosts still have.
    umount -R /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup
fi
exec "$@"
