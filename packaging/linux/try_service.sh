#!/bin/sh
# Try `preheat service` for real: install, status, a request, a crash, an upgrade, other options, and remove, under a
# manager of systemd for an ordinary user, in namespaces of its own. Needs root, systemd and util-linux; systemctl talks
# to the manager without D-Bus. Nothing is left behind.
#
# Environment: TRY_ROOT is the folder of a system to chroot to; TRY_USER is the number of the user, 0 for a source tree
# in the home of root, which others cannot read.
#
# usage: try_service.sh MODELS_DIR PREHEAT [ARGUMENT...]
set -eu

if [ "${1:-}" != inside ]; then
    [ "$#" -ge 2 ] || { echo "usage: $0 MODELS_DIR PREHEAT [ARGUMENT...]" >&2; exit 2; }
    tree=/sys/fs/cgroup
    [ -e "$tree/cgroup.procs" ] || tree=/sys/fs/cgroup/unified
    group=$tree/preheat-try-$$
    mkdir "$group"
    trap 'find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true' EXIT
    # shellcheck disable=SC2016 # the inner shell expands them
    sh -c 'echo $$ > "$0/cgroup.procs"; exec unshare --mount --pid --cgroup --fork --kill-child --mount-proc \
        sh "$@"' "$group" "$0" inside "$@"
    exit
fi

# In the namespaces, as root.
if [ "$2" != user ]; then
    shift
    user=${TRY_USER:-54321}
    root=${TRY_ROOT:-}
    mount --make-rprivate /
    [ -n "$root" ] || umount -R /sys/fs/cgroup
    mkdir -p "$root/sys/fs/cgroup"
    mount -t cgroup2 none "$root/sys/fs/cgroup"
    mount -t tmpfs -o mode=755 none "$root/run"
    [ -z "$root" ] || mount -t proc proc "$root/proc"
    mkdir -p "$root/run/systemd/system" "$root/run/user/$user" "$root/run/home with \$pace/100%"
    mkdir "$root/sys/fs/cgroup/user"
    mkdir "$root/run/preheat" # only root can do so
    chown "$user" "$root/run/preheat"
    chown -R "$user:$user" "$root/run/user/$user" "$root/run/home with \$pace" "$root/sys/fs/cgroup/user"
    chmod 700 "$root/run/user/$user"
    echo $$ > "$root/sys/fs/cgroup/user/cgroup.procs"
    cp "$0" "$root/run/try_service.sh"
    exec chroot "${root:-/}" setpriv --reuid="$user" --regid="$user" --clear-groups --inh-caps=-all \
        env -i PATH="$PATH" HOME="/run/home with \$pace/100%" XDG_RUNTIME_DIR="/run/user/$user" LC_ALL=C.UTF-8 \
        sh /run/try_service.sh inside user "$@"
fi

# As the user.
shift 2
models=$1
shift
/lib/systemd/systemd --user --log-target=null &
manager=$!
tries=0
until systemctl --user is-system-running >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -le 100 ] || { echo "systemd's manager did not start" >&2; exit 1; }
    sleep 0.1
done

step() { printf '\n== %s\n' "$*"; }
property() { systemctl --user show --property="$1" --value preheat.service; }
stopped() {
    code=0
    "$@" || code=$?
    [ "$code" -eq 3 ] || { echo "exit code $code, not 3" >&2; exit 1; }
}

PREHEAT_HOME="$HOME/pre heat"
export PREHEAT_HOME

step "status before"
stopped "$@" service status

step "install"
"$@" service install --port 0 --models-dir "$models"
grep -E "^(ExecStart|Environment)" "$HOME/.config/systemd/user/preheat.service"
[ "$(property ActiveState)" = active ]
[ "$(property Type)" = notify ]

step "status"
"$@" service status
"$@" service status --json
"$@" status | head -n 3

step "a request"
"$@" embed all-minilm "hello" --json | head -c 120
echo

step "a crash: systemd starts it again"
first=$(property MainPID)
kill -KILL "$first"
tries=0
until second=$(property MainPID) && [ "$second" != 0 ] && [ "$second" != "$first" ] && [ "$(property ActiveState)" = active ]; do
    tries=$((tries + 1))
    [ "$tries" -le 300 ] || { systemctl --user status preheat.service; exit 1; }
    sleep 0.1
done
echo "process $first, then $second"

if [ -x /usr/lib/preheat/end-running ]; then
    step "an upgrade of the package: the same process waits for its end, then starts Preheat again"
    : > /run/preheat/upgrading
    /usr/lib/preheat/end-running /usr/lib/preheat
    [ "$(property MainPID) $(property ActiveState)" = "$second active" ]
    [ "$(basename "$(readlink "/proc/$second/exe")")" != preheat ]
    rm /run/preheat/upgrading
    tries=0
    until "$@" ps; do
        tries=$((tries + 1))
        [ "$tries" -le 100 ] || { systemctl --user status preheat.service; exit 1; }
        sleep 0.1
    done
    [ "$(property MainPID) $(property ActiveState)" = "$second active" ]
fi

step "installed again with other options"
"$@" service install --port 0 --models-dir "$models" --no-preload
"$@" config get preload || true
[ "$(property MainPID)" != "$second" ]

step "quit: systemd leaves it ended"
"$@" quit
sleep 1
[ "$(property ActiveState)" = inactive ]
[ "$(property Result)" = success ]
stopped "$@" service status

step "another Preheat runs: the service waits for the next login"
"$@" serve --port 0 --no-preload --models-dir "$models" > "$HOME/serve.txt" 2>&1 &
until "$@" ps >/dev/null 2>&1; do sleep 0.2; done
"$@" service install --port 0
[ "$(property ActiveState)" = inactive ]
"$@" quit

step "wrong options are refused"
code=0
"$@" service install --set no_such_setting=1 || code=$?
[ "$code" -eq 2 ]

step "remove"
systemctl --user start preheat.service
"$@" service remove
"$@" service remove
[ ! -e "$HOME/.config/systemd/user/preheat.service" ]
[ "$(property LoadState)" = not-found ]
stopped "$@" service status
find "$HOME/.config/systemd" -type l -o -type f

kill "$manager"
wait "$manager" 2>/dev/null || true
step "all of it worked"
