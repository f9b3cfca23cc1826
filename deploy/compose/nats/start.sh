#!/bin/sh
# Puts the configuration together in memory, since passwords are in it; then becomes the server.
set -eu
umask 077
cat /run/secrets/passwords.conf /etc/nats/authorization.conf /etc/biologidex/nats.conf >/run/nats/server.conf
exec nats-server --config /run/nats/server.conf
