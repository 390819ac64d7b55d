#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
sudo examples/embed.py    a network by libvnet from Python, with nothing but its ctypes

Makes a bridge network, tells how it is recorded and by which commands one would make it by hand,
meets a refusal, and takes the network away again. The classes below are the structures of the
headers in include/vnet: with another libvnet.so than number 0, they may be others.
"""

import ctypes
import sys
from ctypes import POINTER, byref, c_bool, c_char, c_char_p, c_int, c_size_t, c_uint8, c_uint32
from ctypes import c_uint64, c_void_p

NET = b"demo0"


class Error(ctypes.Structure):  # struct vnet_error
    _fields_ = [
        ("code", c_int),
        ("outcome", c_int),
        ("op", c_int),
        ("msg", c_char * 512),
        ("hint", c_char * 1024),
    ]


class Edit(ctypes.Structure):  # struct vnet_edit
    _fields_ = [("key", c_int), ("how", c_char), ("text", c_char_p)]


class How(ctypes.Structure):  # struct vnet_how
    _fields_ = [("what", c_char_p), ("dry_run", c_bool), ("force", c_bool), ("confirm", c_uint32)]


class Ip(ctypes.Structure):  # struct vnet_ip
    _fields_ = [("family", c_uint8), ("bytes", c_uint8 * 16)]


class Cidr(ctypes.Structure):  # struct vnet_cidr
    _fields_ = [("ip", Ip), ("prefix", c_uint8)]


class Range(ctypes.Structure):  # struct vnet_range
    _fields_ = [("first", Ip), ("last", Ip)]


class List(ctypes.Structure):  # struct vnet_list
    _fields_ = [("items", c_void_p), ("count", c_uint32)]


class Boot(ctypes.Structure):  # struct vnet_boot
    _fields_ = [("file", c_char * 128), ("server", Ip)]


class Dhcp(ctypes.Structure):  # struct vnet_dhcp
    _fields_ = [
        ("range", Range),
        ("router", Ip),
        ("server", Cidr),
        ("lease_time", c_uint32),
        ("domain", c_char * 254),
        ("pxe", Boot),
        ("dns", List),
        ("options", List),
        ("hosts", List),
        ("serve_uplink", c_bool),
        ("taken", List),
    ]


class Spec(ctypes.Structure):  # struct vnet_spec
    _fields_ = [
        ("mode", c_int),
        ("name", c_char * 16),
        ("set", c_uint64),
        ("foreign", c_bool),
        ("group", c_uint32),
        ("uplink", c_char * 16),
        ("ports", List),
        ("uplink_dhcp", c_uint32),
        ("addresses", List),
        ("mtu", c_uint32),
        ("mac", c_uint8 * 6),
        ("stp", c_bool),
        ("forward_delay", c_uint32),
        ("ageing", c_uint32),
        ("hello", c_uint32),
        ("max_age", c_uint32),
        ("priority", c_uint32),
        ("dhcp", Dhcp),
    ]


class Plan(ctypes.Structure):  # struct vnet_plan
    _fields_ = [
        ("ops", c_void_p),
        ("n_ops", c_size_t),
        ("size", c_size_t),
        ("notes", c_char_p),
        ("netns", c_char * 64),
        ("watched", c_bool),
        ("failed", c_int),
    ]


class Result(ctypes.Structure):  # struct vnet_result
    _fields_ = [("plan", Plan), ("spec", Spec)]


MODE_BRIDGE = 0  # enum vnet_mode_id
PLAN_SHELL = 1  # enum vnet_plan_format

lib = ctypes.CDLL("libvnet.so.0")
libc = ctypes.CDLL(None)
libc.free.argtypes = [c_void_p]

# Of what passes pointers, sizes and characters, Python must know so.
change = [c_size_t, POINTER(How), POINTER(Result), POINTER(Error)]
lib.vnet_open.argtypes = [POINTER(c_void_p), POINTER(Error)]
lib.vnet_close.argtypes = [c_void_p]
lib.vnet_key_find.argtypes = [c_char_p, POINTER(c_int)]
lib.vnet_create.argtypes = [c_void_p, c_int, c_char_p, POINTER(Edit), *change]
lib.vnet_delete.argtypes = [c_void_p, c_char_p, *change[1:]]
lib.vnet_list.argtypes = [c_void_p, POINTER(POINTER(c_char_p)), POINTER(Error)]
lib.vnet_result_done.argtypes = [POINTER(Result)]
lib.vnet_spec_print.argtypes = [POINTER(Spec), POINTER(c_void_p)]
lib.vnet_plan_print.argtypes = [POINTER(Plan), c_int, POINTER(c_void_p)]
for function in "close", "result_done":
    getattr(lib, "vnet_" + function).restype = None


class VnetError(Exception):
    """The sentence that libvnet says."""


def call(function, *arguments):
    """Call a function whose last argument is an error."""
    err = Error()
    if function(*arguments, byref(err)) < 0:
        raise VnetError(err.msg.decode(errors="replace"))


def text_of(function, *arguments):
    """The string that a function makes, whose last argument is where to."""
    text = c_void_p()
    if function(*arguments, byref(text)) < 0:
        raise MemoryError
    string = ctypes.string_at(text).decode()
    libc.free(text)
    return string


def create(context, name, result=None, **options):
    """Options by their names in the record, as texts."""
    edits = (Edit * len(options))()
    for edit, (key, text) in zip(edits, options.items()):
        number = c_int()
        if lib.vnet_key_find(key.replace("_", "-").encode(), byref(number)) < 0:
            raise KeyError(key)
        edit.key, edit.how, edit.text = number.value, b"=", text.encode()
    how = How(what=b"embed.py")
    call(lib.vnet_create, context, MODE_BRIDGE, name, edits, len(edits), byref(how), result)


def networks(context):
    """Names of all networks."""
    array = POINTER(c_char_p)()
    names = []
    call(lib.vnet_list, context, byref(array))
    while array[len(names)]:
        names.append(array[len(names)])
    libc.free(array)
    return names


def show(context, result):
    """What was made, and how."""
    mac = ":".join(f"{byte:02x}" for byte in result.spec.mac)
    print(f"networks: {b' '.join(networks(context)).decode()}")
    print(f"{result.spec.name.decode()}: MTU {result.spec.mtu}, MAC {mac}")
    print(text_of(lib.vnet_spec_print, byref(result.spec)))
    print(text_of(lib.vnet_plan_print, byref(result.plan), PLAN_SHELL))


def main():
    """One network, from its making to its end."""
    context = c_void_p()
    result = Result()

    call(lib.vnet_open, byref(context))
    create(context, NET, byref(result), address="10.77.0.1/24", mtu="1400", forward_delay="2.5")
    try:
        show(context, result)
        try:
            create(context, NET)
        except VnetError as error:
            print(f"once more: {error}")
    finally:
        call(lib.vnet_delete, context, NET, None, None)
        lib.vnet_result_done(byref(result))
    print(f"networks: {len(networks(context))}")
    lib.vnet_close(context)


if sys.argv[1:] == ["--sizes"]:  # for the tests: as tests/lib/abi.txt has them
    for cls in (Error, Edit, How, Ip, Cidr, Range, List, Boot, Dhcp, Spec, Plan, Result):
        print(f"struct vnet_{cls.__name__.lower()} {ctypes.sizeof(cls)}")
else:
    try:
        main()
    except VnetError as failure:
        sys.exit(f"embed.py: {failure}")
