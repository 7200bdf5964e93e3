# What the engines have in common; sourced by their setup, start and stop, never run by itself.
#
# After it is sourced, <engine>/engine.sh sets `name`, `version`, `minimum_java`, `download_size` and `installation`. A setup defines
# `lay_out`, a start defines `write_configuration` and `set_java_command`. What is said to a person goes to stderr; stdout is for programs.

set -euo pipefail
umask 077
engines=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
engine_cache=${XDG_CACHE_HOME:-$HOME/.cache}/claudetrail/engines
unavailable=3 # the exit status that says: this machine lacks what it takes, so skip

# The one administrator of an engine started with --security. It listens on loopback and holds test data, so the password is no secret,
# and its bcrypt hash has the lowest cost there is.
user=admin
password=claudetrail-test
password_hash='$2a$04$4sy43g8J/ylyOfsP152r9.5ehC3BToheOkZ5XNbylB9d4UoKm9OL6'
keystore_password=changeit

say() { printf '%s %s: %s\n' "$name" "$version" "$*" >&2; }
fail() { say "$*"; exit 1; }

# ---- setup ----

major_version() { sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null; }

# Prints the home of the newest JDK that has at least version $1. ENGINE_JAVA_HOME names one and ends the search.
find_java() {
  local home major best='' best_major=0 on_path
  on_path=$(command -v javac || true)
  [ -z "$on_path" ] || on_path=$(dirname "$(dirname "$(readlink -f "$on_path")")")
  for home in ${ENGINE_JAVA_HOME:-"${JAVA_HOME:-}" "$on_path" /usr/lib/jvm/* /Library/Java/JavaVirtualMachines/*/Contents/Home}; do
    [ -x "$home/bin/javac" ] || continue
    major=$(major_version "$home")
    [ "${major:-0}" -ge "$1" ] && [ "$major" -gt "$best_major" ] || continue
    best=$home best_major=$major
  done
  [ -n "$best" ] && printf '%s\n' "$best"
}

# jars FOLDER EXCLUDED COORDINATES... : wants the named artifacts (group:artifact:version) with what they depend on in FOLDER/jars.
# EXCLUDED is a list of group:artifact in one word, left out wherever it appears in the tree.
wanted_folders=''
jars() {
  local folder=$1 excluded=$2 coordinates exclusions='' dependencies='' group artifact wanted
  shift 2
  for coordinates in $excluded; do
    exclusions+="<exclusion><groupId>${coordinates%%:*}</groupId><artifactId>${coordinates##*:}</artifactId></exclusion>"
  done
  for coordinates in "$@"; do
    IFS=: read -r group artifact wanted <<<"$coordinates"
    dependencies+="<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$wanted</version>"
    dependencies+="<exclusions>$exclusions</exclusions></dependency>"
  done
  mkdir -p "$folder"
  project "$folder" "<dependencies>$dependencies</dependencies>" > "$folder/pom.xml"
  wanted_folders+="<module>$folder</module>"
}

project() {
  printf '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>claudetrail.engine</groupId>'
  printf '<artifactId>%s</artifactId><version>1</version><packaging>pom</packaging>%s</project>\n' "$1" "$2"
}

# Fetches all that was wanted, in one run of Maven with the settings of this machine.
fetch_jars() {
  project all "<modules>$wanted_folders</modules>" > pom.xml
  maven copy-dependencies -DincludeScope=runtime -DoutputDirectory=jars
}

maven() { # GOAL OPTIONS...
  local goal=$1
  shift
  mvn -B -q "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:$goal" "$@" >&2 || fail "Maven could not fetch the jars (see above)"
}

# A node loads lib/ in one class loader and each module in one of its own below it, and refuses a class that is in both.
# into_module MODULE FOLDER [BASE...] : moves the jars of FOLDER that neither lib/ nor a module it extends has.
into_module() {
  local module=$1 folder=$2 jar base
  shift 2
  mkdir -p "home/modules/$module"
  for jar in "$folder"/jars/*.jar; do
    for base in home/lib "$@"; do
      if [ -e "$base/${jar##*/}" ]; then continue 2; fi
    done
    mv "$jar" "home/modules/$module/"
  done
}

# Prints one file out of a jar.
from_jar() { (cd "$(mktemp -d "$PWD/unpacked.XXXXXX")" && "$java_home/bin/jar" xf "$1" "$2" && cat "$2"); }

