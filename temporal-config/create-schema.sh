#!/bin/sh
# Makes Temporal's two databases and brings their tables up to date. May run again.
set -eu
for database in temporal temporal_visibility; do
  folder=temporal
  [ "$database" = temporal_visibility ] && folder=visibility
  run() {
    temporal-sql-tool --plugin "$DB" --ep "$POSTGRES_SEEDS" -u "$POSTGRES_USER" -p "$DB_PORT" --db "$database" "$@"
  }
  run create
  run setup-schema -v 0.0
  run update-schema -d "/etc/temporal/schema/postgresql/v12/$folder/versioned"
done
