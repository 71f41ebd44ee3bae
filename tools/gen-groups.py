#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the C table of groups of features from data/groups.tsv.

usage: gen-groups.py [--check] [ROOT]

Writes format/groups.gen.c, or with --check compares it with what is there.
A group's fields are capabilities (`and`) and numbers of which less is safe
(`min`): what `level --drop` can take away.  A group that is called like such
a field has it.  Every message names file, line and reason; exit 3.
"""
import re
import sys

from tsv import c_name, fail, head, main, read

COLUMNS = ['group', 'fields', 'about', 'source']


def load(root):
    rules = {r['name']: r['rule'] for r in read(root, 'fields')}
    groups = []
    for row in read(root, 'groups', COLUMNS):
        name, fields = row['group'], row['fields'].split(',')
        if not re.match(r'^[a-z0-9-]+$', name):
            fail(row, 'no name of a group: ' + name)
        if groups and name <= groups[-1][0]:
            fail(row, '%s is not behind %s' % (name, groups[-1][0]))
        for field in fields:
            if rules.get(field) not in ('and', 'min'):
                fail(row, field + ' is no capability')
        if len(set(fields)) != len(fields):
            fail(row, 'a field is named twice')
        if rules.get(name) in ('and', 'min') and name not in fields:
            fail(row, name + ' is a field, and not in its group')
        if '"' in row['about'] or '\\' in row['about']:
            fail(row, 'no quotes')
        groups.append((name, fields, row['about']))
    return groups


def table(groups):
    out = [head('gen-groups') + '#include "groups.h"\n\n/* clang-format off */',
           'const uint16_t lvl_group_fields[] = {']
    rows, at = [], 0
    for name, fields, about in groups:
        out += ['\t%s,' % c_name(f) for f in fields]
        rows.append('\t{ "%s", "%s", %d, %d },' % (name, about, at, len(fields)))
        at += len(fields)
    out += ['};', '', 'const struct lvl_feature_group lvl_feature_groups[] = {'] + rows
    return '\n'.join(out + ['};', 'const unsigned lvl_nr_feature_groups = %d;' % len(rows)]) + '\n'


def make(root):
    groups = load(root)
    return {'format/groups.gen.c': table(groups)}, '%d groups' % len(groups)


if __name__ == '__main__':
    sys.exit(main('gen-groups', make))