# A certificate authority of our own, a certificate of the node, and one of a client: NAME.pem and NAME.key, and the authority's ca.pem.
make_certificates() {
  local -a keytool=("$java_home/bin/keytool" -storetype PKCS12 -storepass "$keystore_password")
  local -a new_key=(-genkeypair -keyalg EC -groupname secp256r1 -validity 3650)
  local holder
  mkdir certificates
  cd certificates
  "${keytool[@]}" -keystore authority.p12 -alias authority "${new_key[@]}" -dname 'CN=claudetrail test authority' \
    -ext bc:critical=ca:true -ext ku:critical=keyCertSign,cRLSign
  "${keytool[@]}" -keystore authority.p12 -alias authority -exportcert -rfc > ca.pem
  for holder in node client; do
    "${keytool[@]}" -keystore "$holder.p12" -alias "$holder" "${new_key[@]}" -dname "CN=$holder"
    "${keytool[@]}" -keystore "$holder.p12" -alias "$holder" -certreq |
      "${keytool[@]}" -keystore authority.p12 -alias authority -gencert -rfc -validity 3650 \
        -ext san=ip:127.0.0.1,dns:localhost -ext eku=serverAuth,clientAuth -ext ku:critical=digitalSignature > "$holder.pem"
    "$java_home/bin/java" "$engines/java/PrintKey.java" "$holder.p12" "$holder" "$keystore_password" > "$holder.key"
  done
  rm ./*.p12
  cd ..
}

# Everything that shapes an installation: when one of these files changes, it is laid out again.
sources() { find "$engines/common.sh" "$engines/java" "$engines/$name" -type f ! -name start ! -name stop | LC_ALL=C sort | xargs cat; }

# Lays the engine out in the cache unless it is there. Safe to run twice at once; an interrupted run leaves nothing half done.
set_up() {
  local stamp work
  java_home=$(find_java "$minimum_java") || {
    say "needs a JDK of version $minimum_java or later, and none was found (ENGINE_JAVA_HOME can name one)"
    exit $unavailable
  }
  stamp="$java_home $(sources | cksum)"
  if is_installed "$stamp"; then return; fi
  command -v mvn > /dev/null || { say "needs Maven (mvn) to fetch the engine, and it was not found"; exit $unavailable; }

  mkdir -p "$installation.work"
  work=$(cd "$installation.work" && pwd)
  exec 9> "$work/lock"
  if command -v flock > /dev/null; then flock 9; fi
  if is_installed "$stamp"; then return; fi

  rm -rf "$work/new"
  mkdir "$work/new"
  cd "$work/new"
  say "fetching (once; about $download_size)"
  lay_out
  say "making certificates"
  make_certificates 2> certificates.log || { cat certificates.log >&2; fail "keytool failed"; }
  mkdir tools
  "$java_home/bin/javac" -d tools "$engines"/java/{Http,Ready,Check}.java
  printf '%s\n' "$java_home" > java_home
  printf '%s\n' "$stamp" > stamp
  find . -maxdepth 1 -type d -name 'unpacked.*' -exec rm -rf {} +
  rm -rf "$installation"
  mv "$work/new" "$installation"
  archive_classes
  say "is in $installation ($(du -sh "$installation" | cut -f1), $SECONDS s)"
}

# Runs the engine once and keeps its loaded classes in an archive, which halves the time of every later start. It also proves the setup.
archive_classes() {
  local started archive=$installation/classes.jsa
  say 'starting it once'
  started=$(ENGINE_JAVA_OPTIONS=-XX:ArchiveClassesAtExit=$archive.new "$engines/$name/start" 9>&-) || {
    rm "$installation/stamp"
    fail 'the engine that was set up does not start'
  }
  "$engines/$name/stop" "$(sed 's/.*"pid":\([0-9]*\).*/\1/' <<<"$started")"
  mv "$archive.new" "$archive" || say 'could not archive its classes; it starts more slowly'
}

is_installed() { [ "$(cat "$installation/stamp" 2> /dev/null)" = "$1" ]; }

# ---- start ----

usage_start() {
  cat >&2 << END
usage: start [--security] [--port N] [--data-dir DIR] [--heap SIZE] [--owner PID]
  --security      TLS, users and roles; without it plain HTTP and no users
  --port N        default: a free one
  --data-dir DIR  default: a new temporary folder, removed by stop
  --heap SIZE     default: 512m
  --owner PID     the engine ends when this process does
END
  exit 2
}

start_engine() {
  port=0 data='' heap=512m security=false
  local owner='' scheme=http url
  while [ $# -gt 0 ]; do
    case $1 in
      --security) security=true scheme=https; shift; continue ;;
      --port | --data-dir | --heap | --owner) [ $# -gt 1 ] || usage_start ;;
      *) usage_start ;;
    esac
    case $1 in
      --port) port=$2 ;;
      --data-dir) data=$2 ;;
      --heap) heap=$2 ;;
      --owner) owner=$2 ;;
    esac
    shift 2
  done
  "$engines/$name/setup"
  java_home=$(cat "$installation/java_home")
  java_major=$(major_version "$java_home")
  make_data_folder

  write_configuration
  set_java_command
  nohup "${java_command[@]}" >> "$data/logs/engine.log" 2>&1 < /dev/null &
  pid=$!
  [ -z "$owner" ] || watch_owner "$owner"
  url=$("$java_home/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx64m -cp "$installation/tools" \
    Ready "$pid" "$data/logs/http.ports" "$scheme" "$installation/certificates/ca.pem" "$user" "$password") || {
    kill -KILL "$pid" 2> /dev/null || true
    tail -n 30 "$data/logs/engine.log" >&2
    fail "did not become ready; its log is $data/logs/engine.log"
  }
  describe "$url"
}

