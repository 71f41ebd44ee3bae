#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the C table of groups of features from data/groups.tsv.

usage: gen-groups.py [--check] [ROOT]

Writes format/groups.gen.c, or with --check compares it with what is there.
A group's fields are capabilities (`and`) and numbers of which less is safe
(`min`): what `level --drop` can take away.  A group that is called like such
a field has it.  Every message names file, line and reason; exit 3.
"""
import os
import re
import sys

COLUMNS = ['group', 'fields', 'about', 'source']
HEAD = '/* SPDX-License-Identifier: MIT */\n/* Made by tools/gen-groups.py from data/; do not edit. */\n'


class DataError(Exception):
    """A row that must not become a group."""


def read(path, columns=None):
    with open(path, encoding='ascii') as f:
        head = f.readline().rstrip('\n').split('\t')
        if columns and head != columns:
            raise DataError('%s:1: columns are %s, not %s' % (path, head, columns))
        for number, line in enumerate(f, 2):
            cells = line.rstrip('\n').split('\t')
            if len(cells) != len(head) or '' in cells:
                raise DataError('%s:%d: needs %d non-empty cells, has %d' %
                                (path, number, len(head), len(cells)))
            yield '%s:%d' % (path, number), dict(zip(head, cells))


def c_name(name):
    return 'LVL_F_' + name.upper().replace('-', '_')


def load(root):
    data = os.path.join(root, 'data')
    rules = {r['name']: r['rule'] for _, r in read(os.path.join(data, 'fields.tsv'))}
    groups = []
    for place, row in read(os.path.join(data, 'groups.tsv'), COLUMNS):
        name, fields = row['group'], row['fields'].split(',')
        if not re.match(r'^[a-z0-9-]+$', name):
            raise DataError('%s: no name of a group: %s' % (place, name))
        if groups and name <= groups[-1][0]:
            raise DataError('%s: %s is not behind %s' % (place, name, groups[-1][0]))
        for field in fields:
            if rules.get(field) not in ('and', 'min'):
                raise DataError('%s: %s is no capability' % (place, field))
        if len(set(fields)) != len(fields):
            raise DataError('%s: a field is named twice' % place)
        if rules.get(name) in ('and', 'min') and name not in fields:
            raise DataError('%s: %s is a field, and not in its group' % (place, name))
        if '"' in row['about'] or '\\' in row['about']:
            raise DataError('%s: no quotes' % place)
        groups.append((name, fields, row['about']))
    return groups


def table(groups):
    out = [HEAD + '#include "groups.h"\n\n/* clang-format off */',
           'const uint16_t lvl_group_fields[] = {']
    rows, at = [], 0
    for name, fields, about in groups:
        out += ['\t%s,' % c_name(f) for f in fields]
        rows.append('\t{ "%s", "%s", %d, %d },' % (name, about, at, len(fields)))
        at += len(fields)
    out += ['};', '', 'const struct lvl_feature_group lvl_feature_groups[] = {'] + rows
    return '\n'.join(out + ['};', 'const unsigned lvl_nr_feature_groups = %d;' % len(rows)]) + '\n'


def main(argv):
    check = '--check' in argv
    rest = [a for a in argv if a != '--check']
    root = rest[0] if rest else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.path.join(root, 'format/groups.gen.c')
    try:
        text = table(load(root))
        old = open(path, encoding='ascii').read() if os.path.exists(path) else None
    except (DataError, OSError, ValueError) as e:
        print('gen-groups: %s' % e, file=sys.stderr)
        return 3
    if check and old != text:
        print('%s does not match data/: run tools/gen-groups.py' % path, file=sys.stderr)
        return 1
    if not check:
        with open(path, 'w', encoding='ascii') as f:
            f.write(text)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
