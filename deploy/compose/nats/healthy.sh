#!/bin/sh
# 0 if the bus is well. One that has met a full disk refuses to write for ever (since 2.14), and says so at /healthz: as
# soon as there is room again it is ended, and the container's restart policy starts it. Nothing is lost by that: what
# the services have to tell waits in their outboxes.
set -u
PORT=${PORT:-8222} STORE=${STORE:-/var/lib/nats} PID_FILE=${PID_FILE:-/run/nats/nats.pid}
# Less would be full again before the server is up.
ROOM_KB=4096

answer=$(printf 'GET /healthz HTTP/1.0\r\n\r\n' | nc -w 3 127.0.0.1 "$PORT") || exit 1
case $answer in
  "HTTP/1."?" 200"*) exit 0 ;;
  *"write error"*) ;;
  *) exit 1 ;;
esac
free=$(df -Pk "$STORE" | awk 'NR == 2 { print $4 }')
if [ "$free" -ge "$ROOM_KB" ]; then
  echo "The bus refuses to write although there is room: it is started again."
  kill -TERM "$(cat "$PID_FILE")"
fi
exit 1
