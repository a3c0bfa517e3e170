#!/usr/bin/env bash
# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# erlang_py 2.0.7: whether the name of a node that Erlang/OTP 25 has written equals the same name from OTP 26.
#
# Both are the atom 'chat@10.0.0.1'. term_to_binary of OTP 25 and older writes it as ATOM_EXT (Latin-1), that of OTP 26
# and newer as SMALL_ATOM_UTF8_EXT (External Term Format, "Encoding atoms"). To Erlang they are one atom.
# One would guess: both are decoded to equal OtpErlangAtoms, which a set holds once.
# Seen: the older form holds bytes, the newer one str. They are neither equal nor of one hash, in lists and as the keys
# of maps as well as in pids. Only true, false and undefined are the same from both.
# Why it matters: in a cluster that is upgraded node by node, a comparison of two members' lists of nodes says that
# everybody has left and that as many strangers have joined.
#
#   OTP 25 {OtpErlangAtom(b'chat@10.0.0.1'), OtpErlangAtom(b'chat@10.0.0.2')}
#   OTP 26 {OtpErlangAtom('chat@10.0.0.1'), OtpErlangAtom('chat@10.0.0.2')}
#   in both 0, left 2, joined 2
#   key found False
#   pid equal False
#   undefined equal True
#
# Needs Python 3.11 to 3.13 (PYTHON names another than python3). Fetches the package named below into a folder of its
# own, takes half a minute, and exits with 1 if it sees anything else. Usage: findings/erlang-py-atoms.sh
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"${PYTHON:-python3}" -m venv "$place/venv"
cd "$place"
venv/bin/pip install --quiet --disable-pip-version-check erlang_py==2.0.7

cat >decode.py <<'END'
from struct import pack

import erlang


def old(name):
    """The atom as OTP 25 writes it: ATOM_EXT."""
    return b"d" + pack(">H", len(name)) + name


def new(name):
    """The atom as OTP 26 writes it: SMALL_ATOM_UTF8_EXT."""
    return b"w" + pack(">B", len(name)) + name


def term(*parts):
    return erlang.binary_to_term(b"\x83" + b"".join(parts))


def nodes(atom):
    """What nodes() returns: a proper list of atoms."""
    return set(term(b"l", pack(">I", 2), atom(b"chat@10.0.0.1"), atom(b"chat@10.0.0.2"), b"j"))


def pid(atom):
    return term(b"X", atom(b"chat@10.0.0.1"), pack(">III", 90, 0, 1))


def up(atom):
    """The map #{'chat@10.0.0.1' => true}."""
    return term(b"t", pack(">I", 1), atom(b"chat@10.0.0.1"), atom(b"true"))


for release, atom in (("OTP 25", old), ("OTP 26", new)):
    print(release, "{" + ", ".join(sorted(map(repr, nodes(atom)))) + "}")
before, after = nodes(old), nodes(new)
print(f"in both {len(before & after)}, left {len(before - after)}, joined {len(after - before)}")
print("key found", term(new(b"chat@10.0.0.1")) in up(old))
print("pid equal", pid(old) == pid(new))
print("undefined equal", term(old(b"undefined")) == term(new(b"undefined")))
END
venv/bin/python decode.py >seen
cat >expected <<'END'
OTP 25 {OtpErlangAtom(b'chat@10.0.0.1'), OtpErlangAtom(b'chat@10.0.0.2')}
OTP 26 {OtpErlangAtom('chat@10.0.0.1'), OtpErlangAtom('chat@10.0.0.2')}
in both 0, left 2, joined 2
key found False
pid equal False
undefined equal True
END
cat seen
diff expected seen || { echo "This is not what was seen before." && exit 1; } >&2
