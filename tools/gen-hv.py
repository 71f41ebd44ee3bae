#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the C tables that only a hypervisor needs from data/.

usage: gen-hv.py [--check] [ROOT]

Reads params.tsv and param-sets.tsv and writes core/params.gen.c, reads
streams.tsv and writes hv/streams.gen.c, or with --check compares them with
what is there.  Every message names file, line
and reason; exit 3.
"""
import re
import sys

from tsv import c_name, fail, head, items, main, read

PARAM_COLUMNS = ['option', 'place', 'kind', 'needs', 'source']
SET_COLUMNS = ['set', 'vendors', 'ecx', 'edx', 'ext_ecx', 'ext_edx', 'source']
STREAM_COLUMNS = ['versions', 'guests', 'rule', 'field', 'value', 'reason', 'source']
GUESTS = {'pv': 'LVL_PV', 'hvm-shadow': 'LVL_HVM_SHADOW', 'hvm': 'LVL_HVM'}
RULES = {'sent': 'LVL_SENT_', 'host': 'LVL_AS_HOST_', 'at-most': 'LVL_AT_MOST_'}


def number(row, column):
    if not re.match(r'^(0x[0-9a-f]{1,8}|\d+)$', row[column]):
        fail(row, '%s: no number: %s' % (column, row[column]))
    return int(row[column], 0)


class Tables:
    """The rows, checked, as lines of C."""

    def __init__(self, root):
        self.words = {r['place']: int(r['index']) for r in read(root, 'words')}
        self.fields = {r['name']: r for r in read(root, 'fields')}
        self.params = [self.param(r) for r in read(root, 'params', PARAM_COLUMNS)]
        self.sets = [self.set(r) for r in read(root, 'param-sets', SET_COLUMNS)]
        self.streams = [self.stream(r) for r in read(root, 'streams', STREAM_COLUMNS)]

    def bit(self, row, name):
        """The bit of a feature that is in the row's register."""
        m = re.match(r'^(.*)\[(\d+)\]$', self.fields[name]['place'] if name in self.fields else '')
        if not m or re.sub(r':0:', ':-:', m[1]) != re.sub(r':0:', ':-:', row['place']):
            fail(row, 'needs: %s is no bit of %s' % (name, row['place']))
        return 1 << int(m[2])

    def param(self, row):
        if row['place'] not in self.words or row['kind'] not in ('bits', 'number'):
            fail(row, 'no such register or kind: %s %s' % (row['place'], row['kind']))
        needs = sum(self.bit(row, n) for n in items(row['needs']))
        return '\t{ "%s", %d, %d, 0x%08x },' % (
            row['option'], self.words[row['place']], row['kind'] == 'number', needs)

    def set(self, row):
        masks = ', '.join('0x%08x' % number(row, c) for c in SET_COLUMNS[2:6])
        vendors = ' | '.join('LVL_VENDOR_' + v.upper() for v in row['vendors'].split(','))
        return '\t{ "%s", %s, { %s } },' % (row['set'], vendors, masks)

    def stream(self, row):
        m = re.match(r'^(\d+)\.(\d+)-(\d+)\.(\d+)$', row['versions'])
        if not m:
            fail(row, 'versions: not MAJOR.MINOR-MAJOR.MINOR: ' + row['versions'])
        first, last = [int(m[i]) << 8 | int(m[i + 1]) for i in (1, 3)]
        if row['rule'] not in RULES or (row['rule'] == 'sent') != (row['field'] == '-'):
            fail(row, 'no such rule, or no field for it: ' + row['rule'])
        if row['field'] != '-' and row['field'] not in self.fields:
            fail(row, 'no field is called ' + row['field'])
        field = 'LVL_NO_FIELD' if row['field'] == '-' else c_name(row['field'])
        guests = ' | '.join('1 << ' + GUESTS[g] for g in row['guests'].split(','))
        value = 0 if row['value'] == '-' else number(row, 'value')
        return '\t{ 0x%04x, 0x%04x, %s,\n\t  %s, %s, 0x%x },' % (
            first, last, guests, RULES[row['rule']], field, value)


def table(include, *parts):
    out = [head('gen-hv') + '#include "%s"\n\n/* clang-format off */' % include]
    for variable, rows, count in parts:
        out.append('const struct %s[] = {\n%s\n};' % (variable, '\n'.join(rows)))
        if count:
            out.append('const uint16_t %s = %d;' % (count, len(rows)))
        out.append('')
    return '\n'.join(out)


def make(root):
    t = Tables(root)
    about = '%d options, %d sets, %d rules of streams' % (
        len(t.params), len(t.sets), len(t.streams))
    return {
        'core/params.gen.c': table(
            'params.h', ('lvl_param_mask_ lvl_param_masks_', t.params, None),
            ('lvl_param_set_ lvl_param_sets_', t.sets, 'lvl_nr_param_sets_')),
        'hv/streams.gen.c': table(
            'streams.h',
            ('lvl_stream_rule_ lvl_stream_rules_', t.streams, 'lvl_nr_stream_rules_')),
    }, about


if __name__ == '__main__':
    sys.exit(main('gen-hv', make))
