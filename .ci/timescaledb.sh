#!/bin/bash
# A real TimescaleDB server (PostgreSQL 17, Apache edition) for the tests, in a Debian trixie folder of its own.
# Needs root on Debian 12. Safe to run again: what stands already is left as it is.
#
#   eval "$(.ci/timescaledb.sh)"    sets it up, starts it, prints: export FARWATCH_TEST_DATABASE_URL=…
#   .ci/timescaledb.sh stop         stops it; the folder stays, so that the next start is quick
#
# FARWATCH_TSDB_DIR (default /var/tmp/farwatch-timescaledb), FARWATCH_TSDB_PORT (default 54329).
set -euo pipefail

root=${FARWATCH_TSDB_DIR:-/var/tmp/farwatch-timescaledb}
port=${FARWATCH_TSDB_PORT:-54329}

exec 3>&1 1>&2 # standard output is for the export line alone

[ "$(id -u)" = 0 ] || { echo "timescaledb.sh: needs root (found uid $(id -u)): it makes a chroot folder" >&2; exit 1; }
mkdir -p "$(dirname "$root")"
exec 9>"$root.lock"
flock --timeout 900 9

inside() { LC_ALL=C.UTF-8 chroot "$root" "$@" 9>&- 3>&-; }
running() { inside pg_ctlcluster 17 main status >/dev/null 2>&1; }

# The package mirror that this machine already uses.
mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' |
    grep -v -- '-security' | head -n 1
}

build() {
  echo "timescaledb.sh: building $root (about a minute)"
  if [ -z "$(mirror)" ] || ! command -v debootstrap >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap wget
  fi
  [ -n "$(mirror)" ] || { echo "timescaledb.sh: apt knows no Debian mirror: expected Debian 12 with its package sources" >&2; exit 1; }
  rm -rf "$root.partial"
  debootstrap --variant=minbase --include=postgresql-17-timescaledb trixie "$root.partial" "$(mirror)"
  mv "$root.partial" "$root"
}

configure() {
  inside pg_dropcluster --stop 17 main 2>/dev/null || true
  # Made anew: the package's own cluster took its encoding from a machine without a locale.
  inside pg_createcluster 17 main --encoding UTF8 --locale C.UTF-8 --port "$port" --start-conf manual
  printf 'local all all trust\nhost all all 127.0.0.1/32 trust\n' >"$root/etc/postgresql/17/main/pg_hba.conf"
  touch "$root/etc/farwatch-configured"
}

mounted() { mountpoint -q "$root/$1"; }

start() {
  [ -x "$root/usr/bin/pg_ctlcluster" ] || build
  mounted proc || mount -t proc proc "$root/proc"
  mounted dev || mount --bind /dev "$root/dev"
  [ -e "$root/etc/farwatch-configured" ] || configure
  if ! running; then
    cat >"$root/etc/postgresql/17/main/conf.d/farwatch.conf" <<CONF
port = $port
listen_addresses = '127.0.0.1'
shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
max_connections = 200
max_worker_processes = 16
max_locks_per_transaction = 256
shared_buffers = 256MB
CONF
    inside pg_ctlcluster 17 main start
  fi
  inside su postgres -c "psql -qAt -p $port -d postgres -c 'select version()'"
  echo "export FARWATCH_TEST_DATABASE_URL=postgres://postgres@127.0.0.1:$port/postgres" >&3
}

stop() {
  [ -d "$root" ] || return 0
  if running; then inside pg_ctlcluster 17 main stop --mode fast; fi
  if mounted dev; then umount "$root/dev"; fi
  if mounted proc; then umount "$root/proc"; fi
}

case ${1:-start} in
start | stop) "${1:-start}" ;;
*)
  echo "timescaledb.sh: found '$1', expected start or stop" >&2
  exit 2
  ;;
esac
