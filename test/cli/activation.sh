#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `rebind service` under a service manager: the socket that it is given by LISTEN_FDS, by
# systemd-socket-activate and by a program that gives it wrong ones; what it says to NOTIFY_SOCKET;
# and the units that are installed.
#
# usage: test/cli/activation.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"
unset REBIND_CRIU REBIND_MOUNTS
top=$here/../..

# talk STEP...: out, err, status
talk() {
	timeout 20 "$work/client" "unix:$work/sock" "$@" <"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
}

# manager WHAT COMMAND...: is the manager of COMMAND; its socket is of a kind, or not alone
cat >"$work/manager" <<'END'
import os, socket, sys
what, command = sys.argv[1], sys.argv[2:]
kinds = {"stream": socket.SOCK_STREAM, "datagram": socket.SOCK_DGRAM}
if what == "inet":
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.listen()
else:
    sock = socket.socket(socket.AF_UNIX, kinds.get(what, socket.SOCK_SEQPACKET))
    sock.bind(sys.argv[0] + "." + what)
    if what not in ("datagram", "deaf"):
        sock.listen()
fd = os.open("/dev/null", os.O_RDWR) if what == "file" else sock.detach()
if fd == 3:
    os.set_inheritable(3, True)
else:
    os.dup2(fd, 3)
os.environ["LISTEN_FDS"] = {"two": "2", "none": "0", "word": "many"}.get(what, "1")
os.environ["LISTEN_PID"] = str(os.getpid() + (what == "other"))
os.environ["LISTEN_FDNAMES"] = "rebind"
os.execv(command[0], command)
END

# refused WHAT STATUS REGEX SENTENCE [OPTION...]
refused() {
	local what=$1 want=$2 regex=$3 sentence=$4
	shift 4
	timeout 20 /usr/bin/python3 -I "$work/manager" "$what" "$rebind" service "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	[ "$status" -eq "$want" ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q "$regex" "$work/err"
	so "$sentence"
}

wrong_sockets() {
	refused stream 1 "type SOCK_SEQPACKET; in a socket unit: ListenSequentialPacket=" "a stream is refused, and how a unit asks for the right one"
	refused datagram 1 "type SOCK_SEQPACKET" "so are datagrams"
	refused inet 1 "not a Unix socket" "so is a socket of the network"
	refused deaf 1 "does not listen; .* Accept=no" "so is one that does not listen"
	refused file 1 "descriptor 3, given by LISTEN_FDS, is no socket" "so is a file"
	refused two 1 "gives 2 sockets" "so are two"
	refused word 1 "LISTEN_FDS is 'many'" "so is a word for a number"
	refused none 2 "start it by a socket unit" "none is none"
	refused other 2 "the socket is missing" "what is another process's is not taken"
	refused good 2 "leave out --address" "a socket and an address are one too many" --address "$work/other"
	[ ! -e "$work/other" ]
	so "and nothing is made there"
}

# listens SOCKET: its file alone does not say so; it is made by bind()
listens() {
	awk -v name="$1" '$4 == "00010000" && $8 == name { found = 1 } END { exit !found }' /proc/net/unix
}

activated() {
	local service table
	table=$(mounts)
	systemd-socket-activate --seqpacket -l "$work/sock" "$rebind" service >"$work/log" 2>&1 </dev/null &
	service=$!
	known+=("$service")
	status=1
	until_so listens "$work/sock" && talk VERSION
	[ "$status" -eq 0 ] && grep -q "VERSION ok 4.2" "$work/out"
	so "a service that systemd-socket-activate starts answers the client that it was started for"
	talk CHECK
	[ "$status" -eq 0 ] && grep -q "CHECK ok" "$work/out"
	so "and the next"
	[ "$(readlink "/proc/$service/exe")" = "$(realpath "$rebind")" ] &&
		[ "$(find "/proc/$service/fd" -lname 'socket:*' | wc -l)" -eq 1 ]
	so "it has this one socket"
	kill -TERM "$service"
	wait "$service"
	status=$?
	[ "$status" -eq 0 ] && [ -S "$work/sock" ]
	so "at its end it leaves the socket to its owner"
	rm "$work/sock"
	result "and nothing else" "$([ "$table" = "$(mounts)" ] || echo "the mount table differs")$(left_processes)"
}

# notified NAME: a manager that waits at that name; what it hears goes to $work/heard
notified() {
	cat >"$work/listen" <<'END'
import socket, sys
sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sock.bind("\0" + sys.argv[1][1:] if sys.argv[1][0] == "@" else sys.argv[1])
sock.settimeout(float(sys.argv[2]))
print("bound", flush=True)
print(sock.recv(100), flush=True)
END
	/usr/bin/python3 -I "$work/listen" "$1" $((20 * ${REBIND_TEST_SLOW:-1})) >"$work/heard" 2>"$work/err" &
	manager=$!
	known+=("$manager")
	until_so grep -q bound "$work/heard"
}

notifies() {
	local name service manager
	for name in "$work/notify" "@rebind-notify-$own"; do
		notified "$name"
		NOTIFY_SOCKET=$name "$rebind" service --address "$work/sock" 2>"$work/log" </dev/null &
		service=$!
		known+=("$service")
		wait "$manager"
		grep -q "READY=1" "$work/heard" && [ -S "$work/sock" ]
		so "READY=1 comes to $([ "${name:0:1}" = @ ] && echo "an abstract name" || echo "a path") when it listens"
		kill -TERM "$service"
		wait "$service"
	done
	for name in "$work/nowhere" relative vsock:2:3; do
		NOTIFY_SOCKET=$name timeout 20 "$rebind" service --address "$work/sock" 2>"$work/err" </dev/null
		status=$?
		[ "$status" -eq 1 ] && [ ! -e "$work/sock" ] && grep -q "cannot notify '$name' of NOTIFY_SOCKET" "$work/err"
		so "a manager at '${name#"$work/"}' that cannot be reached is an error, and no socket is left"
	done
	result "no process is left" "$(left_processes)"
}

units() {
	local name
	mkdir "$work/units"
	# systemd-analyze leaves a file in /run/systemd.
	mount -t tmpfs -o mode=755 tmpfs /run || exit 1
	make -s -C "$top" BUILD="$build" DESTDIR="$work/units" install-units
	for name in socket service; do
		name=$(find "$work/units" -name "rebind.$name")
		[ -n "$name" ] && ! grep '@[a-z]*@' "$name" >"$work/out"
		so "${name##*/} is installed, whole"
	done
	# The program that it starts is looked for.
	sed -i "s|^ExecStart=[^ ]*|ExecStart=$rebind|" "$name"
	# What is wrong with other units of this machine is not asked.
	(cd "${name%/*}" && timeout 60 systemd-analyze --man=no --recursive-errors=no verify ./rebind.service ./rebind.socket) >"$work/out" 2>&1
	status=$?
	[ "$status" -eq 0 ] && [ ! -s "$work/out" ]
	so "systemd-analyze verify accepts the units"
}

"${CC:-cc}" -O1 -Wall -Werror -I "$top" -I "$build" -o "$work/client" "$here/rpc-client.c" \
	"$build/runtime/rpc/rpc.pb-c.c" -lprotobuf-c || exit 1
wrong_sockets
activated
notifies
units
finish
