#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# CRIU's RPC: what a container runtime says to `rebind swrk` and `rebind service`, what it is
# answered, and what is left when it says it wrongly, or dies.
#
# usage: test/cli/rpc.sh BUILD_DIR     (as root)

# shellcheck disable=SC2016 # words for another shell
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

unset REBIND_CRIU
worker=swrk:$rebind

# talk TARGET STEP...: out, err, status
talk() {
	{ timeout 20 "$work/client" "$@" <"/dev/null" >"$work/out" 2>"$work/err"; } 2>"/dev/null"
	status=$?
}

# says SENTENCE TEXT TARGET STEP...: a line of what the client heard has TEXT in it
says() {
	local sentence=$1 want=$2 why=
	shift 2
	talk "$@"
	grep -qF -- "$want" "$work/out" || why="no '$want' in: $(head -c 600 "$work/out")"
	result "$sentence" "$why"
}

nothing_left() {
	local why
	why=$(left_processes)
	[ -n "$why" ] || [ "$table" = "$(mounts)" ] || why="the mount table changed"
	[ -n "$why" ] || [ "$before" = "$(names "${watched[@]}")" ] || why="a file is left"
	result "$1" "$why"
}

# The script is process 1 of its pid namespace: nothing there can be its sibling. What asks for one
# is started from a process between.
dump="DUMP pid=PID leave_running=1 ext_mnt=/vol:/vol ext_mnt=/etc/conf:conf ext_mnt=/ro:ro ext_mnt=/deep/er/vol:deep"
dump+=" ext_mnt=/nothing:/nothing notify_scripts=1 log_file=dump.log log_level=4"
restore="RESTORE images_dir=$work/img root=$work/new ext_mnt=/vol:$work/src/vol ext_mnt=conf:$work/src/conf"
restore+=" ext_mnt=ro:$work/src/ro ext_mnt=deep:$work/src/deep ext_mnt=/unused:/nowhere notify_scripts=1"
restore+=" log_level=4"

conversation() {
	says "VERSION is that of CRIU 4.2, without a gitid" "VERSION ok 4.2" "$worker" VERSION
	! grep -q gitid "$work/out"
	so "and has none"
	grep -q "^worker exit 0" "$work/out"
	so "the worker ends well"
	says "CHECK says that the kernel will do" "CHECK ok" "$worker" CHECK
	says "FEATURE_CHECK has the field, with nothing in it that is about memory" \
		"FEATURE_CHECK ok mem_track=0 lazy_pages=0" "$worker" "FEATURE_CHECK features=1"
	says "without the question it is refused" "FEATURE_CHECK failed errno=EBADRQC" "$worker" FEATURE_CHECK
	says "with keep_open a second request is answered" "CHECK ok" "$worker" "VERSION keep_open=1" CHECK
	says "without it the connection is at its end" "closed" "$worker" VERSION CHECK
	for type in PRE_DUMP PAGE_SERVER CPUINFO_DUMP CPUINFO_CHECK WAIT_PID; do
		says "$type is refused, and REBIND_CRIU named" "$type failed errno=EOPNOTSUPP msg=$type is about" \
			"$worker" "$type keep_open=1"
		grep -q REBIND_CRIU "$work/out" || result "it is named" "it is not: $(cat "$work/out")"
	done
	says "an unknown type is answered with EMPTY" "EMPTY failed errno=EBADRQC" "$worker" 77
	says "so is EMPTY" "EMPTY failed" "$worker" EMPTY
	says "a NOTIFY that nobody waits for is refused" "NOTIFY failed errno=EBADRQC" "$worker" "NOTIFY notify_success=1"
}

