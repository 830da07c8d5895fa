#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Restores an image under another root, and runs a command in it.

usage: run.py IMAGE ROOT [KEY=SOURCE...] -- COMMAND [ARG...]
"""
import sys

import rebind


def main() -> int:
    if len(sys.argv) < 5 or "--" not in sys.argv[3:-1]:
        sys.exit(__doc__)
    dashes = sys.argv.index("--")
    sources = dict(word.split("=", 1) for word in sys.argv[3:dashes])
    try:
        namespace = rebind.restore(sys.argv[1], root=sys.argv[2], external=sources)
    except rebind.Error as error:
        print(error, file=sys.stderr)
        return 125
    with namespace:
        return namespace.run(sys.argv[dashes + 1:]).returncode


if __name__ == "__main__":
    sys.exit(main())
