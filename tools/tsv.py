# SPDX-License-Identifier: MIT
"""What the generators share: rows of data/*.tsv with their place, and files
that are made of them, or compared with what is there."""
import glob
import os
import sys


class DataError(Exception):
    """Data that must not become a table."""


def fail(row, text):
    raise DataError('%s:%d: %s' % (row['_file'], row['_line'], text))


def read(root, name, columns=None):
    """Rows of data/NAME.tsv as dictionaries with their place."""
    path = os.path.join(root, 'data', name + '.tsv')
    rows = []
    with open(path, encoding='ascii') as f:
        head = f.readline().rstrip('\n').split('\t')
        if columns and head != columns:
            raise DataError('%s:1: columns are %s, not %s' % (path, head, columns))
        for number, line in enumerate(f, 2):
            cells = line.rstrip('\n').split('\t')
            row = dict(zip(head, cells), _file=path, _line=number)
            if len(cells) != len(head) or '' in cells:
                fail(row, 'needs %d non-empty cells, has %d' % (len(head), len(cells)))
            rows.append(row)
    return rows


def items(text):
    """A list in a cell; - is the empty one."""
    return [] if text == '-' else text.split(',')


def c_name(field):
    return 'LVL_F_' + field.upper().replace('-', '_')


def head(tool):
    return ('/* SPDX-License-Identifier: MIT */\n'
            '/* Made by tools/%s.py from data/; do not edit. */\n' % tool)


def stale(root, files, folder=None):
    """Paths whose content differs, and what else is in a folder of them."""
    bad = set()
    if folder:
        there = glob.glob(os.path.join(root, folder, '*.txt'))
        bad = {os.path.join(folder, os.path.basename(p)) for p in there} - set(files)
    for name, text in files.items():
        path = os.path.join(root, name)
        if not os.path.exists(path):
            bad.add(name)
            continue
        with open(path, encoding='utf-8') as f:
            if f.read() != text:
                bad.add(name)
    return sorted(bad)


def put(tool, root, make, check, folder=None):
    """Write the files, or say which are not as make() has them.

    make() returns {path below root: text} and a line about them.  Exit code:
    0, 1 they differ, 3 bad data.
    """
    try:
        files, about = make()
        bad = stale(root, files, folder)
        if check:
            for name in bad:
                print('%s does not match data/: run tools/%s.py' % (name, tool), file=sys.stderr)
            return 1 if bad else 0
        for name in set(bad) & set(files):
            with open(os.path.join(root, name), 'w', encoding='utf-8') as f:
                f.write(files[name])
        print(about)
    except (DataError, OSError, ValueError) as e:
        print('%s: %s' % (tool, e), file=sys.stderr)
        return 3
    return 0


def main(tool, make, folder=None):
    """usage: TOOL [--check] [ROOT]; make(root) and folder as of put()."""
    rest = [a for a in sys.argv[1:] if a != '--check']
    root = rest[0] if rest else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return put(tool, root, lambda: make(root), '--check' in sys.argv, folder)