refusals() {
	local image=$work/img-refused
	mkdir "$image"
	says "a DUMP that would end the process is refused: --leave-running" "ask for --leave-running" \
		"$worker" "DUMP pid=$container images_dir=$image"
	grep -q "DUMP failed dump errno=EOPNOTSUPP.*REBIND_CRIU" "$work/out"
	so "and REBIND_CRIU are named, and the answer is a DUMP's"
	kill -0 "$container"
	so "the process lives"
	says "a process that is not there" "ESRCH msg=there is no process 999999" "$worker" \
		"${dump/PID/999999} images_dir=$image"
	says "no image directory" "EBADRQC msg=the image directory is missing" "$worker" "${dump/PID/$container} images_dir_fd=-1"
	says "a descriptor that is not open" "EBADF msg=images_dir_fd 77 of process" "$worker" \
		"${dump/PID/$container} images_dir_fd=77"
	says "a descriptor that is no directory" "ENOTDIR msg=images_dir_fd 0 of process" "$worker" \
		"${dump/PID/$container} images_dir_fd=0"
	says "a directory that is not there" "ENOENT msg=cannot open images_dir '/nowhere'" "$worker" \
		"${dump/PID/$container} images_dir=/nowhere"
	says "work_dir_fd that is not open" "EBADF msg=work_dir_fd 78" "$worker" \
		"${dump/PID/$container} images_dir=$image work_dir_fd=78"
	says "a log file elsewhere" "EBADRQC msg=log_file '../x' is not a valid name" "$worker" \
		"DUMP pid=$container leave_running=1 images_dir=$image log_file=../x"
	says "a log file among the images" "EBADRQC msg=log_file 'inventory.img' is not a valid name" "$worker" \
		"DUMP pid=$container leave_running=1 images_dir=$image log_file=inventory.img"
	says "status_fd that is not open" "EBADF msg=status_fd 79" "$worker" \
		"${dump/PID/$container} images_dir=$image status_fd=79"
	says "one name for two sources" "ext_mnt '/vol' is given twice" "$worker" \
		"${dump/PID/$container} images_dir=$image ext_mnt=/vol:other"
	says "everything that is wrong is in one answer" "mount" "$worker" \
		"DUMP pid=$container leave_running=1 images_dir=$image"
	[ "$(grep -c "external mount: its source" "$work/out")" -ge 4 ]
	so "all four volumes are named"
	[ -z "$(ls -A "$image")" ] || [ "$(ls -A "$image")" = dump.log ]
	so "no image is left: $(ls -A "$image" | tr '\n' ' ')"
	says "an image that is none" "inventory.img is not there" "$worker" "RESTORE images_dir=$image root=$work/new"
	cp -r "$here/../data/criu-images/crun-container/img" "$work/img-criu"
	says "an image of processes is CRIU's" "REBIND_CRIU" "$worker" "RESTORE images_dir=$work/img-criu root=$work/new"
	grep -q "RESTORE failed errno=EOPNOTSUPP.*holds processes too" "$work/out"
	so "which is what the answer says"
}

dumps() {
	mkdir "$work/img" "$work/work"
	says "a client's no at pre-dump fails the dump" "DUMP failed dump errno=ECANCELED msg=the client's pre-dump failed" \
		"$worker" on pre-dump no "${dump/PID/$container} images_dir=$work/img"
	says "so does its no at post-dump" "the client's post-dump failed" \
		"$worker" on post-dump no "${dump/PID/$container} images_dir=$work/img"
	for what in garbage wrong silent; do
		talk "$worker" on post-dump "$what" "${dump/PID/$container} images_dir=$work/img"
		grep -q "DUMP failed" "$work/out"
		so "an answer to post-dump that is $what fails it"
	done
	talk "$worker" on post-dump die "${dump/PID/$container} images_dir=$work/img"
	left_processes >"$work/out"
	[ ! -s "$work/out" ] && [ "$(ls -A "$work/img")" = dump.log ]
	so "after all of these, and a client that died, there is the log and nothing else"
	exec 7<"$work/img" 8<"$work/work" 9>"$work/status"
	says "a DUMP by descriptors is done" "DUMP ok dump" "$worker" \
		"${dump/PID/$container} images_dir_fd=7 work_dir_fd=8 status_fd=9"
	exec 7<&- 8<&- 9>&-
	[ "$(stat -c %s "$work/status")" -eq 1 ]
	so "status_fd gets its byte"
	[ "$(grep NOTIFY "$work/out" | tr '\n' ' ')" = "NOTIFY ok pre-dump NOTIFY ok post-dump " ]
	so "the client was told of pre-dump and post-dump"
	[ -s "$work/work/dump.log" ] && grep -q '^([0-9.]*) ' "$work/work/dump.log"
	so "the log is in the working directory"
	"$rebind" diff --contents "$container" "$work/img" >"$work/out" 2>&1
	so "the image equals the container"
	says "a second one into the same directory is refused" "holds an image already" "$worker" \
		"${dump/PID/$container} images_dir=$work/img"
}

