#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the files in levels/ from data/levels.tsv.

usage: gen-levels.py [--check] [ROOT]

A level is a description with a policy of the kind level (doc/levels.md).
Of a psABI level it says: the features that the standard names, what they
need (data/requires.tsv) and the `implied` ones are there; all other
instructions (`and` rows of the class isa) are not; nothing of the rest.  Of
a template (data/templates.tsv) it says the bits that the template forces.
With --check, compares with what is there.  Every message names file, line
and reason; exit 3.
"""
import re
import sys

from tsv import DataError, fail, items, main, read

COLUMNS = ['level', 'model', 'implied', 'cpus', 'about', 'source']
TEMPLATE = ['level', 'place', 'forced', 'value']
REGS = ['eax', 'ebx', 'ecx', 'edx']
PLACE = re.compile(r'^0x([0-9a-f]+):(\d+):(e[abcd]x)(?:\[(\d+)\])?$')
MSR = re.compile(r'^msr:0x([0-9a-f]+)(?:\[(\d+)\])?$')
# Numbers of the class isa without a feature of their own: none at all.
NUMBERS = {'tsx': 0}


class Level:
    """What is known of registers: place -> (value, known)."""

    def __init__(self):
        self.leaf, self.msr, self.state = {}, {}, {}

    def put(self, row, place, mask, value):
        """Bits of a register or an MSR, each at most once."""
        m, n = PLACE.match(place), MSR.match(place)
        if m:
            regs = self.leaf.setdefault((int(m[1], 16), int(m[2])), [(0, 0)] * 4)
            at = REGS.index(m[3])
            regs[at] = self.merge(row, regs[at], mask, value)
        elif n:
            index = int(n[1], 16)
            self.msr[index] = self.merge(row, self.msr.get(index, (0, 0)), mask, value)
        else:
            fail(row, 'no place of a bit: ' + place)

    @staticmethod
    def merge(row, old, mask, value):
        if old[1] & mask:
            fail(row, 'bits are given twice: 0x%x' % (old[1] & mask))
        if value & ~mask:
            fail(row, 'a value beyond what is forced: 0x%x' % (value & ~mask))
        return old[0] | value, old[1] | mask


class Data:
    """The tables that levels are made of."""

    def __init__(self, root):
        self.fields = {f['name']: f for f in read(root, 'fields')}
        self.models = {(m['source'].split('-')[0], m['name']): m for m in read(root, 'models')}
        self.needs = {}
        for row in read(root, 'requires'):
            self.needs.setdefault(row['name'], []).append(row['needs'])
        self.with_sub = set()
        for word in read(root, 'words'):
            m = re.match(r'^0x([0-9a-f]+):(\d+|-):', word['place'])
            if m and m[2] != '-':
                self.with_sub.add(int(m[1], 16))
        self.levels = read(root, 'levels', COLUMNS)
        self.templates = read(root, 'templates', TEMPLATE)
        names = set()
        for row in self.levels:
            if row['level'] in names:
                fail(row, 'a second level ' + row['level'])
            names.add(row['level'])
        for row in self.templates:
            if row['level'] not in names:
                fail(row, 'data/levels.tsv has no ' + row['level'])

    def of_model(self, row):
        """The features of a model, its bases' included."""
        model = self.models.get(tuple(row['model'].split(':')))
        if not model:
            fail(row, 'data/models.tsv has no ' + row['model'])
        chain = []
        while model:
            chain.insert(0, model)
            model = self.models.get((row['model'].split(':')[0], model['base']))
        has = set()
        for model in chain:
            for item in items(model['features']):
                (has.add if item[0] == '+' else has.discard)(item[1:])
        return has

    def closed(self, names):
        """With all that these features need; a choice is nobody's."""
        todo, done = list(names), set()
        while todo:
            name = todo.pop()
            if name not in done:
                done.add(name)
                todo += [n for n in self.needs.get(name, []) if n in self.fields]
        return done

    def of_features(self, row, level):
        has = self.closed(self.of_model(row) | set(items(row['implied'])))
        for name in has - set(self.fields):
            fail(row, 'no field is called ' + name)
        for name, field in self.fields.items():
            single = field['place'].startswith('0x') and PLACE.match(field['place'])
            if field['rule'] != 'and' or not single or not single[4]:
                if name in has:
                    fail(row, '%s is no bit of a leaf' % name)
                continue
            if name in has or field['class'] == 'isa':
                bit = 1 << int(single[4])
                level.put(row, field['place'], bit, bit if name in has else 0)
        level.state.update(NUMBERS)

    def level(self, row):
        level = Level()
        if row['model'] != '-':
            self.of_features(row, level)
        for t in self.templates:
            if t['level'] == row['level']:
                level.put(t, t['place'], int(t['forced'], 16), int(t['value'], 16))
        if not level.leaf:
            fail(row, 'a level that says nothing')
        return level


def register(v):
    value, known = v
    if not known:
        return '-'
    if known == 0xffffffff:
        return '0x%08x' % value
    return '0x%08x/0x%08x' % (value, known)


def text(data, row):
    level = data.level(row)
    out = ['# Made by tools/gen-levels.py from data/; do not edit.', 'cpulevel 1',
           'name: ' + row['level'], 'about: ' + row['about'], 'source: ' + row['source']]
    if row['model'] != '-':
        out.append('names: ' + ' '.join(sorted(data.of_model(row))))
    if row['cpus'] != '-':
        out.append('for: ' + row['cpus'])
    out.append('policy level')
    for (leaf, sub), regs in sorted(level.leaf.items()):
        sub = '0x%02x' % sub if leaf in data.with_sub else '-'
        out.append('cpuid 0x%08x %-4s %s' % (leaf, sub, ' '.join(map(register, regs))))
    for index, (value, known) in sorted(level.msr.items()):
        rest = '' if known == 2 ** 64 - 1 else '/0x%016x' % known
        out.append('msr 0x%08x 0x%016x%s' % (index, value, rest))
    out += ['state %s 0x%08x' % s for s in sorted(level.state.items())]
    return '\n'.join(out) + '\n'


def make(root):
    data = Data(root)
    files = {'levels/%s.txt' % row['level']: text(data, row) for row in data.levels}
    return files, '%d levels' % len(files)


if __name__ == '__main__':
    sys.exit(main('gen-levels', make, 'levels'))
