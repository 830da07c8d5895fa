# SPDX-License-Identifier: LGPL-2.1-or-later
"""Types a command line into an interactive shell, and a tab, as a user does.

usage: completions.py bash|zsh COMPLETION_FILE LINE...

Prints, for each LINE, what the shell has made of it in the first line, then what it listed, a word a
line, and an empty line. A LINE that ends with "??" is completed twice, which lists what is ambiguous.
The key that shows the line empties it too: a key to do so would be lost where the shell has left the
terminal cooked for a moment.
"""
import os, pty, re, select, sys, time

MARK = "\x01"


def read_until(fd, text, seconds=60 * int(os.environ.get("REBIND_TEST_SLOW", "1"))):
    """What the shell writes until `text` is in it."""
    seen = ""
    end = time.monotonic() + seconds
    while text not in seen:
        left = end - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            sys.exit(f"completions.py: the shell did not say {text!r}: {seen[-500:]!r}")
        seen += os.read(fd, 65536).decode(errors="replace")
    return seen


def bash_setup(completion):
    return f"""PS1='prompt> '
bind 'set completion-query-items -1'
bind 'set page-completions off'
bind 'set bell-style none'
bind 'set enable-bracketed-paste off'
bind -x '"\\C-xp": printf "\\nLINE<%s>\\n" "$READLINE_LINE"; READLINE_LINE='
. {completion}
"""


def zsh_setup(completion):
    return f"""PS1='prompt> '
autoload -Uz compinit; compinit -D -u
unsetopt beep; zle_highlight=(none); unset zle_bracketed_paste
LISTMAX=0
zstyle ':completion:*' list-prompt ''
autoload -Uz {completion}; compdef _rebind rebind
show() {{ print -r -- "LINE<$BUFFER>" >$TTY; BUFFER= }}; zle -N show; bindkey '^Xp' show
"""


def main():
    shell, completion, lines = sys.argv[1], sys.argv[2], sys.argv[3:]
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="dumb", LC_ALL="C.UTF-8", COLUMNS="200", LINES="1000")
        os.execvp(shell, ["bash", "--norc", "--noprofile", "-i"] if shell == "bash" else ["zsh", "-f", "-i"])
    setup = bash_setup(completion) if shell == "bash" else zsh_setup(completion)
    name = os.environ["COMPLETIONS_SETUP"]
    with open(name, "w") as file:
        file.write("stty cols 200 rows 1000 -echo\n" + setup)
    os.write(fd, f" . {name}; echo 'set''up'\n".encode())
    read_until(fd, "setup")
    for line in lines:
        twice = line.endswith("??")
        line = line.removesuffix("??")
        os.write(fd, line.encode() + (b"\t\t" if twice else b"\t") + b"\x18p")
        seen = read_until(fd, "LINE<")
        if ">" not in seen[seen.index("LINE<"):]:
            seen += read_until(fd, ">")
        before, _, after = seen.rpartition("LINE<")
        print(after.partition(">")[0])
        words = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|[\x07\r\x00]", " ", before).split()
        print("\n".join(words) + "\n")
    os.close(fd)
    os.kill(pid, 9)
    os.waitpid(pid, 0)


main()
