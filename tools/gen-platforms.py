#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the C tables of platforms from data/platforms.tsv and virtualises.tsv.

usage: gen-platforms.py [--check] [ROOT]

Writes core/platforms.gen.c, or with --check compares it with what is there.
`generic` is made here: what every platform gives that counts for it and
runs this kind of guest.  One row of the table is for all platforms that say
the same.  Refuses a platform, field, guest kind, vendor or effect that is
not there, a row that says nothing or that an earlier one says.  Exit 3 with
file, line and reason.
"""
import fnmatch
import importlib.util
import os
import sys
from functools import reduce
from operator import or_

HERE = os.path.dirname(os.path.abspath(__file__))
SPEC = importlib.util.spec_from_file_location('gen_tables', os.path.join(HERE, 'gen-tables.py'))
TABLES = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TABLES)
DataError, fail, read = TABLES.DataError, TABLES.fail, TABLES.read

KINDS = ['pv', 'hvm-shadow', 'hvm']
EFFECTS = ['never', 'opt-in', 'unknown', 'gives', 'at-most', 'with', 'as-host']
VALUED = ('gives', 'at-most', 'with', 'as-host')
SAYS_NO = ('never', 'unknown')
MASK_BITS = 32  # of struct lvl_virtualised_'s platforms


def kinds(row):
    out = 0
    for kind in row['guests'].split(','):
        if kind not in KINDS:
            fail(row, 'no guest kind is called ' + kind)
        out |= 1 << KINDS.index(kind)
    return out


def vendors_of(row):
    """LVL_VENDOR_ bits; 0 for `-`, all of them."""
    out = 0
    for vendor in row['vendors'].split(',') if row['vendors'] != '-' else []:
        if vendor not in TABLES.VENDORS:
            fail(row, 'no such vendor as ' + vendor)
        out |= 1 << TABLES.VENDORS.index(vendor)
    return out


class Platforms:
    """The rows, checked; of each platform {(effect, field, kind): (value, vendors)}."""

    def __init__(self, root, reg):
        self.reg = reg
        self.rows = read(root, 'platforms', ['name', 'guests', 'generic', 'about', 'source'])
        self.names = [r['name'] for r in self.rows]
        if len(set(self.names)) != len(self.names):
            raise DataError('data/platforms.tsv: a name is used twice')
        if not self.rows or self.names[0] != 'generic' or self.rows[0]['guests'] != '-':
            raise DataError('data/platforms.tsv:2: the first is generic, its guests -')
        if len(self.rows) > MASK_BITS:
            raise DataError('data/platforms.tsv: more than %d platforms' % MASK_BITS)
        self.runs = [0] + [kinds(r) for r in self.rows[1:]]
        self.runs[0] = sum(set(1 << k for k in range(3) for r in self.runs if r >> k & 1))
        self.says = [{} for _ in self.rows]
        for row in read(root, 'virtualises', ['platforms', 'fields', 'guests', 'vendors',
                                              'effect', 'value', 'source']):
            self.load(row)
        self.generic()

    def members(self):
        """The platforms that generic is made of."""
        for row in self.rows[1:]:
            if row['generic'] not in ('yes', 'no'):
                fail(row, 'generic is yes or no')
        return [at for at, r in enumerate(self.rows) if at and r['generic'] == 'yes']

    def where(self, row):
        first, _, last = row['platforms'].partition('..')
        for name in (first, last or first):
            if name not in self.names[1:]:
                fail(row, 'no platform is called ' + name)
        low, high = self.names.index(first), self.names.index(last or first)
        if low > high:
            fail(row, 'the range ends before it begins')
        return range(low, high + 1)

    def load(self, row):
        if row['effect'] not in EFFECTS:
            fail(row, 'no effect is called ' + row['effect'])
        if (row['value'] != '-') != (row['effect'] in VALUED):
            fail(row, ', '.join(VALUED) + ' have a value, the others none')
        value = self.value(row)
        vendors = vendors_of(row)
        named = fnmatch.filter([f['name'] for f in self.reg.fields], row['fields'])
        if not named:
            fail(row, 'no field is called ' + row['fields'])
        any_new = False
        for at in self.where(row):
            for name in named:
                any_new |= self.say(row, at, self.reg.by_name[name], (value, vendors))
        if not any_new:
            fail(row, 'says nothing: no guest of that kind sees it anyway')

    def value(self, row):
        """A number; of `with` the other field."""
        if row['effect'] != 'with':
            return 0 if row['value'] == '-' else int(row['value'], 0)
        if row['value'] not in self.reg.by_name:
            fail(row, 'no field is called ' + row['value'])
        return self.reg.by_name[row['value']]

    def say(self, row, at, i, value):
        f, new = self.reg.fields[i], False
        for k in range(3):
            if not kinds(row) >> k & 1 or not f['guests_max'] >> k & 1 or f['word'] == TABLES.NO:
                continue
            if not self.runs[at] >> k & 1:
                continue
            if [e for e in EFFECTS if (e, i, k) in self.says[at]]:
                fail(row, '%s of %s is said twice' % (f['name'], self.names[at]))
            self.says[at][row['effect'], i, k] = value
            new = True
        return new

    def generic(self):
        """What all of them give: never where one says no, the least number."""
        out = self.says[0]
        members = [(self.says[at], self.runs[at]) for at in self.members()]
        for k in range(3):
            there = [s for s, r in members if r >> k & 1]
            for effect, i, kind in sorted({key for s in there for key in s}):
                if kind != k:
                    continue
                found = [s[effect, i, k] for s in there if (effect, i, k) in s]
                values = [v for v, _ in found]
                vendors = 0 if not all(v for _, v in found) else reduce(or_, [v for _, v in found])
                if effect in SAYS_NO:
                    out['never', i, k] = 0, vendors
                elif effect == 'as-host':
                    # a maximum leaf is no capability: the ceiling is enough
                    if self.reg.fields[i]['rule'] != 'derived':
                        out[effect, i, k] = min(values), vendors
                elif effect == 'at-most':
                    out[effect, i, k] = min(values), vendors
                elif effect == 'opt-in' or len(found) == len(there) and len(set(values)) == 1:
                    out[effect, i, k] = max(values), vendors
        for i, k in [(i, k) for (e, i, k), (_, vendors) in out.items() if e == 'never' and not vendors]:
            for effect in ('opt-in',) + VALUED:
                out.pop((effect, i, k), None)

    def flat(self):
        """Rows (field, effect, value, vendors, guests, platforms), in the order of the registry."""
        of_kinds, rows = {}, {}
        for at, says in enumerate(self.says):
            for (effect, i, k), (value, vendors) in says.items():
                key = (at, i, EFFECTS.index(effect), value, vendors)
                of_kinds[key] = of_kinds.get(key, 0) | 1 << k
        for (at, *rest), guests in of_kinds.items():
            key = (*rest, guests)
            rows[key] = rows.get(key, 0) | 1 << at
        return [(*key, platforms) for key, platforms in sorted(rows.items())]


def guest_words(reg, column, kind):
    """The bits of each word that this kind of guest may see; not derived ones."""
    words = [0] * len(reg.words)
    for f in reg.fields:
        if f['word'] == TABLES.NO or f['rule'] in ('hidden', 'dynamic', 'derived'):
            continue
        if not f[column] >> kind & 1:
            continue
        for n in range(f['instances']):
            words[f['word'] + 4 * n] |= f['mask']
            if f['lo'] + f['bits'] > 32 and not f['scattered']:
                words[f['word'] + 1] |= (1 << (f['lo'] + f['bits'] - 32)) - 1
    return words


def table(reg, p):
    out = [TABLES.HEAD.replace('gen-tables', 'gen-platforms')
           + '#include "platforms.h"\n\n/* clang-format off */',
           'const struct lvl_platform lvl_platforms[] = {']
    out += ['\t{ "%s", "%s", 0x%x, %d },' % (r['name'], r['about'], runs, at)
            for at, (r, runs) in enumerate(zip(p.rows, p.runs))]
    out.append('};\nconst unsigned lvl_nr_platforms = %d;\n' % len(p.names))
    out.append('const struct lvl_virtualised_ lvl_virtualised_[] = {')
    rows, name = p.flat(), [TABLES.c_name(f['name']) for f in reg.fields]
    out += ['\t{ 0x%x, %s, %s, 0x%x, %d, 0x%x },'
            % (platforms, name[value] if EFFECTS[effect] == 'with' else '0x%x' % value,
               name[i], guests, effect, vendors)
            for i, effect, value, vendors, guests, platforms in rows]
    out.append('};\nconst unsigned lvl_nr_virtualised_ = %d;\n' % len(rows))
    out.append('const uint32_t lvl_guest_words_[LVL_NR_GUESTS][2][LVL_NR_WORDS] = {')
    for kind in range(3):
        out.append('\t{')
        out += ['\t{\n' + TABLES.hex32(guest_words(reg, c, kind)) + '\n\t},'
                for c in ('guests_max', 'guests_default')]
        out.append('\t},')
    return '\n'.join(out) + '\n};\n'


def main(argv):
    check = '--check' in argv
    rest = [a for a in argv if a != '--check']
    root = rest[0] if rest else os.path.dirname(HERE)
    path = os.path.join(root, 'core/platforms.gen.c')
    try:
        reg = TABLES.Registry(root)
        reg.by_name = {f['name']: i for i, f in enumerate(reg.fields)}
        platforms = Platforms(root, reg)
        text = table(reg, platforms)
    except (DataError, OSError, ValueError) as e:
        print('gen-platforms: %s' % e, file=sys.stderr)
        return 3
    old = open(path, encoding='ascii').read() if os.path.exists(path) else None
    if check and old != text:
        print('%s does not match data/: run tools/gen-platforms.py' % path, file=sys.stderr)
        return 1
    if not check:
        if old != text:
            with open(path, 'w', encoding='ascii') as f:
                f.write(text)
        print('%d platforms' % len(platforms.names))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
