# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two mount tables, compared as text: nothing of rebind is asked, and little of the kernel.

A mount is named by the mountpoints on the way to it: a mount that covers another one is its child. What
may differ is the number of things (ids, devices, groups) and the directory that a side lives in.
"""

import os
import re

ESCAPE = re.compile(rb"\\([0-7]{3})")
# The kernel has one instance of these, or one for each namespace of another kind.
KERNEL_FS = {b"proc", b"sysfs", b"mqueue", b"cgroup2", b"cgroup", b"devtmpfs"}


def unescape(field):
    return ESCAPE.sub(lambda match: bytes([int(match.group(1), 8)]), field)


class Mount:
    def __init__(self, line):
        left, right = line.split(b" - ", 1)
        fields = left.split(b" ")
        # An empty source leaves two blanks.
        self.type, self.source, self.super_options = right.split(b" ", 2)
        self.id, self.parent, self.dev = int(fields[0]), int(fields[1]), fields[2]
        self.root, self.point = unescape(fields[3]), unescape(fields[4])
        self.options = frozenset(fields[5].split(b","))
        self.tags = dict(tag.split(b":", 1) for tag in fields[6:] if b":" in tag)
        self.unbindable = b"unbindable" in fields[6:]


def read(pid):
    with open(f"/proc/{pid}/mountinfo", "rb") as file:
        return [Mount(line) for line in file.read().split(b"\n") if line]


def places(mounts):
    """{place: mount}: the mountpoints from the root on."""
    by_id = {mount.id: mount for mount in mounts}
    found = {}

    def place(mount):
        if mount.id not in found:
            parent = by_id.get(mount.parent)
            # A path below the parent's, whose own is cut off.
            above = place(parent) if parent else ()
            point = mount.point
            if parent and parent.point != b"/":
                point = point[len(parent.point):] or b"/"
            found[mount.id] = above + (point,)
        return found[mount.id]

    for mount in sorted(mounts, key=lambda mount: mount.id):
        depth, above = 0, mount
        while above:
            depth, above = depth + 1, by_id.get(above.parent)
            if depth > len(mounts):
                raise ValueError("a circle of parents")
    return {place(mount): mount for mount in mounts}


def partition(table, value):
    """Who shares a value, without the value: {place: the first place that has the same}."""
    first, result = {}, {}
    for place in sorted(table):
        seen = value(table[place])
        result[place] = first.setdefault(seen, place) if seen is not None else None
    return result


def show(place):
    return "".join(part.decode("utf-8", "backslashreplace") + " > " for part in place)[:-3]


class Side:
    """A namespace, and the directory in which its root and sources are."""

    def __init__(self, pid, scratch, name, host):
        self.mounts = read(pid)
        self.table = places(self.mounts)
        if len(self.table) != len(self.mounts):
            raise ValueError("two mounts in one place")
        self.scratch, self.name = os.fsencode(scratch), name
        self.directory = self.scratch + b"/" + os.fsencode(name)
        # Filesystems that the caller has as well, and what of them is where.
        self.host, self.leaked = {}, set()
        for mount in host:
            self.host.setdefault(mount.dev, []).append(mount)
        self.host_groups = {mount.tags.get(b"shared") for mount in host} - {None}

    def path_outside(self, mount):
        """Where the root of a mount lies in the caller's tree, or None: best in a peer or a master."""
        groups = {mount.tags.get(b"shared"), mount.tags.get(b"master")} - {None}
        # What was propagated to the caller has no counterpart on the other side: no source has its group.
        if groups & self.leaked:
            groups = {None}
        found = []
        for outside in self.host.get(mount.dev, ()):
            prefix = outside.root.rstrip(b"/")
            if mount.root == outside.root or mount.root.startswith(prefix + b"/"):
                path = outside.point.rstrip(b"/") + mount.root[len(prefix):]
                found.append((not path.startswith(self.directory + b"/"),
                              outside.tags.get(b"shared") not in groups,
                              outside.tags.get(b"master") != mount.tags.get(b"master"), path))
        return min(found)[-1] if found else None

    def root(self, mount):
        if mount.dev not in self.host or mount.type in KERNEL_FS:
            return mount.root
        path = self.path_outside(mount)
        if path is None:
            return b"?" + mount.root
        for side in (b"/old", b"/new"):
            if path.startswith(self.scratch + side):
                # The slave shows the same directory.
                return b"SIDE" + path[len(self.scratch + side):].replace(b"/src/slave", b"/src/shared")
        return path

    def options(self, mount):
        text = mount.super_options
        if mount.type == b"overlay" or mount.dev in self.host:
            text = b",".join(sorted(text.split(b",")))
        return text


