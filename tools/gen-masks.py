#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the C tables of faulting and masking MSRs from data/.

usage: gen-masks.py [--check] [ROOT]

Reads levelling-caps.tsv, masks.tsv, mask-bits.tsv and faulting.tsv and writes
core/masks.gen.c, or with --check compares it with what is there.  Refuses
data that would make a wrong mask: an MSR or register that the registry does
not have, a half that is not of its capability, two halves that are the same,
a bit that the MSR does not hold.  Every message names file, line and reason;
exit 3.
"""
import re
import sys

from tsv import DataError, fail, head, main, read

CAPS = ['faulting', '1cd', 'e1cd', 'Da1', '6c', '7ab0']
CAP_COLUMNS = ['cap', 'xen_bit', 'place', 'kind', 'name_2014', 'bit_2014', 'source']
MASK_COLUMNS = ['cap', 'vendors', 'cpus', 'msr', 'low', 'high', 'how', 'idle', 'needs', 'source']
BIT_COLUMNS = ['cap', 'vendors', 'fields', 'rule', 'if', 'reason', 'source']
FAULT_COLUMNS = ['vendors', 'cpus', 'when', 'told_by', 'switch', 'assume', 'source']
HOW = ['none', 'and', 'override']
RULES = ['keep', 'clear', 'forward', 'give']
VENDORS = 'intel amd hygon centaur zhaoxin'.split()
NO_WORD, NO_FIELD = 'LVL_NO_WORD', 'LVL_NO_FIELD'


def one_of(row, column, names):
    if row[column] not in names:
        fail(row, '%s: %s is none of %s' % (column, row[column], ' '.join(names)))
    return names.index(row[column])


def vendors(row):
    names = row['vendors'].split(',')
    for name in names:
        if name not in VENDORS:
            fail(row, 'no such vendor: ' + name)
    return ' | '.join('LVL_VENDOR_' + n.upper() for n in names)


class Tables:
    """The rows, checked, with words and bits instead of names."""

    def __init__(self, root):
        self.load_registry(root)
        self.halves, self.ranges = {}, []
        self.caps = [self.cap(r) for r in read(root, 'levelling-caps', CAP_COLUMNS)]
        self.masks = [self.mask(r) for r in read(root, 'masks', MASK_COLUMNS)]
        self.bits = [b for r in read(root, 'mask-bits', BIT_COLUMNS) for b in self.bit(r)]
        self.faults = [self.fault(r) for r in read(root, 'faulting', FAULT_COLUMNS)]
        for cap in CAPS:
            if cap not in self.halves:
                raise DataError('data/levelling-caps.tsv:1: no row for ' + cap)

    def load_registry(self, root):
        self.words = {r['place']: int(r['index']) for r in read(root, 'words')}
        self.fields = {r['name']: r for r in read(root, 'fields')}

    def word(self, row, column):
        """The number of a register's word; a leaf without sub-leaves is '-'."""
        if row[column] == '-':
            return None
        for place in (row[column], re.sub(r':0:', ':-:', row[column])):
            if place in self.words:
                return self.words[place]
        return fail(row, '%s: the registry has no %s' % (column, row[column]))

    def place(self, row, name):
        """-> (word, mask) of a field within one register."""
        field = self.fields.get(name)
        m = re.match(r'^(0x[0-9a-f]+:\d+:e[abcd]x)\[(\d+)\]$', field['place'] if field else '')
        if not m:
            fail(row, 'no bit of a CPUID leaf is called ' + name)
        return self.word({**row, 'place': m[1]}, 'place'), 1 << int(m[2])

    def field(self, row, column):
        if row[column] == '-':
            return NO_FIELD
        if row[column] not in self.fields:
            fail(row, '%s: no field is called %s' % (column, row[column]))
        return 'LVL_F_' + row[column].upper().replace('-', '_')

    # -- what a capability is ----------------------------------------------
    def cap(self, row):
        at = one_of(row, 'cap', CAPS)
        if row['xen_bit'] != str(at):
            fail(row, 'the capabilities are numbered as Xen does: %d' % at)
        if (row['cap'] == 'faulting') != (row['place'] == '-'):
            fail(row, 'faulting, and it alone, has no register')
        word = self.word(row, 'place')
        number = 0 if word is None else one_of(row, 'kind', ['bits', 'number'])
        self.halves.setdefault(row['cap'], {})[word] = number
        return '\t{ "%s", %s, %d, %d },' % (
            row['name_2014'], NO_WORD if word is None else word, at, int(row['bit_2014']))

    # -- which CPU has which MSR -------------------------------------------
    def cpus(self, row):
        """'6/17,f/20-ff,12-1a' -> rows of ranges; (first, count)."""
        first = len(self.ranges)
        for text in row['cpus'].split(','):
            m = re.match(r'^([0-9a-f]+)(?:-([0-9a-f]+))?(?:/([0-9a-f]+)(?:-([0-9a-f]+))?)?$', text)
            if not m or (m[2] and m[3]):
                fail(row, 'not FAMILY[-FAMILY] or FAMILY/MODEL[-MODEL] in hex: ' + text)
            low, high = int(m[1], 16), int(m[2] or m[1], 16)
            model, last = int(m[3] or '0', 16), int(m[4] or m[3] or 'ff', 16)
            if not low <= high <= 0xff or not model <= last <= 0xff:
                fail(row, 'no CPU can say ' + text)
            self.ranges.append('\t{ 0x%x, 0x%x, 0x%x, 0x%x },' % (low, high, model, last))
        return '%d, %d' % (first, len(self.ranges) - first)

    def mask(self, row):
        at, how = one_of(row, 'cap', CAPS), one_of(row, 'how', HOW)
        if not at:
            fail(row, 'faulting is no mask')
        msr, halves, numbers, idle = 0, [None, None], 0, 0
        if how:
            msr, idle = self.msr(row), one_of(row, 'idle', ['probed', 'native'])
            halves = [self.word(row, 'low'), self.word(row, 'high')]
            numbers = self.numbers(row, halves)
        return '\t{ 0x%x, %d, %s, { %s, %s }, %d, %d, %d, %s, %s },' % (
            msr, at, vendors(row), *[NO_WORD if h is None else h for h in halves],
            how, numbers, idle, self.needs(row), self.cpus(row))

    def msr(self, row):
        if not re.match(r'^0x[0-9a-f]+$', row['msr']) or 'msr:%s:lo' % row['msr'] not in self.words:
            fail(row, 'the registry has no MSR ' + row['msr'])
        return int(row['msr'], 16)

    def numbers(self, row, halves):
        """Bit h: half h is a number.  The halves are those of the capability."""
        have = self.halves[row['cap']]
        if set(halves) - {None} != set(have) or halves[0] == halves[1]:
            fail(row, 'its halves are not those of ' + row['cap'])
        return sum(have[h] << i for i, h in enumerate(halves) if h is not None)

    def needs(self, row):
        if row['needs'] == '-':
            return '{ 0, 0 }'
        m = re.match(r'^(0x[0-9a-f]+:\d+:e[abcd]x)>=(0x[0-9a-f]+)$', row['needs'])
        if not m:
            fail(row, 'needs: not PLACE>=NUMBER: ' + row['needs'])
        return '{ %d, %s }' % (self.word({**row, 'place': m[1]}, 'place'), m[2])

    # -- bits that are not simply what the policy says -----------------------
    def bit(self, row):
        at, rule = one_of(row, 'cap', CAPS), one_of(row, 'rule', RULES)
        masks = {}
        for name in row['fields'].split(','):
            word, mask = self.place(row, name)
            if self.halves[row['cap']].get(word) != 0:
                fail(row, '%s is not among the bits of %s' % (name, row['cap']))
            masks[word] = masks.get(word, 0) | mask
        on = (None, 0) if row['if'] == '-' else self.place(row, row['if'])
        for word, mask in masks.items():
            if on[0] not in (None, word):
                fail(row, '%s is in another register' % row['if'])
            yield '\t{ %d, %d, %d, %s, 0x%08x, 0x%08x,\n\t  "%s" },' % (
                at, rule, word, vendors(row), mask, on[1], row['reason'])

    def fault(self, row):
        told, assume = self.field(row, 'told_by'), one_of(row, 'assume', ['-', 'yes', 'no'])
        if (told == NO_FIELD) != bool(assume):
            fail(row, 'either a field tells, or it is assumed')
        if assume == 2 and row['switch'] != '-':
            fail(row, 'a switch for what is not there')
        return '\t{ %s, %s, %s, %d, %d, %s },' % (
            told, self.field(row, 'switch'), vendors(row), assume,
            one_of(row, 'when', ['any', 'native', 'virtual']), self.cpus(row))


