# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dump a mount namespace and build it again under another root, by the command rebind(1).

A restored namespace is a descriptor: rebind sends it over a socket, and nothing else holds it.

    rebind.dump("/var/tmp/image", pid=4711, external={"/data": "data"})
    with rebind.restore("/var/tmp/image", root="/srv/newroot",
                        external={"data": "/srv/volumes/data"}) as namespace:
        namespace.run(["ls", "/data"], check=True)

Each function raises Error if rebind fails, with all findings, and OSError if it cannot be run. The
program is "rebind" of PATH, or that of the variable REBIND.
"""
from __future__ import annotations

import dataclasses
import json
import os
import re
import socket
import subprocess
import threading
from typing import Any, Mapping, Optional, Sequence, Type, TypeVar, Union

__all__ = ["Difference", "Error", "Finding", "Mount", "Namespace", "Probe", "check", "diff", "dump",
           "restore", "restore_all", "show", "version"]

Path = Union[str, "os.PathLike[str]"]
T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing wrong: `code` is one of FINDINGS in rebind(1), `help` says what to do."""
    code: str
    text: str
    mount_id: Optional[int] = None
    path: Optional[str] = None
    help: Optional[str] = None


@dataclasses.dataclass(frozen=True)
class Mount:
    """A mount, as `rebind show --json` has it.

    owner and key are those of an image; namespace is the id of one of several.
    """
    id: int
    parent_id: int
    depth: int
    mountpoint: str
    root: str
    device: str
    fstype: str
    source: Optional[str]
    attributes: str
    sb_flags: str
    options: Optional[str]
    shared: int
    master: int
    unbindable: bool
    is_file: bool
    idmapped: bool
    covered: bool
    deleted: bool
    unique_id: Optional[int] = None
    namespace: Optional[int] = None
    owner: Optional[str] = None
    key: Optional[str] = None


@dataclasses.dataclass(frozen=True)
class Difference:
    """What two namespaces have different, at `path`."""
    path: str
    field: str
    left: Optional[str]
    right: Optional[str]


@dataclasses.dataclass(frozen=True)
class Probe:
    """Something that the kernel or the privileges allow, or not."""
    name: str
    ok: bool
    required: bool
    detail: Optional[str] = None


class Error(Exception):
    """rebind failed. `findings` are all that is wrong; `errors` are sentences beside them.

    `errno` is the name of an error, or None; `status` the exit status: 2 is a usage error.
    """

    def __init__(self, status: int, report: Mapping[str, Any], stderr: str) -> None:
        self.status = status
        self.errno: Optional[str] = report.get("errno")
        self.findings = [_record(Finding, item) for item in report.get("findings", [])]
        self.errors: list[str] = report.get("errors", [])
        lines = [": ".join(filter(None, (one.path, one.text, one.help))) for one in self.findings]
        super().__init__("\n".join(lines + self.errors) or stderr.strip() or f"exit status {status}")


def _unescape(text: str) -> str:
    """The path that JSON could not hold: \\ooo is a byte."""
    raw = re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), text.encode())
    return os.fsdecode(raw)


def _record(kind: Type[T], item: Mapping[str, Any]) -> T:
    """Fields that this version does not know are left out."""
    escaped = item.get("escaped", ())
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: _unescape(value) if name in escaped else value
                   for name, value in item.items() if name in known})


def _run(verb: str, arguments: Sequence[str], good: Sequence[int] = (0,), pass_fds: Sequence[int] = ()) -> Any:
    """What a verb prints with --json."""
    command = [os.environ.get("REBIND", "rebind"), verb, "--json", *arguments]
    done = subprocess.run(command, pass_fds=pass_fds, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="surrogateescape", check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        report = {}
    if done.returncode not in good or not report:
        raise Error(done.returncode, report, done.stderr)
    return report


def _word(path: Path) -> str:
    """A path for an option: one that begins with '-' would be another option."""
    text = os.fspath(path)
    return "./" + text if text.startswith("-") else text


class Namespace:
    """A restored mount namespace. It lives as long as its descriptor, or a process in it.

    `id` is its number in an image of several, else None.
    """

    def __init__(self, fd: int, id: Optional[int] = None) -> None:
        self._fd = fd
        self.id = id

    def fileno(self) -> int:
        """The descriptor, for os.setns() or another program. It stays this object's."""
        if self._fd < 0:
            raise ValueError("the namespace is closed")
        return self._fd

    def detach(self) -> int:
        """The descriptor, which is the caller's from now on."""
        fd, self._fd = self.fileno(), -1
        return fd

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self.detach())

    def __enter__(self) -> Namespace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[Any]:
        """Run a command in the namespace, in its root directory, by nsenter(1); as subprocess.run()."""
        where = f"--mount=/proc/{os.getpid()}/fd/{self.fileno()}"
        return subprocess.run(["nsenter", where, "--", *command], **options)


