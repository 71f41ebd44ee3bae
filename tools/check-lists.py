#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lists of source files agree with each other and with the folders.

usage: check-lists.py ROOT CORE-SOURCE...

The CORE-SOURCEs are meson's; core/Makefile.cpulevel must have the same, and
the folder too; so with hv.  Of the other folders, meson.build must name each .c file and
each header.  Exit: 0 they agree, 1 they do not, 3 cannot read.
"""
import glob
import os
import re
import sys

FOLDERS = ['cli/*.c', 'core/*.c', 'format/*.c', 'fuzz/*.c', 'hv/*.c', 'pool/*.c', 'probe/*.c',
           'store/*.c', 'test/*.c', 'test/*.bats', 'include/cpulevel/*.h', 'man/*.[1-8]',
           'levels/*.txt', 'cpus/*.txt']


def makefile_list(path, variable):
    """The words of a variable, over continued lines."""
    with open(path, encoding='ascii') as f:
        text = f.read().replace('\\\n', ' ')
    m = re.search(r'^%s\s*:?=(.*)$' % variable, text, re.M)
    if not m:
        raise OSError('%s: no %s' % (path, variable))
    return m.group(1).split()


def compare(a, b, a_name, b_name):
    for n in sorted(set(a)):
        if a.count(n) > 1:
            print('%s is %d times in %s' % (n, a.count(n), a_name))
    for n in sorted(set(a) - set(b)):
        print('%s is in %s, not in %s' % (n, a_name, b_name))
    for n in sorted(set(b) - set(a)):
        print('%s is in %s, not in %s' % (n, b_name, a_name))
    return sorted(a) != sorted(b)


def unnamed(root, pattern):
    """Files that the folder's meson.build does not name."""
    bad = False
    for path in sorted(glob.glob(os.path.join(root, pattern))):
        folder, name = os.path.split(path)
        stem = os.path.splitext(name)[0]
        with open(os.path.join(folder, 'meson.build'), encoding='ascii') as f:
            text = f.read()
        if "'%s'" % name not in text and "'%s'" % stem not in text:
            print('%s/%s is not in meson.build' % (os.path.basename(folder), name))
            bad = True
    return bad


def main(argv):
    root, meson = argv[0], [os.path.basename(s) for s in argv[1:]]
    make = makefile_list(os.path.join(root, 'core/Makefile.cpulevel'), 'CPULEVEL_CORE_SRCS')
    hv = makefile_list(os.path.join(root, 'hv/Makefile.cpulevel'), 'CPULEVEL_HV_SRCS')
    hv_there = [os.path.basename(p) for p in glob.glob(os.path.join(root, 'hv/*.c'))]
    there = [os.path.basename(p) for p in glob.glob(os.path.join(root, 'core/*.c'))]
    bad = compare(meson, make, 'core/meson.build', 'core/Makefile.cpulevel')
    bad |= compare(there, make, 'core/', 'core/Makefile.cpulevel')
    bad |= compare(hv_there, hv, 'hv/', 'hv/Makefile.cpulevel')
    for pattern in FOLDERS:
        bad |= unnamed(root, pattern)
    return int(bad)


if __name__ == '__main__':
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as e:
        print(e, file=sys.stderr)
        sys.exit(3)
