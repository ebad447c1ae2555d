#!/bin/sh
# Dumps the bot's PostgreSQL database by time, and removes old dumps.
#
#   postgres_backup.sh        for ever: a dump when the newest is older than BACKUP_EVERY_HOURS
#   postgres_backup.sh once   one dump now
#   postgres_backup.sh check  is there one that is new enough? (exit code 1: no)
#
# Where from: libpq's variables (PGHOST, PGUSER, PGDATABASE, PGPASSWORD). Where to: BACKUP_DIR.
# Dumps older than BACKUP_KEEP_DAYS go, but only once a new one is there.
set -eu
# They hold prompts and tokens.
umask 077

folder=${BACKUP_DIR:?}
every_hours=${BACKUP_EVERY_HOURS:-24}
keep_days=${BACKUP_KEEP_DAYS:-7}
look_every_s=300

# Without the durable engine's own tables, which are disposable: what they have as done would hide
# what is uncertain after a restore.
dump() {
  partial="$folder/unfinished"
  pg_dump --format=custom --exclude-schema=dbos --file="$partial"
  pg_restore --list "$partial" >/dev/null
  name="bot-$(date -u +%Y%m%dT%H%M%SZ).dump"
  mv "$partial" "$folder/$name"
  find "$folder" -name 'bot-*.dump' -mmin "+$((keep_days * 24 * 60))" -exec rm -f {} +
  echo "$name: $(du -h "$folder/$name" | cut -f1)"
}

newer_than_min() {
  test -n "$(find "$folder" -name 'bot-*.dump' -mmin "-$1")"
}

case ${1:-} in
  once) dump ;;
  # One that is being written, or that failed once, is no alarm yet.
  check) newer_than_min $((every_hours * 60 + 60)) ;;
  '')
    sleeper=
    # Nothing sleeps yet, or no longer: that is no failure, which would end it here.
    trap 'kill $sleeper 2>/dev/null || :; exit 0' TERM INT
    while :; do
      if ! newer_than_min $((every_hours * 60)); then
        # In a shell of its own, where the first failure ends it.
        sh "$0" once || echo "The backup failed; the next try is in $look_every_s s." >&2
      fi
      sleep "$look_every_s" &
      sleeper=$!
      wait "$sleeper"
    done
    ;;
  *)
    echo "usage: $0 [once|check]" >&2
    exit 2
    ;;
esac
