#!/bin/sh
# apt-install.sh PACKAGE…: install Debian packages as root without letting their services start.
# We run private copies of those servers; the ones that packages start listen on well-known ports.
set -eu
export DEBIAN_FRONTEND=noninteractive

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM HUP
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

install() {
    apt-get install --yes --quiet=2 --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

log=$(mktemp)
if ! install "$@" >"$log" 2>&1; then
    # No package lists yet, or stale ones.
    if ! { apt-get update --quiet=2 && install "$@"; } >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        exit 1
    fi
fi
rm -f "$log"

if [ -d /run/systemd/system ]; then
    for service in rabbitmq-server postgresql; do
        case " $* " in
        *" $service "*) systemctl disable --quiet "$service" || true ;;
        esac
    done
    case " $* " in
    *" docker.io "*) systemctl disable --quiet docker.service docker.socket containerd.service || true ;;
    esac
fi