chain="pre-restore setup-namespaces post-setup-namespaces post-restore network-unlock pre-resume post-resume"

restores() {
	local holder line
	: >"$work/in"
	# The client holds on so that the holder, its child, can be looked at.
	hold_client "$worker" on setup-namespaces \
		'{ readlink /proc/$PID/ns/pid; ls /proc/$PID/fd | wc -l; } >'"$work/at-setup" \
		"$restore rst_sibling=1 log_file=restore.log" hold
	holder=$(sed -n 's/^RESTORE ok pid=\([0-9]*\) child fd=mnt:.*/\1/p' "$work/out")
	[ -n "$holder" ]
	so "a RESTORE is done; the process is the client's child; the namespace rides on the answer"
	[ "$(sed -n 's/^NOTIFY ok \([a-z-]*\).*/\1/p' "$work/out" | tr '\n' ' ')" = "$chain " ]
	so "the client was told of each step"
	grep -q "setup-namespaces pid=$holder" "$work/out" && grep -q "post-restore pid=$holder" "$work/out"
	so "with that process"
	[ "$(head -1 "$work/at-setup")" = "$(readlink "/proc/$holder/ns/pid")" ]
	so "which was in its namespaces before the mounts were"
	[ "$(tail -1 "$work/at-setup")" -eq 1 ]
	so "and had no file but its socket"
	"$rebind" diff --contents "$container" "$holder" >"$work/out" 2>&1
	so "its mounts equal the container's"
	[ "$(cat "/proc/$holder/root/vol/file")" = "volume of src" ]
	so "with the volumes of the request"
	for ns in pid net ipc uts cgroup; do
		line=$(readlink "/proc/$holder/ns/$ns")
		if [ "$(readlink "/proc/$container/ns/$ns")" = "$(readlink "/proc/self/ns/$ns")" ]; then
			[ "$line" = "$(readlink "/proc/self/ns/$ns")" ]
			so "it shares the $ns namespace, as the container did"
		else
			[ "$line" != "$(readlink "/proc/self/ns/$ns")" ]
			so "it has a $ns namespace of its own, as the container had"
		fi
	done
	nsenter -t "$holder" -m -p /inside pids >"$work/out"
	[ "$(head -1 "$work/out")" = 1 ]
	so "it is the first process of it: /proc is that namespace's"
	[ "$(ls "/proc/$holder/fd" | wc -l)" -eq 3 ]
	so "it holds no file of ours: $(ls -l "/proc/$holder/fd" | tail -n +2 | tr -s ' ' | cut -d' ' -f9- | tr '\n' ' ')"
	grep -q '^0000000000000000$' <(sed -n 's/^CapEff:\t//p' "/proc/$holder/status")
	so "and has no capability in effect"
	kill -TERM "$holder"
	release_client
	nothing_left "SIGTERM ends it, and nothing is left"
}

# hold_client STEP...: in the background, until it has said "held" or has ended
hold_client() {
	rm -f "$work/in"
	mkfifo "$work/in"
	"$work/client" "$@" <"$work/in" >"$work/out" 2>"$work/err" &
	client=$!
	exec {input}>"$work/in"
	until_so has_held
}
has_held() { grep -q '^held' "$work/out" || ! kill -0 "$client" 2>"/dev/null"; }

release_client() {
	exec {input}>&-
	wait "$client"
}