make_data_folder() {
  if [ -z "$data" ]; then
    data=$(mktemp -d "${TMPDIR:-/tmp}/claudetrail-$name-XXXXXX")
    touch "$data/temporary"
  fi
  mkdir -p "$data"
  data=$(cd "$data" && pwd)
  mkdir -p "$data"/{config,data,logs,tmp}
  rm -f "$data/logs/http.ports" "$data/logs/transport.ports"
}

# Flags for a quick start and a small footprint. ENGINE_JAVA_OPTIONS come last and win, e.g. -XX:TieredStopAtLevel=4 for a load test.
set_java_flags() {
  java_flags=(
    "-Dclaudetrail.engine=$name" "-Dclaudetrail.data=$data"
    "-Xms$heap" "-Xmx$heap" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData
    "-Djava.io.tmpdir=$data/tmp" -Djava.awt.headless=true -Dlog4j2.disable.jmx=true -Dlog4j.shutdownHookEnabled=false)
  if [ -e "$installation/classes.jsa" ]; then java_flags+=("-XX:SharedArchiveFile=$installation/classes.jsa"); fi

  if [ "$java_major" -ge 23 ]; then java_flags+=(--sun-misc-unsafe-memory-access=allow); fi
}

# The engine would outlive a test that was killed; so something has to look after it.
watch_owner() {
  (
    sleep 1 # until nohup has become the engine
    until has_ended "$1" || has_ended "$pid"; do sleep 1; done
    if is_engine "$pid"; then
      kill -KILL "$pid"
      await_end "$pid" 10 && remove_if_temporary
    fi
  ) > /dev/null 2>&1 < /dev/null &
}

write_logging() {
  cat << END
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
END
}

describe() { # URL
  local certificates=$installation/certificates
  printf '{"name":%s,"version":%s,"url":%s,"pid":%s,"data_dir":%s,"log_file":%s' \
    "$(json "$name")" "$(json "$version")" "$(json "$1")" "$pid" "$(json "$data")" "$(json "$data/logs/engine.log")"
  if $security; then
    printf ',"user":%s,"password":%s,"ca_file":%s,"client_certificate_file":%s,"client_key_file":%s}\n' "$(json "$user")" \
      "$(json "$password")" "$(json "$certificates/ca.pem")" "$(json "$certificates/client.pem")" "$(json "$certificates/client.key")"
  else
    printf ',"user":null,"password":null,"ca_file":null,"client_certificate_file":null,"client_key_file":null}\n'
  fi
}

json() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

# ---- stop ----

# The arguments of a process, one a line.
arguments_of() {
  if [ -d /proc/self ]; then tr '\0' '\n' < "/proc/$1/cmdline"; else ps -o args= -p "$1" | tr ' ' '\n'; fi 2> /dev/null
}

# Whether the process is an engine of this name: a pid may have been given to another process since.
is_engine() { arguments_of "$1" | grep -qxF -- "-Dclaudetrail.engine=$name"; }

# A zombie has ended too: its ports and locks are free, only its parent has not looked yet.
has_ended() {
  if [ -d /proc/self ]; then
    ! grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status" 2> /dev/null
  else
    ! ps -o state= -p "$1" | grep -q '^[^Z]'
  fi
}

await_end() { # PID SECONDS
  local waited
  for ((waited = 0; waited < $2 * 10; waited++)); do
    if has_ended "$1"; then return 0; fi
    sleep 0.1
  done
  return 1
}

remove_if_temporary() { if [ -e "$data/temporary" ]; then rm -rf "$data"; fi; }

# stop PID ends it and removes a temporary data folder; stop --kill PID is a crash, and the data folder stays as it is.
stop_engine() {
  local crash=false
  if [ "${1:-}" = --kill ]; then crash=true; shift; fi
  [[ "${1:-}" =~ ^[0-9]+$ ]] || { printf 'usage: stop [--kill] PID\n' >&2; exit 2; }
  pid=$1
  if ! is_engine "$pid"; then say "process $pid is not running, or is no $name"; return; fi
  data=$(arguments_of "$pid" | sed -n 's/^-Dclaudetrail.data=//p')
  if $crash; then
    kill -KILL "$pid"
    await_end "$pid" 30 || fail "process $pid does not end"
    return
  fi
  kill -TERM "$pid"
  if ! await_end "$pid" 60; then
    say "did not end within a minute and is killed"
    kill -KILL "$pid"
    await_end "$pid" 30 || fail "process $pid does not end"
  fi
  remove_if_temporary
}