def dump(images_dir: Path, *, pid: Optional[int] = None, mntns: Optional[Path] = None,
         external: Optional[Mapping[str, str]] = None, options: Sequence[str] = ()) -> None:
    """Write the image of the namespace of a process, or of an nsfs file.

    external: mountpoint to key. options: more of the command's, as ["--freeze"].
    """
    target = ["-t", str(pid)] if pid is not None else []
    if mntns is not None:
        target += ["--mntns", _word(mntns)]
    named = [f"--external=mnt[{path}]:{key}" for path, key in (external or {}).items()]
    _run("dump", [*target, "-D", _word(images_dir), *named, *options])


def restore(images_dir: Path, *, root: Optional[Path] = None, external: Optional[Mapping[str, Path]] = None,
            inherit_fds: Optional[Mapping[str, int]] = None, ns_id: Optional[int] = None,
            options: Sequence[str] = ()) -> Namespace:
    """Build the namespace of an image.

    root: the new root directory; without one, that of this process. external: key to source.
    inherit_fds: key to a descriptor of the source. ns_id: which one, of an image of several.
    options: more of the command's.
    """
    words = ["--ns-id", str(ns_id)] if ns_id is not None else []
    found = restore_all(images_dir, root=root, external=external, inherit_fds=inherit_fds, options=[*words, *options])
    if len(found) == 1:
        return found[0]
    for namespace in found:
        namespace.close()
    raise Error(0, {}, f"{os.fspath(images_dir)!r} was restored to {len(found)} mount namespaces, which are gone again; "
                "pass ns_id=N for one of the image, or call restore_all()")


def restore_all(images_dir: Path, *, root: Optional[Path] = None, external: Optional[Mapping[str, Path]] = None,
                inherit_fds: Optional[Mapping[str, int]] = None, options: Sequence[str] = ()) -> list[Namespace]:
    """Build all namespaces of an image of several, or, with --copies among the options, all copies.

    The arguments are those of restore().
    """
    words = ["-D", _word(images_dir)]
    if root is not None:
        words += ["--root", _word(root)]
    words += [f"--external=mnt[{key}]:{os.fspath(path)}" for key, path in (external or {}).items()]
    fds = inherit_fds or {}
    words += [f"--inherit-fd=fd[{fd}]:mnt[{key}]" for key, fd in fds.items()]
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    found: list[Namespace] = []
    # Meanwhile: a socket does not hold as many messages as an image may have namespaces.
    reader = threading.Thread(target=_receive, args=(ours, found))
    with ours, its:
        reader.start()
        try:
            _run("restore", [*words, "--send-fd", str(its.fileno()), *options], pass_fds=[its.fileno(), *fds.values()])
        except BaseException:
            _stop(ours, reader)
            for namespace in found:
                namespace.close()
            raise
        _stop(ours, reader)
    if not found:
        raise Error(0, {}, "rebind has sent no namespace")
    return found


def _receive(sock: socket.socket, found: list[Namespace]) -> None:
    """The namespaces that are sent; each message is "mnt", or "mnt:" and a number."""
    while True:
        word, fds, _, _ = socket.recv_fds(sock, 64, 1)
        if not word:
            return
        number = word.decode().partition(":")[2]
        for fd in fds:
            os.set_inheritable(fd, False)
            found.append(Namespace(fd, int(number) if number else None))


def _stop(sock: socket.socket, reader: threading.Thread) -> None:
    """What was sent is read; a process that holds the other end is not waited for."""
    sock.shutdown(socket.SHUT_RD)
    reader.join()


def show(what: Union[int, Path], *, ns_id: Optional[int] = None) -> list[Mount]:
    """The mounts of a pid, an nsfs file, an image directory or a saved mountinfo file; parents first."""
    words = ["--ns-id", str(ns_id)] if ns_id is not None else []
    return [_record(Mount, item) for item in _run("show", [*words, _namespace(what)])["mounts"]]


def diff(left: Union[int, Path], right: Union[int, Path], *, sources: bool = False,
         contents: bool = False) -> list[Difference]:
    """What two namespaces have different; nothing if they are equal."""
    words = ["--sources"] * sources + ["--contents"] * contents
    report = _run("diff", [*words, _namespace(left), _namespace(right)], good=(0, 1))
    return [_record(Difference, item) for item in report["differences"]]


def check() -> list[Probe]:
    """What this kernel and these privileges allow."""
    return [_record(Probe, item) for item in _run("check", [], good=(0, 1))["probes"]]


def version() -> str:
    """That of the command."""
    done = subprocess.run([os.environ.get("REBIND", "rebind"), "--version"], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split()[1]


def _namespace(what: Union[int, Path]) -> str:
    """A number is a process; a path that is one begins with './'."""
    if isinstance(what, int):
        return str(what)
    text = _word(what)
    return "./" + text if text.isdigit() else text