failures() {
	local step sibling
	for step in $chain; do
		says "a client's no at $step fails the restore" "RESTORE failed errno=ECANCELED msg=the client's $step failed" \
			"$worker" on "$step" no "$restore rst_sibling=1"
		nothing_left "and nothing is left of it"
	done
	for step in $chain; do
		talk "$worker" on "$step" die "$restore rst_sibling=1"
		nothing_left "nothing is left when the client dies at $step"
	done
	for sibling in 0 1; do
		says "a process that others stop is not waited for (rst_sibling=$sibling)" "RESTORE failed" "$worker" \
			on setup-namespaces 'kill -STOP $PID' "$restore rst_sibling=$sibling"
		nothing_left "and nothing is left of it"
	done
	local i left=''
	for i in {1..20}; do
		talk "$worker" on post-resume last "$restore rst_sibling=$((i % 2))"
		talk "unix:$work/sock" on post-resume last "$restore"
		left+=$(left_processes)
	done
	result "nothing is left when it dies right after its last consent (40 times)" "$left"
	says "what contents may take is the client's to say" "the contents exceed the limit of 1000 bytes of memory" "$worker" \
		"$restore max_contents=1000"
	nothing_left "and nothing is left of that"
	for step in setup-namespaces post-resume; do
		talk "$worker" on "$step" garbage "$restore"
		grep -q "RESTORE failed errno=EBADMSG" "$work/out"
		so "garbage for an answer to $step fails it"
		talk "$worker" on "$step" false "$restore"
		grep -q "RESTORE failed errno=ECANCELED" "$work/out"
		so "a program that fails at $step does"
	done
	nothing_left "nothing is left of these"
	# Its client's first child.
	for step in $chain; do
		says "a worker that is killed at $step answers nothing" "closed" "$worker" \
			on "$step" 'read -r worker rest </proc/$PPID/task/$PPID/children; kill -KILL $worker' "$restore rst_sibling=1"
		nothing_left "and leaves nothing"
	done
	kills
	says "no source for a volume" "no source" "$worker" "${restore/ext_mnt=\/vol:/ext_mnt=\/other:}"
	says "a source that is not there" "cannot be opened" "$worker" "${restore/\/src\/conf/\/src\/nothing}"
	says "a root that is not there" "the new root '/nowhere' cannot be opened" "$worker" "${restore/root=$work\/new/root=/nowhere}"
	says "a sibling through a service is refused" "rst_sibling takes a worker" "unix:$work/sock" "$restore rst_sibling=1"
	says "a namespace that is not there" "join_ns net:/nowhere cannot be opened" "$worker" "$restore join_ns=net:/nowhere"
	says "a namespace of a kind that is not ours" "others take a CRIU beside it (REBIND_CRIU)" "$worker" "$restore join_ns=mnt:1"
	says "nor a CRIU's" "joined by rebind restore --join-ns user:PID" "$worker" "$restore join_ns=user:1"
	says "a namespace of another kind" "join_ns net:/proc/self/ns/uts is no net namespace" "$worker" \
		"$restore join_ns=net:/proc/self/ns/uts"
	says "an empty namespace that is not of the network" "empty_ns 0x20000" "$worker" "$restore empty_ns=131072"
	says "what is no context for mounts" "no context for --lsm-mount-context: it has a byte" "$worker" \
		"$restore lsm_mount_context=a\\b"
	says "a file for the null device of a directory" "its source '(a descriptor)' is a file" "$worker" \
		"${restore/ext_mnt=\/vol:$work\/src\/vol/ext_mnt=\/vol:\/dev\/null}"
	says "a descriptor that is not open" "inherit_fd 'extRootNetNS' is not open" "$worker" "$restore inherit_fd=extRootNetNS:88"
	says "a source by descriptor that is not open" "descriptor 99 is not open" "$worker" "$restore inherit_fd=mnt[x]:99"
	nothing_left "nothing is left of any"
}