def table(t):
    parts = (('struct lvl_old_cap lvl_old_caps', t.caps, 'old_caps'),
             ('struct lvl_mask_msr lvl_mask_msrs', t.masks, 'mask_msrs'),
             ('struct lvl_mask_bit lvl_mask_bits', t.bits, 'mask_bits'),
             ('struct lvl_fault lvl_faults', t.faults, 'faults'),
             ('struct lvl_cpu_range lvl_cpu_ranges', t.ranges, None))
    out = [head('gen-masks') + '#include <cpulevel/caps.h>\n\n#include "masks.h"\n\n/* clang-format off */']
    out.append('const char *const lvl_lcap_names[LVL_NR_LCAPS] = {\n\t%s\n};\n'
               % ', '.join('"%s"' % c for c in CAPS))
    for name, rows, count in parts:
        out.append('const %s[] = {\n%s\n};' % (name, '\n'.join(rows)))
        if count:
            out.append('const uint16_t lvl_nr_%s = %d;' % (count, len(rows)))
        out.append('')
    return '\n'.join(out)


def make(root):
    tables = Tables(root)
    about = '%d masks, %d bits' % (len(tables.masks), len(tables.bits))
    return {'core/masks.gen.c': table(tables)}, about


if __name__ == '__main__':
    sys.exit(main('gen-masks', make))
