#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""CRIU's image files, by somebody who knows nothing of rebind: what protobuf's encoding and a table
of fields say. Prints a record a line as JSON, or changes fields of the record that has a mountpoint.

usage: records.py show FILE                            a line a record: {"mountpoint": "/", ...}
       records.py set FILE MOUNTPOINT FIELD=VALUE...   FIELD alone: it goes
       records.py strip FILE                           without what only rebind writes
       records.py version1 DIR                         as CRIU's first version of images had it
"""
import json
import os
import struct
import sys

COMMON = 0x54564319
INVENTORY = 0x58313116
MOUNT = {
    "fstype": 1, "mnt_id": 2, "root_dev": 3, "parent_mnt_id": 4, "flags": 5, "root": 6, "mountpoint": 7,
    "source": 8, "options": 9, "shared_id": 10, "master_id": 11, "with_plugin": 12, "ext_mount": 13,
    "fsname": 14, "internal_sharing": 15, "deleted": 16, "sb_flags": 17, "ext_key": 18,
}
IMAGE = {"img_version": 1, "fdinfo_per_id": 2, "ns_per_id": 4}
KINDS = {0x55563928: MOUNT, INVENTORY: IMAGE}


def get_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def put_varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def fields_of(data):
    """[(number, value)]; value is an int or bytes."""
    at, fields = 0, []
    while at < len(data):
        tag, at = get_varint(data, at)
        if tag & 7 == 0:
            value, at = get_varint(data, at)
        elif tag & 7 == 2:
            size, at = get_varint(data, at)
            value, at = data[at:at + size], at + size
            if len(value) != size:
                sys.exit("a field is longer than its record")
        else:
            sys.exit(f"wire type {tag & 7} of field {tag >> 3} is in none of CRIU's messages")
        fields.append((tag >> 3, value))
    return fields


def encode(fields):
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += put_varint(number << 3) + put_varint(value)
        else:
            out += put_varint(number << 3 | 2) + put_varint(len(value)) + value
    return out


def read(name):
    """(the magics as they stand there, the table of names, [fields of a record])"""
    with open(name, "rb") as file:
        data = file.read()
    magic, = struct.unpack_from("<I", data)
    at = 8 if magic == COMMON else 4
    magic, = struct.unpack_from("<I", data, at - 4)
    head, records = data[:at], []
    while at < len(data):
        size, = struct.unpack_from("<I", data, at)
        if at + 4 + size > len(data):
            sys.exit("a record is longer than the file")
        records.append(fields_of(data[at + 4:at + 4 + size]))
        at += 4 + size
    return head, KINDS.get(magic, {}), records


def write(name, head, records):
    with open(name, "wb") as file:
        file.write(head)
        for fields in records:
            data = encode(fields)
            file.write(struct.pack("<I", len(data)) + data)


def show(name):
    _, table, records = read(name)
    names = {number: field for field, number in table.items()}
    for fields in records:
        line = {}
        for number, value in fields:
            if isinstance(value, bytes) and number in names:
                value = value.decode("utf-8", "backslashreplace")
            if number in names:
                line[names[number]] = value
            else:
                line.setdefault("others", []).append(number)
        print(json.dumps(line))


def strip(name):
    head, table, records = read(name)
    write(name, head, [[f for f in fields if f[0] in table.values()] for fields in records])


def change(name, mountpoint, words):
    head, table, records = read(name)
    for i, fields in enumerate(records):
        if (table["mountpoint"], mountpoint.encode()) not in fields:
            continue
        for word in words:
            field, equals, value = word.partition("=")
            number = table[field]
            fields = [f for f in fields if f[0] != number]
            if equals:
                old = [v for n, v in records[i] if n == number]
                text = isinstance(old[0], bytes) if old else not value.isdigit()
                fields.append((number, value.encode() if text else int(value)))
        records[i] = fields
        write(name, head, records)
        return
    sys.exit(f"no record has the mountpoint {mountpoint}")


def version1(directory):
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        with open(path, "rb") as file:
            data = file.read()
        if data[:4] == struct.pack("<I", COMMON):
            with open(path, "wb") as file:
                file.write(data[4:])
        elif data[:4] == struct.pack("<I", INVENTORY):
            head, table, records = read(path)
            number = table["img_version"]
            write(path, head, [[(n, 1 if n == number else v) for n, v in records[0]]])


if __name__ == "__main__":
    if sys.argv[1] == "show":
        show(sys.argv[2])
    elif sys.argv[1] == "set":
        change(sys.argv[2], sys.argv[3], sys.argv[4:])
    elif sys.argv[1] == "strip":
        strip(sys.argv[2])
    else:
        version1(sys.argv[2])
