# Debian packages by purpose, and how to get them. Sourced by check and quickstart, in the root of the tree.
# shellcheck shell=bash

declare -A PACKAGES=(
    [build]="gcc libc6-dev cmake ninja-build pkg-config python3 esbuild libjansson-dev libpq-dev
        libsqlite3-dev libcurl4-openssl-dev libssl-dev libsodium-dev libyaml-dev libutf8proc-dev
        libmicrohttpd-dev liboauth2-dev libcjose-dev libcmocka-dev libwslay-dev
        libxml2-dev liblasso3-dev libglib2.0-dev libxmlsec1-dev zlib1g-dev libseccomp-dev"
    [lint]="git ccache clang-format-14 clang-tidy-14 shellcheck gcovr valgrind"
    [clang]="clang-14 libclang-rt-14-dev llvm-14"
    [peers]="postgresql-15 curl openssl procps util-linux exim4-daemon-light swaks"
    [providers]="liblemonldap-ng-portal-perl liblemonldap-ng-manager-perl lemonldap-ng-fastcgi-server
        starman libemail-sender-perl libgd-securityimage-perl libimage-magick-perl libmime-tools-perl
        libstring-random-perl libio-string-perl libxml-simple-perl libcrypt-openssl-bignum-perl
        curl openssl procps util-linux"
    [saml]="simplesamlphp php-cli php-sqlite3 php-xml php-mbstring python3-pysaml2 xmlsec1 apache2
        libapache2-mod-auth-mellon"
    [npm]="nodejs npm"
    [chromium]="chromium fonts-dejavu-core"
    [bench]="nginx-light nodejs wrk apache2 libapache2-mod-auth-mellon"
)

missing_packages() { # GROUP...
    local group package
    for group; do
        [ "$group" != npm ] || continue
        for package in ${PACKAGES[$group]}; do
            [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
        done
    done | sort -u
}

# Node and npm may come from elsewhere than Debian: what counts is that they are there.
missing_commands() {
    command -v node >/dev/null || echo nodejs
    command -v npm >/dev/null || echo npm
}

without_services() { # COMMAND...: in a throw-away CI machine no package may start its service
    local policy=/usr/sbin/policy-rc.d code
    if [ "${CI:-}" != true ] || [ "$(id -u)" != 0 ] || [ -e "$policy" ]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    "$@"
    code=$?
    rm -f "$policy"
    return "$code"
}

install_packages() { # GROUP...: what is missing, said aloud; 1 when that is not possible
    local missing group wants_npm=
    for group; do [ "$group" != npm ] || wants_npm=yes; done
    missing=$(missing_packages "$@")
    [ -z "$wants_npm" ] || missing="$missing $(missing_commands)"
    missing=$(echo $missing)
    if [ -n "$missing" ]; then
        local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600)
        if [ "$(id -u)" != 0 ]; then
            command -v sudo >/dev/null || { echo "missing: apt-get install $missing" && return 1; }
            apt=(sudo "${apt[@]}")
        fi
        echo "installing with apt: $missing"
        # shellcheck disable=SC2086
        if ! { "${apt[@]}" update && without_services "${apt[@]}" install -y --no-install-recommends $missing; } \
            >build/apt.log 2>&1; then
            tail -n 5 build/apt.log
            echo "apt could not install all of: $missing"
            return 1
        fi
    fi
    [ -z "$wants_npm" ] || install_node_modules
}

install_node_modules() { # the tests' own, pinned by tests/package-lock.json
    if [ tests/package-lock.json -nt tests/node_modules/.package-lock.json ]; then
        echo "installing with npm: tests/package-lock.json"
        (cd tests && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >build/npm.log 2>&1 ||
            { tail -n 5 build/npm.log && return 1; }
        touch tests/node_modules/.package-lock.json
    fi
}
