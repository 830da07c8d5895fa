# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion for fish. Verbs, options and their values are those that `rebind VERB --help` prints.

# The words of the command line that are no options, without "rebind".
function __rebind_verbs_given
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; and return
        echo $word
    end
end

function __rebind_verbs
    rebind --help 2>/dev/null | string replace -rf '^  ([a-z]+)  +(.*)' '$1\t$2'
    printf '%s\n' --help --version
end

# The words that follow "plugin" and "criu".
function __rebind_subverbs
    set -l verb $argv[1]
    rebind $verb --help 2>/dev/null | string replace -rf "^[a-z: ]* rebind $verb ([a-z]+)(?: \| ([a-z]+))?.*" '$1 $2' | string split -n ' '
end

# Verb, and the one below it.
function __rebind_help
    set -l verbs (__rebind_verbs_given)
    if test "$verbs[1]" = criu
        rebind criu $verbs[2] --help 2>/dev/null
    else
        rebind $verbs[1] --help 2>/dev/null
    end
end

# "--name ARGUMENT help", with tabs between
function __rebind_table
    __rebind_help | awk '
    function flush_option() {
        if (name != "")
            printf "%s\t%s\t%s\n", name, argument, help
        if (letter != "")
            printf "%s\t%s\t%s\n", letter, argument, help
        name = letter = argument = help = ""
    }
    /^  -v,/ { flush_option(); name = "-v"; help = substr($0, 33) }
    match($0, /^  (-[A-Za-z], |    )--[a-z-]+/) {
        flush_option()
        name = substr($0, 7, RLENGTH - 6)
        letter = substr($0, 3, 1) == "-" ? substr($0, 3, 2) : ""
        rest = substr($0, RLENGTH + 1)
        sub(/^ /, "", rest)
        argument = rest ~ /^[^ ]/ ? rest : ""
        sub(/ .*/, "", argument)
        help = rest ~ / / ? rest : ""
        sub(/^[^ ]* +/, "", help)
        next
    }
    name != "" && help == "" { help = $0; sub(/^ +/, "", help) }
    END { flush_option() }'
end

# The keys that the image of -D has sources for; a key that JSON escapes is left out.
function __rebind_keys
    set -l words (commandline -opc)
    for i in (seq 2 (count $words))
        if contains -- $words[$i] -D --images-dir; and test $i -lt (count $words)
            rebind show --json $words[(math $i + 1)] 2>/dev/null | string replace -rf '^      "key": "([^"\\\\]*)",?$' 'mnt[$1]:'
        end
    end
end

function __rebind_mountpoints
    set -l words (commandline -opc)
    for i in (seq 2 (count $words))
        if contains -- $words[$i] -t --tree; and test $i -lt (count $words)
            awk '$5 !~ /\\\\/ { print "mnt[" $5 "]:" }' /proc/$words[(math $i + 1)]/mountinfo 2>/dev/null
        end
    end
end

# The value of an option: its name, and what help calls its argument.
function __rebind_value
    set -l verbs (__rebind_verbs_given)
    set -l cur (commandline -ct | string replace -r '^[\'"]' '')
    if test "$argv[1]" = --external
        if contains restore $verbs[1..2]
            if set -l before (string match -r '^.*\]:' -- $cur)
                for path in (__fish_complete_path (string replace -- $before '' $cur))
                    echo $before$path
                end
            else
                __rebind_keys
            end
        else
            __rebind_mountpoints
        end
        return
    end
    switch $argv[2]
        case PID
            __fish_complete_pids
        case DIR
            __fish_complete_directories $cur
        case 'FILE*' PATH ARCHIVE
            __fish_complete_path $cur
        case '*'
            string match -qr '^[a-z|]+$' -- $argv[2]; and string split '|' $argv[2]
    end
end

function __rebind_complete
    set -l verbs (__rebind_verbs_given)
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    if test (count $words) -eq 1
        __rebind_verbs
        return
    end
    if contains -- "$verbs[1]" plugin criu; and test (count $words) -eq 2
        __rebind_subverbs $verbs[1]
        return
    end
    if contains -- -- $words
        test "$verbs[1]" = restore; and __fish_complete_command
        return
    end
    set -l table (__rebind_table)
    for line in $table
        set -l fields (string split \t -- $line)
        if string match -q -- "$fields[1]" "$words[-1]"; and test -n "$fields[2]"
            __rebind_value $fields[1] $fields[2]
            return
        end
    end
    if string match -q -- '-*' $cur
        for line in $table
            set -l fields (string split \t -- $line)
            printf '%s\t%s\n' $fields[1] $fields[3]
        end
        return
    end
    switch "$verbs[1]:$verbs[2]"
        case 'show:*' 'diff:*'
            __fish_complete_pids
            __fish_complete_path $cur
        case plugin:test
            __fish_complete_suffix .so
    end
end

complete -c rebind -f -a '(__rebind_complete)'
