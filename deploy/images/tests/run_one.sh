# Runs one image as compose does, closed on all sides, and prints what facts.py finds in it, then the code it ended with:
#   unshare --net --mount sh alone.sh sh run_one.sh NAME IMAGE FACTS [podman's options …]
set -eu
name=$1 image=$2 facts=$3; shift 3
trap 'podman rm --force "$name" >/dev/null 2>&1' EXIT
podman run --detach --name "$name" --pull never --network none --read-only --read-only-tmpfs=false \
    --tmpfs /tmp:rw,size=64m --cap-drop ALL --security-opt no-new-privileges "$@" "$image" >/dev/null
tries=0
until podman healthcheck run "$name" >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ $tries -gt 200 ] || [ "$(podman inspect "$name" --format '{{.State.Status}}')" != running ]; then
        podman logs "$name" >&2
        exit 1
    fi
    sleep 0.2
done
podman exec --interactive "$name" python - <"$facts"
echo
podman stop --time 20 "$name" >/dev/null
podman inspect "$name" --format '{{.State.ExitCode}}'
