# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2207 # words of the program, without spaces
# Completion for bash. Verbs, options and their values are those that `rebind VERB --help` prints.

# The verbs; the words that follow "plugin" and "criu".
_rebind_verbs() {
	rebind --help 2>/dev/null | sed -n 's/^  \([a-z]*\)  .*/\1/p'
}

_rebind_subverbs() {
	rebind "$1" --help 2>/dev/null | sed -n "s/^[a-z: ]* rebind $1 \([a-z]\{1,\}\)\( | \([a-z]\{1,\}\)\)\{0,1\}.*/\1 \3/p"
}

# _rebind_options VERB...: "--name ARGUMENT" and "-x ARGUMENT", a line each; the last word only if it takes one
_rebind_options() {
	rebind "$@" --help 2>/dev/null | awk '
	/^  -v,/ { print "-v" }
	match($0, /^  (-[A-Za-z], |    )--[a-z-]+/) {
		name = substr($0, 7, RLENGTH - 6)
		rest = substr($0, RLENGTH + 1)
		sub(/^ /, "", rest)
		argument = rest ~ /^[^ ]/ ? rest : ""
		sub(/ .*/, "", argument)
		print name, argument
		if (substr($0, 3, 1) == "-")
			print substr($0, 3, 2), argument
	}
	/^  -h, / { print "-h" }'
}

_rebind_pids() {
	local dir
	for dir in /proc/[0-9]*; do
		printf '%s\n' "${dir#/proc/}"
	done
}

# The keys that the image in DIR has sources for; a key with a character that JSON escapes is left out.
_rebind_keys() {
	rebind show --json "$1" 2>/dev/null | sed -n 's/^      "key": "\([^"\\]*\)",\{0,1\}$/\1/p'
}

_rebind_mountpoints() {
	awk '$5 !~ /\\/ { print $5 }' "/proc/$1/mountinfo" 2>/dev/null
}

# _rebind_reply CANDIDATES [SUFFIX]: lines; those that the current word begins
_rebind_reply() {
	local line
	while IFS= read -r line; do
		[[ -z $line || $line != "$cur"* ]] || COMPREPLY+=("$line${2-}")
	done <<<"$1"
}

# _rebind_files OPTION OF COMPGEN...: after what stands before the path in the word
_rebind_files() {
	local before=$1 line
	shift
	compopt -o filenames 2>/dev/null
	while IFS= read -r line; do
		COMPREPLY+=("$before$line")
	done < <(compgen "$@" -- "${cur#"$before"}")
}

# The value of an option: $1 its name, $2 what help calls its argument, $3 the verb
_rebind_value() {
	local dir pid i
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		-D | --images-dir) dir=${words[i + 1]} ;;
		-t | --tree) pid=${words[i + 1]} ;;
		esac
	done
	case $1:$3 in
	--external:*restore*)
		if [[ $cur == *]:* ]]; then
			_rebind_files "${cur%%]:*}]:" -f
		else
			compopt -o nospace 2>/dev/null
			_rebind_reply "$(_rebind_keys "${dir-}" | sed 's/.*/mnt[&]:/')"
		fi
		return
		;;
	--external:*dump*)
		compopt -o nospace 2>/dev/null
		_rebind_reply "$(_rebind_mountpoints "${pid-none}" | sed 's/.*/mnt[&]:/')"
		return
		;;
	esac
	case $2 in
	PID) _rebind_reply "$(_rebind_pids)" ;;
	DIR) _rebind_files "" -d ;;
	FILE* | PATH | ARCHIVE) _rebind_files "" -f ;;
	*[!a-z\|]*) ;;
	*) _rebind_reply "${2//|/$'\n'}" ;;
	esac
}

# What is no option: $1 the verb, $2 the one below it
_rebind_word() {
	case $1:$2 in
	show: | diff:)
		_rebind_reply "$(_rebind_pids)"
		_rebind_files "" -f
		;;
	plugin:test) _rebind_files "" -f -X '!*.so' -o plusdirs ;;
	esac
}

_rebind() {
	local line=${COMP_LINE:0:COMP_POINT} cur raw words verb sub='' name argument table i
	# Bash splits words at ':' and '=' as well; those of the command line are wanted.
	read -r -a words <<<"$line"
	[[ $line != *[[:space:]] ]] || words+=("")
	raw=${words[-1]}
	for i in "${!words[@]}"; do
		words[i]=${words[i]//[\'\"\\]/}
	done
	cur=${words[-1]}
	COMPREPLY=()
	verb=${words[1]}
	if ((${#words[@]} == 2)); then
		_rebind_reply "$(_rebind_verbs)"$'\n--help\n--version'
		return
	fi
	if [[ $verb == plugin || $verb == criu ]]; then
		if ((${#words[@]} == 3)); then
			_rebind_reply "$(_rebind_subverbs "$verb" | tr ' ' '\n')"
			return
		fi
		sub=${words[2]}
	fi
	for ((i = 2; i < ${#words[@]} - 1; i++)); do
		if [[ ${words[i]} == -- ]]; then
			[[ $verb != restore ]] || _rebind_files "" -c
			return
		fi
	done
	if [[ $verb == criu ]]; then
		table=$(_rebind_options criu "$sub")
	else
		table=$(_rebind_options "$verb")
	fi
	while read -r name argument; do
		if [[ -n $argument && $name == "${words[-2]}" ]]; then
			# For -t and -D the long name stands first.
			_rebind_value "$name" "$argument" "$verb $sub"
			_rebind_trim
			return
		fi
	done <<<"$table"
	if [[ $cur == -* ]]; then
		_rebind_reply "$(sed 's/ .*//' <<<"$table" | grep -e "^${cur}")"
	else
		_rebind_word "$verb" "$sub"
	fi
}

# Outside of quotes, bash replaces only what follows the last ':' of the word.
_rebind_trim() {
	local before i
	[[ $raw != *[\'\"\\]* && $COMP_WORDBREAKS == *:* && $cur == *:* ]] || return 0
	before=${cur%"${cur##*:}"}
	for i in "${!COMPREPLY[@]}"; do
		COMPREPLY[i]=${COMPREPLY[i]#"$before"}
	done
}

complete -F _rebind rebind
