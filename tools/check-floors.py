#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A folder is a floor: files include from their own and those below it.

usage: check-floors.py [ROOT]

core and hv are freestanding and so are the public headers of core: they
include no header of a C library.  Exit: 0 so it is, 1 not, 3 cannot read.
"""
import glob
import os
import re
import sys

# Each floor and those that it may look into.
FLOORS = {
    'core': ['core'],
    'hv': ['core', 'hv'],
    'format': ['core', 'format'],
    'pool': ['core', 'pool'],
    'probe': ['core', 'format', 'probe'],
    'store': ['core', 'format', 'pool', 'store'],
    'cli': ['core', 'format', 'pool', 'probe', 'store', 'cli'],
}
FREESTANDING = ['core', 'hv']
# They see everything.
OUTSIDE = ['test', 'fuzz', 'bench', 'examples']
# Public headers belong to core, but for these.
PUBLIC = 'include/cpulevel'
OTHERS = {'desc.h': 'format', 'gen.h': 'format', 'import.h': 'format',
          'hooks.h': 'hv', 'hv.h': 'hv'}
# The only file that may name libc headers, for hosted builds.
ENVIRONMENT = PUBLIC + '/types.h'

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]')


def floor_of(path):
    """The floor of a file; None for those that see everything."""
    folder, name = os.path.split(path)
    if folder == PUBLIC:
        return OTHERS.get(name, 'core')
    top = folder.split('/')[0]
    return None if top in OUTSIDE else top


def target(root, path, bracket, name):
    """The file in this tree that an include means, or None."""
    if name.startswith('cpulevel/'):
        return 'include/' + name
    places = [name] if bracket == '<' else [os.path.join(os.path.dirname(path), name), name]
    for place in places:
        place = os.path.normpath(place)
        if os.path.exists(os.path.join(root, place)):
            return place
    return None


def problem(root, path, bracket, name):
    """Why this file must not include that name, or None."""
    mine = floor_of(path)
    if mine not in FLOORS:
        return 'folder %s is not a floor' % mine
    what = target(root, path, bracket, name)
    if not what:
        if mine in FREESTANDING and path != ENVIRONMENT:
            return '%s is freestanding: no %s' % (mine, name)
        return 'no such file: %s' % name if bracket == '"' else None
    theirs = floor_of(what)
    if theirs not in FLOORS[mine]:
        return '%s includes %s of %s' % (mine, name, theirs or 'outside')
    return None


def sources(root):
    for top in list(FLOORS) + ['include']:
        for kind in 'ch':
            pattern = os.path.join(root, top, '**', '*.' + kind)
            yield from glob.glob(pattern, recursive=True)


def check(root):
    bad = 0
    for path in sorted(sources(root)):
        short = os.path.relpath(path, root)
        with open(path, encoding='utf-8') as f:
            for number, line in enumerate(f, 1):
                m = INCLUDE.match(line)
                why = m and problem(root, short, *m.groups())
                if why:
                    print('%s:%d: %s' % (short, number, why))
                    bad = 1
    return bad


if __name__ == '__main__':
    HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        sys.exit(check(sys.argv[1] if len(sys.argv) > 1 else HERE))
    except OSError as e:
        print(e, file=sys.stderr)
        sys.exit(3)