def compare(a, b, sources=True):
    """A list of differences, in words."""
    lines = []
    for place in sorted(set(a.table) - set(b.table)):
        lines.append(f"{show(place)}: only in the first")
    for place in sorted(set(b.table) - set(a.table)):
        lines.append(f"{show(place)}: only in the second")
    if lines:
        return lines
    fields = {
        "type": lambda side, mount: mount.type,
        "root": Side.root,
        "flags": lambda side, mount: mount.options,
        "source": lambda side, mount: mount.source,
        "options": Side.options,
        "unbindable": lambda side, mount: mount.unbindable,
        "is shared": lambda side, mount: b"shared" in mount.tags,
        "is slave": lambda side, mount: b"master" in mount.tags,
    }
    for place in sorted(a.table):
        for name, value in fields.items():
            one, other = value(a, a.table[place]), value(b, b.table[place])
            if one != other:
                lines.append(f"{show(place)}: {name}: {one!r} | {other!r}")
    shared = {
        "peers": lambda mount: mount.tags.get(b"shared"),
        "masters": lambda mount: mount.tags.get(b"master"),
        "superblock": lambda mount: mount.dev,
    }
    for name, value in shared.items():
        one, other = partition(a.table, value), partition(b.table, value)
        lines += [f"{show(place)}: {name}: as {show(one[place] or ())!r} | as {show(other[place] or ())!r}"
                  for place in sorted(a.table) if one[place] != other[place]]
    lines += compare_groups(a, b)
    return lines


def compare_groups(a, b):
    """Is the master of one the group of another, here and there? Does a group reach outside?"""
    def links(side):
        members = {}
        for place in sorted(side.table):
            group = side.table[place].tags.get(b"shared")
            if group is not None:
                members.setdefault(group, place)
        return {place: (members.get(mount.tags.get(b"master")),
                        mount.tags.get(b"shared") in side.host_groups,
                        mount.tags.get(b"master") in side.host_groups)
                for place, mount in side.table.items()}
    one, other = links(a), links(b)
    return [f"{show(place)}: links (master's group, shared outside, master outside): "
            f"{one[place]!r} | {other[place]!r}" for place in sorted(one) if one[place] != other[place]]


SILENT = {b"proc", b"sysfs", b"mqueue", b"cgroup2", b"devpts"}


def files(pid):
    """What can be seen from the root of a process: {path: kind, mode, owner, size, text}."""
    seen = {}
    top = os.open(f"/proc/{pid}/root", os.O_RDONLY | os.O_DIRECTORY)
    try:
        silent = {mount.dev for mount in read(pid) if mount.type in SILENT}
        if device(os.fstat(top)) not in silent:
            walk(top, b"", seen, silent)
    finally:
        os.close(top)
    return seen


def device(stat):
    return b"%d:%d" % (os.major(stat.st_dev), os.minor(stat.st_dev))


def walk(fd, path, seen, silent):
    if len(seen) > 20000 or len(path) > 3000:
        return
    for name in sorted(os.listdir(fd)):
        name = os.fsencode(name)
        try:
            child = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=fd)
        except OSError as error:
            seen[path + b"/" + name] = error.errno
            continue
        try:
            stat = os.fstat(child)
            directory = stat.st_mode & 0o170000 == 0o040000
            quiet = device(stat) in silent
            seen[path + b"/" + name] = quiet or (
                stat.st_mode, stat.st_uid, stat.st_gid, directory or stat.st_size,
                directory or text(child, stat))
            if directory and not quiet:
                real = os.open(f"/proc/self/fd/{child}", os.O_RDONLY)
                try:
                    walk(real, path + b"/" + name, seen, silent)
                finally:
                    os.close(real)
        finally:
            os.close(child)


def text(fd, stat):
    if stat.st_mode & 0o170000 != 0o100000:
        return None
    try:
        with open(f"/proc/self/fd/{fd}", "rb") as file:
            return file.read(4096)
    except OSError as error:
        return error.errno


def compare_files(a, b):
    return [f"file {path!r}: {a.get(path)!r} | {b.get(path)!r}"
            for path in sorted(set(a) | set(b)) if a.get(path) != b.get(path)]
