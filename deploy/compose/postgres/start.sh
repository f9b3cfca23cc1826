#!/bin/sh
# Makes the database's folder the first time, then becomes the server.
set -eu
umask 077
folder=/var/lib/postgresql/cluster

if [ ! -s "$folder/PG_VERSION" ]; then
  # Under another name until it is whole: an interrupted beginning is begun again.
  rm -rf "$folder.new"
  initdb --pgdata="$folder.new" --username=postgres --pwfile=/run/secrets/password --auth=scram-sha-256 \
    --encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C.UTF-8 --no-instructions
  mv "$folder.new" "$folder"
fi
exec postgres -D "$folder" -c config_file=/etc/biologidex/postgresql.conf