# A restore that was done before the signal came holds its namespace rightly: also where the client was killed
# between its answer and telling of it. Who is let go has no socket any more.
end_finished() {
	local pid dir
	pid=$(sed -n 's/^RESTORE ok pid=\([0-9]*\) .*/\1/p' "$work/out")
	for dir in /proc/[0-9]*; do
		[ -z "$pid" ] && [ "$(cat "$dir/comm" 2>"/dev/null")" = rebind-holder ] || continue
		[ -e "$dir/fd/3" ] || pid=${dir#/proc/}
	done
	[ -z "$pid" ] || kill -KILL "$pid"
}

# At moments that nobody has chosen: what a restore takes is spread over the tries.
kills() {
	local i pid victim left='' table_changed=''
	for i in {1..40}; do
		"$work/client" "$worker" "$restore rst_sibling=$((i % 2))" <"/dev/null" >"$work/out" 2>"$work/err" &
		pid=$!
		pause_for "0.$(printf %03d $((i / 2)))"
		victim=
		[ $((i % 4)) -ge 2 ] || { read -r victim _ <"/proc/$pid/task/$pid/children"; } 2>"/dev/null"
		kill -KILL "${victim:-$pid}" 2>"/dev/null"
		wait "$pid" 2>"/dev/null"
		end_finished
		left+=$(left_processes)
		[ "$table" = "$(mounts)" ] || table_changed=", and a mount"
	done
	result "nothing is left when worker or client is killed at any time (40 times)" "$left$table_changed"
}

joins() {
	local holder net
	exec 9<"/proc/$container/ns/net"
	net=$(readlink "/proc/$container/ns/net")
	hold_client "$worker" "$restore rst_sibling=1 inherit_fd=extRootNetNS:9 join_ns=uts:$container" hold
	holder=$(sed -n 's/^RESTORE ok pid=\([0-9]*\) .*/\1/p' "$work/out")
	[ "$(readlink "/proc/$holder/ns/net")" = "$net" ]
	so "extRootNetNS is the network that runc made"
	[ "$(readlink "/proc/$holder/ns/uts")" = "$(readlink "/proc/$container/ns/uts")" ]
	so "join_ns takes a pid"
	exec 9<&-
	kill -KILL "$holder"
	release_client
	exec 9<"/proc/$container/ns/pid"
	hold_client "$worker" "$restore rst_sibling=1 inherit_fd=extRootPidNS:9" hold
	exec 9<&-
	holder=$(sed -n 's/^RESTORE ok pid=\([0-9]*\) .*/\1/p' "$work/out")
	[ "$(readlink "/proc/$holder/ns/pid")" = "$(readlink "/proc/$container/ns/pid")" ]
	so "extRootPidNS is joined, and left when the holder is killed"
	kill -KILL "$holder"
	release_client
	exec 9<"$work/src/vol"
	hold_client "$worker" "${restore/ext_mnt=\/vol:$work\/src\/vol/inherit_fd=mnt[\/vol]:9}" hold
	exec 9<&-
	holder=$(sed -n 's/^RESTORE ok pid=\([0-9]*\) .*/\1/p' "$work/out")
	[ "$(cat "/proc/$holder/root/vol/file")" = "volume of src" ]
	so "a source may come as a descriptor; without rst_sibling it is nobody's child"
	kill -KILL "$holder"
	release_client
	nothing_left "all of it is gone"
}

packets() {
	says "garbage closes the connection" "closed" "$worker" raw ffffffff
	says "so does a request without a type" "closed" "$worker" raw 1200
	says "and half a request" "closed" "$worker" raw 080a12ff
	says "more than 4 MiB is refused" "EMPTY failed errno=EMSGSIZE" "$worker" big 4200000
	says "4 MiB of nothing is garbage" "closed" "$worker" big 4194304
	says "a megabyte of nothing is garbage" "closed" "$worker" big 1000000
	"$rebind" swrk 77 2>"$work/err" >"$work/out"
	[ $? -eq 1 ] && grep -q "descriptor 77 is not a socket" "$work/err"
	so "a worker whose descriptor is not open says so"
	"$rebind" swrk 0 <"/dev/null" 2>"$work/err"
	[ $? -eq 1 ] && grep -q "descriptor 0 is not a socket" "$work/err"
	so "or is no socket"
	"$rebind" swrk x 2>"$work/err"
	[ $? -eq 2 ]
	so "what is no number is a usage error"
}

figures() {
	awk '/^VmRSS:/ { rss = $2 } END { printf "%s ", rss }' "/proc/$service/status"
	find "/proc/$service/fd" -mindepth 1 | wc -l
}

start_service() {
	rm -f "$work/ready"
	mkfifo "$work/ready"
	exec {ready}<>"$work/ready"
	"$rebind" service --address "$work/sock" --status-fd 9 9>"$work/ready" {ready}>&- 2>"$work/service.err" &
	service=$!
	known+=("$service")
	IFS= read -r -d '' -t $((20 * ${REBIND_TEST_SLOW:-1})) -u "$ready" _
	local ok=$?
	exec {ready}>&-
	return "$ok"
}

# Who waits for the byte must read it, and then the end of the pipe.
in_the_background() {
	local fd open
	for fd in 1 3; do
		[ "$fd" = 1 ] && open= || open="3>&1 >/dev/null"
		timeout 20 bash -c '"$1" service -d --address "$2" --pidfile "$3" --status-fd "$4" '"$open"' | od -An -tx1' \
			- "$rebind" "$work/sock" "$work/service-pid" "$fd" >"$work/out" 2>"$work/service.err"
		[ "$(tr -d ' \n' <"$work/out")" = 00 ]
		so "in the background it says so to descriptor $fd, and closes it"
		kill "$(cat "$work/service-pid")"
		result "and ends" "$(left_processes)"
	done
}

# Three hundred clients that say nothing.
idle_clients() {
	local idle i
	python3 - "$work/sock" >"$work/idle" <<'END' &
import socket, sys, time
sockets = []
for i in range(300):
    sockets.append(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    sockets[-1].connect(sys.argv[1])
print("connected", flush=True)
sockets[0].settimeout(60)
print(sockets[0].recv(4096), flush=True)
time.sleep(60)
END
	idle=$!
	until_so grep -q connected "$work/idle"
	i=$EPOCHREALTIME
	says "clients that say nothing hold up no other" "CHECK ok" "unix:$work/sock" CHECK
	result "not for a second" "$(awk -v slow="${REBIND_TEST_SLOW:-1}" -v a="$i" -v b="$EPOCHREALTIME" 'BEGIN { if (b - a > 5 * slow) print b - a " s" }')"
	until_so grep -q '^b' "$work/idle" && grep -q "it has sent no request" "$work/idle"
	so "and are told when they are let go"
	kill -KILL "$idle" 2>"/dev/null"
	wait "$idle" 2>"/dev/null"
}

services() {
	local before_rss before_fds after_rss after_fds start
	start_service
	so "a service says by --status-fd that it listens"
	[ "$(stat -c '%a %F' "$work/sock")" = "600 socket" ]
	so "its socket is for its user alone"
	says "it answers" "VERSION ok 4.2" "unix:$work/sock" VERSION
	says "garbage closes the connection" "closed" "unix:$work/sock" raw ffff
	says "and the service goes on" "CHECK ok" "unix:$work/sock" CHECK
	idle_clients
	talk "unix:$work/sock" "connect" 200 VERSION
	read -r before_rss before_fds < <(figures)
	start=$EPOCHREALTIME
	talk "unix:$work/sock" connect 3000 VERSION
	[ "$status" -eq 0 ]
	so "three thousand connections are served, a request each"
	says "seven thousand requests on one connection too" "7000 times" "unix:$work/sock" times 7000 "VERSION keep_open=1"
	says "and 500 FEATURE_CHECKs" "500 times" "unix:$work/sock" times 500 "FEATURE_CHECK features=1 keep_open=1"
	read -r after_rss after_fds < <(figures)
	[ "$after_rss" -le $((before_rss + 200)) ] && [ "$after_fds" -eq "$before_fds" ]
	so "memory and descriptors are where they were: $before_rss kB, $before_fds; $after_rss kB, $after_fds ($(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }'))"
	parallel
	"$rebind" service --address "$work/sock" 2>"$work/err"
	[ $? -eq 1 ] && grep -q "another process does" "$work/err"
	so "a second service at the same place is refused"
	chmod 666 "$work/sock"
	# By names in the working directory: what is above it may be closed to that user.
	setpriv --reuid 65534 --clear-groups ./client unix:sock VERSION >"$work/out" 2>"$work/err"
	grep -q "EMPTY failed errno=EPERM" "$work/out"
	so "another user is refused even if the socket's mode would let it in"
	chmod 600 "$work/sock"
}

# Eight at once, each with its own process; SIGKILL of the holder is all it takes to be rid of it.
parallel() {
	local i pids=() holders=()
	for i in {1..8}; do
		"$work/client" "unix:$work/sock" "$restore" <"/dev/null" >"$work/out.$i" 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in {1..8}; do
		holders+=("$(sed -n 's/^RESTORE ok pid=\([0-9]*\) no-child fd=mnt.*/\1/p' "$work/out.$i")")
	done
	cp "$work/out.1" "$work/out"
	[ "$(printf '%s\n' "${holders[@]}" | sort -u | grep -c '[0-9]')" -eq 8 ]
	so "eight restores at once are done, through one service"
	kill -KILL "${holders[@]}"
	nothing_left "and are gone with their processes"
}

end_services() {
	# A client that says nothing must not keep it.
	hold_client "unix:$work/sock" hold
	kill -TERM "$service"
	wait "$service"
	[ $? -eq 0 ] && [ ! -e "$work/sock" ] && grep -q held "$work/out"
	so "SIGTERM ends the service, with a client connected, and its socket is gone"
	release_client
	for signal in TERM KILL; do
		for step in setup-namespaces post-resume; do
			start_service
			talk "unix:$work/sock" on "$step" "kill -$signal $service" "$restore"
			{ wait "$service"; } 2>"/dev/null"
			end_finished
			nothing_left "SIG$signal at $step leaves nothing of a restore"
		done
	done
	[ -S "$work/sock" ] && start_service && grep -q "left by a service" "$work/service.err"
	so "the socket of one that was killed is replaced"
	kill -TERM "$service"
	wait "$service"
	: >"$work/sock"
	"$rebind" service --address "$work/sock" 2>"$work/err"
	[ $? -eq 1 ] && grep -q "not a socket" "$work/err" && [ -f "$work/sock" ]
	so "a file that is no socket is left alone"
	rm "$work/sock"
	"$rebind" service 2>"$work/err"
	[ $? -eq 2 ]
	so "without an address there is none"
	"$rebind" service -d --address "$work/sock" --pidfile "$work/pid"
	says "in the background it answers when the command returns" "VERSION ok" "unix:$work/sock" VERSION
	kill -TERM "$(cat "$work/pid")"
	left_processes >"$work/out"
	[ ! -s "$work/out" ] && [ ! -e "$work/sock" ] && [ ! -e "$work/pid" ]
	so "and leaves neither socket nor pid file"
}

# The environment of a less privileged caller names no program.
secure() {
	mkdir "$work/setuid"
	cp "$rebind" "$work/setuid/rebind"
	printf '#!/bin/sh\nid -u >"%s/ran"\n' "$work" >"$work/evil"
	chmod 755 "$work/evil"
	chmod 4755 "$work/setuid/rebind"
	REBIND_CRIU=$work/evil setpriv --reuid 65534 --clear-groups "$work/client" "swrk:$work/setuid/rebind" VERSION \
		>"$work/out" 2>"$work/err"
	grep -q "VERSION ok 4.2" "$work/out" && [ ! -e "$work/ran" ]
	so "REBIND_CRIU is ignored where rebind is setuid"
	REBIND_CRIU=$work/evil "$work/client" "swrk:$rebind" VERSION >"$work/out" 2>"$work/err"
	grep -q 0 "$work/ran"
	so "elsewhere it is not"
	rm -r "$work/setuid" "$work/evil" "$work/ran"
}

main() {
	local dir=$build
	"${CC:-cc}" -O1 -Wall -Werror -I "$here/../.." -I "$dir" -o "$work/client" "$here/rpc-client.c" \
		"$dir/runtime/rpc/rpc.pb-c.c" -lprotobuf-c || exit 1
	make_container plain
	forget "$container"
	# Again, with namespaces of its own.
	local outer
	hold outer unshare --mount --pid --net --ipc --uts --fork --kill-child --propagation private \
		bash "$work/container" "$work/a" plain
	read -r container <"/proc/$outer/task/$outer/children"
	known+=("$container")
	table=$(mounts)
	before=$(names "${watched[@]}")
	conversation
	secure
	packets
	refusals
	dumps
	in_the_background
	services
	restores
	joins
	failures
	end_services
	finish
}

main
