#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the C table of what tools call a field from data/names.tsv.

usage: gen-names.py [--check] [ROOT]

Writes format/names.gen.c, or with --check compares it with what is there.
Refuses a name that is no single bit of data/fields.tsv, rows out of its
order, a name that two fields of one tool share unless QEMU sets both at once,
a name that cannot stand in the tool's list, and a feature of a model in
data/models.tsv that could not be said off because it has no name.  Every message names file,
line and reason; exit 3.
"""
import re
import sys

from tsv import c_name, fail, head, items, main, read

TOOLS = ['qemu', 'libvirt', 'libxl', 'linux']
COLUMNS = ['name', 'qemu', 'qemu_default', 'libvirt', 'libxl', 'linux']
WORD = re.compile(r'^[a-z0-9][a-z0-9._+-]*$')


class Names:
    """The rows, checked."""

    def __init__(self, root):
        fields = read(root, 'fields')
        self.order = {f['name']: i for i, f in enumerate(fields)}
        self.bits = {f['name'] for f in fields if re.search(r'\[\d+\]$', f['place'])}
        self.rows = read(root, 'names', COLUMNS)
        self.used = {}
        last = -1
        for row in self.rows:
            if row['name'] not in self.bits:
                fail(row, 'no single bit is called ' + row['name'])
            if self.order[row['name']] <= last:
                fail(row, 'rows are in the order of data/fields.tsv')
            last = self.order[row['name']]
            self.words(row)
        self.models(root)

    def models(self, root):
        """What VMX has needs no names: it goes with VMX."""
        for row in read(root, 'models', None):
            tool = row['source'].split('-')[0]
            if tool not in TOOLS:
                continue
            named = {r['name'] for r in self.rows if r[tool] != '-'}
            for item in items(row['features']):
                if item[1:] not in named and not item[1:].startswith('vmx-'):
                    fail(row, '%s has no name for %s in data/names.tsv' % (tool, item[1:]))

    def words(self, row):
        if row['qemu_default'] not in ('-', 'accel'):
            fail(row, 'qemu_default: - or accel')
        if all(row[t] == '-' for t in TOOLS):
            fail(row, 'no tool has a name for it')
        for tool in TOOLS:
            name = row[tool]
            if name == '-':
                continue
            if not WORD.match(name):
                fail(row, '%s: not a name: %s' % (tool, name))
            if tool != 'qemu' and (tool, name) in self.used:
                fail(row, '%s calls %s so, too' % (tool, self.used[tool, name]))
            self.used[tool, name] = row['name']


def table(names):
    text = lambda t: 'NULL' if t == '-' else '"%s"' % t
    out = [head('gen-names') + '#include "names.h"\n\n/* clang-format off */',
           'const struct lvl_name lvl_names[] = {']
    for row in names.rows:
        out.append('\t{ %s, %d, { %s } },' % (
            c_name(row['name']), row['qemu_default'] == 'accel',
            ', '.join(text(row[t]) for t in TOOLS)))
    out += ['};', 'const unsigned lvl_nr_names = %d;' % len(names.rows),
            '_Static_assert(%d <= LVL_NAMES_MAX, "lists of names are too short");' % len(names.rows)]
    return '\n'.join(out) + '\n'


def make(root):
    names = Names(root)
    return {'format/names.gen.c': table(names)}, '%d names' % len(names.rows)


if __name__ == '__main__':
    sys.exit(main('gen-names', make))
