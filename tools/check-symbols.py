#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The library exports what the public headers declare, and nothing else.

usage: check-symbols.py [--write] [--so LIBRARY] [--core ARCHIVE] ROOT

Compares libcpulevel.map with include/cpulevel/*.h but for those of hv
(--write: makes it), the map with what the shared LIBRARY exports, and sees to it that the freestanding
ARCHIVE needs nothing but memcpy, memmove, memset and memcmp.
Exit: 0 as it should be, 1 not, 2 usage, 3 cannot read.
"""
import argparse
import glob
import os
import re
import subprocess
import sys

# What these declare is compiled in by the embedder, with hooks of its own.
EMBEDDED = {'hooks.h', 'hv.h'}
MEM = {'memcpy', 'memmove', 'memset', 'memcmp'}
PREPROCESSOR = re.compile(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*$', re.M)


def statements(text):
    """The declarations outside of braces; bodies are left out."""
    text = re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)
    text = PREPROCESSOR.sub('', text)
    text = re.sub(r'\bLVL_(BEGIN|END)\b', '', text)
    depth, out = 0, ''
    for c in text:
        if c == '{':
            depth += 1
        elif c == '}':
            depth -= 1
            # A function's body ends what it belongs to, a struct's does not.
            if not depth and out.rstrip().endswith(')'):
                yield out.strip()
                out = ''
        elif depth:
            continue
        elif c == ';':
            yield out.strip()
            out = ''
        else:
            out += c


def declared(path):
    """Functions and variables of a header that have a symbol."""
    names = set()
    with open(path, encoding='ascii') as f:
        text = f.read()
    for s in statements(text):
        if re.match(r'(typedef|static)\b', s):
            continue
        function = re.search(r'\b(lvl_\w+)\s*\(', s)
        variable = re.match(r'extern\b.*\b(lvl_\w+)\s*(\[[^]]*\]\s*)*$', s, re.S)
        if variable and not function:
            names.add(variable.group(1))
        elif function:
            names.add(function.group(1))
    return names


def write_map(path, names):
    with open(path, 'w', encoding='ascii') as f:
        f.write('/* What include/cpulevel/ declares: check-symbols.py --write. */\n'
                'LVL_0 {\nglobal:\n')
        f.writelines('\t%s;\n' % n for n in sorted(names))
        f.write('local:\n\t*;\n};\n')


def mapped(path):
    with open(path, encoding='ascii') as f:
        text = re.sub(r'/\*.*?\*/', ' ', f.read(), flags=re.S)
    return set(re.findall(r'^\t(lvl_\w+);$', text, re.M))


def nm(*args):
    run = subprocess.run(['nm', '-P', *args], stdout=subprocess.PIPE, check=True,
                         universal_newlines=True)
    rows = (line.split() for line in run.stdout.splitlines())
    return {r[0].split('@')[0]: r[1] for r in rows if len(r) > 1}


def difference(what, want, where, got):
    for n in sorted(want - got):
        print('%s: %s is missing in %s' % (what, n, where))
    for n in sorted(got - want):
        print('%s: %s is only in %s' % (what, n, where))
    return want != got


def check_so(library, want):
    got = {n for n, kind in nm('-D', '--defined-only', library).items()
           if kind != 'A'}
    return difference('exports', want, os.path.basename(library), got)


def check_core(archive):
    bad = set()
    defined, needed = set(), set()
    run = subprocess.run(['nm', '-P', '-A', archive], stdout=subprocess.PIPE,
                         check=True, universal_newlines=True)
    for line in run.stdout.splitlines():
        _, name, kind = line.split()[:3]
        (needed if kind in 'Uw' else defined).add(name)
    bad = needed - defined - MEM
    for n in sorted(bad):
        print('freestanding: %s needs %s' % (os.path.basename(archive), n))
    return bool(bad)


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--write', action='store_true')
    p.add_argument('--so')
    p.add_argument('--core')
    p.add_argument('root')
    a = p.parse_args()
    names = set()
    for path in glob.glob(os.path.join(a.root, 'include/cpulevel/*.h')):
        if os.path.basename(path) not in EMBEDDED:
            names |= declared(path)
    at = os.path.join(a.root, 'libcpulevel.map')
    if a.write:
        write_map(at, names)
    wrong = difference('headers', names, 'libcpulevel.map', mapped(at))
    if a.so:
        wrong |= check_so(a.so, names)
    if a.core:
        wrong |= check_core(a.core)
    return int(wrong)


if __name__ == '__main__':
    try:
        sys.exit(main())
    except (OSError, subprocess.CalledProcessError) as e:
        print(e, file=sys.stderr)
        sys.exit(3)
