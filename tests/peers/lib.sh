# Sourced by every peer: its folder, free ports, starting, waiting, stopping by process id.
# shellcheck shell=bash
#
# PEER start DIR   starts it on free loopback ports and returns when it answers; prints KEY=VALUE lines, also in DIR/env
# PEER ready DIR   asks again
# PEER stop DIR    ends its process group by id; started again in DIR it has the same ports and data
# With OWNER=PID in the environment it ends within a second of that process.
set -eu
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
VERB=${1:-} DIR=${2:-} SPAWNED=
case $VERB in
'' | -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 2 ;;
functions) ;; # only what follows
start)
    [ -n "$DIR" ] || { echo "usage: $0 start DIR" >&2 && exit 2; }
    mkdir -p "$DIR"
    chmod go+x "$DIR" # for peers that give up root; every folder above must let them in, too
    DIR=$(cd "$DIR" && pwd)
    # shellcheck source=/dev/null
    [ ! -f "$DIR/env" ] || . "$DIR/env"
    : >"$DIR/env"
    ;;
*)
    [ -f "$DIR/env" ] || { echo "$0: no peer was started in '$DIR'" >&2 && exit 2; }
    DIR=$(cd "$DIR" && pwd)
    # shellcheck source=/dev/null
    . "$DIR/env"
    ;;
esac

need() { # COMMAND PACKAGE: exit 77 says "not here" to the test that asks; in CI that is a failure
    command -v "$1" >/dev/null && return
    echo "$(basename "$0"): $1 is missing: apt-get install $2" >&2
    if [ "${CI:-}" = true ]; then exit 1; else exit 77; fi
}

free_ports() { # [N]: neighbours below the ephemeral range, so that no outgoing connection takes one in between
    local first port count=${1:-1}
    while :; do
        first=$((20000 + RANDOM % 9900))
        for ((port = first; port < first + count; port++)); do
            if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue 2; fi
        done
        seq -s ' ' "$first" $((first + count - 1))
        return
    done
}

tell() { printf '%s\n' "$@" | tee -a "$DIR/env"; } # KEY=VALUE

as_user() { # USER: sets RUN, the command prefix that gives up root
    RUN=(env HOME="$DIR" LC_ALL=C.UTF-8)
    [ "$(id -u)" != 0 ] || RUN=(setpriv --reuid="$1" --regid="$1" --init-groups -- "${RUN[@]}")
}

spawn() { # NAME COMMAND...: a process group of its own, its log in DIR/NAME.log
    local name=$1 pid
    shift
    setsid "$@" >"$DIR/$name.log" 2>&1 </dev/null &
    pid=$!
    echo "$pid" >"$DIR/$name.pid"
    SPAWNED="$SPAWNED $name"
    [ -n "${OWNER:-}" ] || return 0
    # A command of its own: a list in the background would keep the caller's pipes open in a shell around it.
    setsid sh -c \
        'while kill -0 "$1" && kill -0 "$2"; do sleep 1; done; kill -s TERM -- "-$2"; sleep 5; kill -s KILL -- "-$2"' \
        watch "$OWNER" "$pid" >/dev/null 2>&1 </dev/null &
}

is_alive() { # NAME; a zombie is not alive
    ps -o stat= -s "$(cat "$DIR/$1.pid")" | grep -qv '^Z'
}

end() { # NAME [SIGNAL]: the group, killed when it is still there after 15 s
    local pid
    pid=$(cat "$DIR/$1.pid" 2>/dev/null) || return 0
    kill -s "${2:-TERM}" -- "-$pid" 2>/dev/null || :
    for _ in $(seq 150); do
        is_alive "$1" || break
        sleep 0.1
    done
    kill -s KILL -- "-$pid" 2>/dev/null || :
    rm -f "$DIR/$1.pid"
}

wait_for() { # SECONDS COMMAND...: gives up at once when a process started here has died
    local deadline=$((SECONDS + $1)) name is_over=
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || is_over=yes
        for name in $SPAWNED; do is_alive "$name" || is_over=yes; done
        if [ -n "$is_over" ]; then
            echo "$0: does not answer: $*" >&2
            tail -n 5 "$DIR"/*.log >&2 || :
            for name in $SPAWNED; do end "$name"; done
            return 1
        fi
        sleep 0.1
    done
}

certificate() { # NAME HOST: a CA of its own (DIR/NAME-ca.crt) and a leaf that it signed (DIR/NAME.crt, .key)
    local path=$DIR/$1
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$1 test CA" \
        -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign' \
        -keyout "$path-ca.key" -out "$path-ca.crt" 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" \
        -keyout "$path.key" -out "$path.csr" 2>/dev/null
    openssl x509 -req -in "$path.csr" -CA "$path-ca.crt" -CAkey "$path-ca.key" -days 3650 -out "$path.crt" \
        -extfile <(printf 'subjectAltName=IP:127.0.0.1,DNS:%s\nextendedKeyUsage=serverAuth\n' "$2") 2>/dev/null
    rm -f "$path.csr"
}

node_program() { # sets NODE; Debian 12's node 18 is too old for the packages here, npm brings a newer one
    local beside=$HERE/../node_modules package
    [ -d "$beside/$1" ] || {
        echo "$(basename "$0"): $1 is missing: npm ci --ignore-scripts in tests/" >&2
        if [ "${CI:-}" = true ]; then exit 1; else exit 77; fi
    }
    NODE=$(command -v node || :)
    if [ -z "$NODE" ] || ! "$NODE" -e 'process.exit(parseInt(process.versions.node) >= 22 ? 0 : 1)'; then
        package=node-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
        NODE=$beside/$package/bin/node
    fi
}
