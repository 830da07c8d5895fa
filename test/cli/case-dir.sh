#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test/cli/case-dir.sh BUILD_DIR: cases of somebody else's, in a directory of their own, run by the
# suite's runner; the first one is the example of its README. And the table of results.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

export BUILD=$build
suite=$here/../zdtm-mnt
mkdir "with space"
awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' "$suite/README.md" > "with space/example.c"
sed 's/expect_readonly/expect_writable/' "with space/example.c" > "with space/wrong.c"

run() { "$suite/run" --case-dir "with space" --reader any "$@" > out 2> err; echo $?; }
so() { result "$1" "$([ "$2" = "$3" ] || { echo "$2, not $3"; cat out; })"; }

so "a case that stands elsewhere passes" "$(run example)" 0
so "it has said so" "$(grep -c '^ok 1 - example: A read-only external volume' out)" 1
so "one that is wrong fails" "$(run)" 1
so "the other one does not" "$(tail -n 1 out)" "1 passed, 1 failed, 0 skipped"
so "both are listed" "$(run --list > /dev/null; grep -cE "^(example|wrong) +A read-only" out)" 2
so "the table has a line a case" "$(run --table)" 1
so "what passed is seen in it" "$(grep -c '^example *ok *ok *A read-only' out)" 1
so "what failed, too" "$(grep -c '^wrong *FAILED *FAILED *A read-only' out)" 1
rm "with space/wrong.c"
so "a case that is gone is gone" "$(run; tail -n 1 out)" "0
1 passed, 0 failed, 0 skipped"
rm "with space/example.c"
so "a directory without cases is an error" "$(run)" 2
finish
