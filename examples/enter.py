#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Restores the mounts of an image, takes the namespace over a socket, and runs a command in it.

usage: enter.py OPTION_OF_REBIND_RESTORE... -- COMMAND [ARG...]

    enter.py -D image --root newroot --external 'mnt[data]:/srv/data' -- /bin/sh
"""
import ctypes
import os
import socket
import subprocess
import sys

CLONE_NEWNS = 0x20000


def restore(options):
    """The descriptor of a new mount namespace, as rebind built it."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ours, its:
        command = [os.environ.get("REBIND", "rebind"), "restore", *options, "--send-fd", str(its.fileno())]
        status = subprocess.run(command, pass_fds=[its.fileno()]).returncode
        if status != 0:
            sys.exit(status)  # rebind has said why, and left nothing
        _, descriptors, _, _ = socket.recv_fds(ours, 16, 1)
        return descriptors[0]


def enter(namespace):
    """os.setns() is there since Python 3.12."""
    if hasattr(os, "setns"):
        os.setns(namespace, CLONE_NEWNS)
    elif ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.chdir("/")


def main():
    if "--" not in sys.argv[1:-1]:
        sys.exit(__doc__)
    dashes = sys.argv.index("--")
    namespace = restore(sys.argv[1:dashes])
    enter(namespace)
    os.close(namespace)  # this process is in it now: that is enough
    os.execv(sys.argv[dashes + 1], sys.argv[dashes + 1:])


if __name__ == "__main__":
    main()
