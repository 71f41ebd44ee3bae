#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the C table of named CPU models from data/models.tsv.

usage: gen-models.py [--check] [ROOT]

Writes format/models.gen.c, or with --check compares it with what is there.
A row gives its features as differences from an earlier row of the same
source.  Refuses data that would make a wrong table: a feature that is no
single-bit field of data/fields.tsv, a base that does not come before, a
difference that changes nothing, a name used twice, a malformed signature.
Every message names file, line and reason; exit 3.
"""
import re
import sys

from tsv import DataError, c_name, fail, head, items, main, read

COLUMNS = ['source', 'name', 'alias', 'base', 'vendor', 'signatures', 'level', 'xlevel',
           'model_id', 'removed', 'added', 'features']
VENDORS = {'-': 'UNKNOWN', 'Intel': 'INTEL', 'AMD': 'AMD', 'Hygon': 'HYGON',
           'Centaur': 'CENTAUR'}
SIGNATURE = re.compile(r'^(\d+)/(\d+)(?:/(\d+)(?:-(\d+))?)?$')
NUMBER = re.compile(r'^0x[0-9a-f]{1,8}$')
# The flag of an item in format/models.h, and its longest chain of bases.
OFF = 0x8000
MAX_DEPTH = 64


class Models:
    """The rows, checked, with their features as sorted names."""

    def __init__(self, root):
        fields = read(root, 'fields')
        self.bits = {f['name'] for f in fields if re.search(r'\[\d+\]$', f['place'])}
        self.names = {f['name'] for f in fields}
        self.sources, self.by_name = [], {}
        self.rows = read(root, 'models', COLUMNS)
        for row in self.rows:
            self.load(row)
        if not self.rows:
            raise DataError('data/models.tsv:1: has no rows')

    def load(self, row):
        m = re.match(r'^(\w+)-([\w.]+)$', row['source'])
        if not m:
            fail(row, 'a source is NAME-VERSION, not ' + row['source'])
        if m.groups() not in self.sources:
            if m[1] in [s[0] for s in self.sources]:
                fail(row, 'a second version of %s' % m[1])
            self.sources.append(m.groups())
        row['src'] = self.sources.index(m.groups())
        self.features(row)
        self.marks(row)
        self.identity(row)
        for name in [row['name']] + items(row['alias']):
            if (row['src'], name) in self.by_name:
                fail(row, 'the name %s is used twice' % name)
            self.by_name[row['src'], name] = row

    def features(self, row):
        base = self.by_name.get((row['src'], row['base']))
        if row['base'] != '-' and not base:
            fail(row, 'no earlier model of %s is called %s' % (row['source'], row['base']))
        have = set(base['set']) if base else set()
        for item in items(row['features']):
            sign, name = item[0], item[1:]
            if sign not in '+-':
                fail(row, '%s has neither + nor -' % item)
            if name not in self.names:
                fail(row, 'no field is called ' + name)
            if name not in self.bits:
                fail(row, '%s is not a single bit' % name)
            if (name in have) == (sign == '+'):
                fail(row, '%s changes nothing' % item)
            (have.add if sign == '+' else have.remove)(name)
        if not have:
            fail(row, 'a model without features')
        row['set'] = have
        row['depth'] = base['depth'] + 1 if base else 1
        row['at'] = self.rows.index(row)
        row['base_at'] = base['at'] if base else row['at']
        if row['depth'] > MAX_DEPTH:
            fail(row, 'more than %d models derived from each other' % MAX_DEPTH)

    def marks(self, row):
        """Features that the name has not always meant."""
        for name in items(row['removed']):
            if name not in row['set']:
                fail(row, 'removed: the model has no ' + name)
        if row['added'] != '-':
            if not row['added'].endswith('*'):
                fail(row, 'added: a prefix and *, not ' + row['added'])
            if not [n for n in row['set'] if n.startswith(row['added'][:-1])]:
                fail(row, 'added: the model has no ' + row['added'])

    def identity(self, row):
        if row['vendor'] not in VENDORS:
            fail(row, 'no such vendor: ' + row['vendor'])
        for column in ('level', 'xlevel'):
            if row[column] != '-' and not NUMBER.match(row[column]):
                fail(row, '%s: not 0x and hex digits: %s' % (column, row[column]))
        row['sigs'] = []
        for text in items(row['signatures'].replace(';', ',')):
            m = SIGNATURE.match(text)
            if not m:
                fail(row, 'not FAMILY/MODEL[/STEPPING[-STEPPING]]: ' + text)
            low = int(m[3] or 0)
            high = int(m[4] or m[3] or 15)
            if int(m[1]) > 270 or int(m[2]) > 255 or not low <= high <= 15:
                fail(row, 'no CPU can say ' + text)
            row['sigs'].append((int(m[1]), int(m[2]), low, high))
        if '"' in row['model_id'] or '\\' in row['model_id'] or len(row['model_id']) > 48:
            fail(row, 'a brand string has at most 48 bytes, no quotes')


def wrap(words):
    out, line = [], '\t'
    for word in words:
        if len(line) + len(word) > 72:
            out.append(line.rstrip())
            line = '\t'
        line += word + ', '
    return out + [line.rstrip()] if line.strip() else out


class Pool:
    """Lists behind each other, each distinct one once."""

    def __init__(self):
        self.at, self.rows = {}, []

    def put(self, entries):
        key = tuple(entries)
        if key not in self.at:
            self.at[key] = len(self.rows)
            self.rows += key
        return '%d, %d' % (self.at[key], len(key))


def model_row(row, changes, signatures):
    number = lambda c: '0' if row[c] == '-' else row[c]
    text = lambda t: 'NULL' if t == '-' else '"%s"' % t
    changed = [c_name(i[1:]) + (' | 0x%x' % OFF if i[0] == '-' else '')
               for i in items(row['features'])]
    removed = changes.put(c_name(n) for n in items(row['removed']))
    return '\t{ "%s", %s, %s, %s, %s, %s, %s, %s, %d, %d, LVL_VENDOR_%s },' % (
        row['name'], text(row['model_id']), text(row['added'].rstrip('*')), number('level'),
        number('xlevel'), changes.put(changed), removed,
        signatures.put('\t{ %d, %d, %d, %d },' % s for s in row['sigs']), row['base_at'],
        row['src'], VENDORS[row['vendor']])


def table(models):
    changes, signatures = Pool(), Pool()
    rows = [model_row(row, changes, signatures) for row in models.rows]
    if max(len(changes.rows), len(rows)) > 0xffff:
        raise DataError('data/models.tsv: more than 16 bits can number')
    names = sorted((src, name, row['at']) for (src, name), row in models.by_name.items())
    parts = (
        ('uint16_t lvl_model_changes', wrap(changes.rows), None),
        ('struct lvl_model_signature lvl_model_signatures', signatures.rows, None),
        ('struct lvl_model lvl_models', rows, 'models'),
        ('struct lvl_model_name lvl_model_names',
         ['\t{ "%s", %d, %d },' % (n, s, at) for s, n, at in names], 'model_names'),
        ('struct lvl_model_source lvl_model_sources',
         ['\t{ "%s", "%s" },' % s for s in models.sources], 'model_sources'))
    out = [head('gen-models') + '#include "models.h"\n\n/* clang-format off */']
    for name, lines, count in parts:
        out.append('const %s[] = {\n%s\n};' % (name, '\n'.join(lines)))
        if count:
            out.append('const unsigned lvl_nr_%s = %d;' % (count, len(lines)))
        out.append('')
    out.append('_Static_assert(LVL_NR_FIELDS <= LVL_MODEL_OFF,\n'
               '\t       "a field number needs the flag\'s bit");')
    return '\n'.join(out) + '\n'


def make(root):
    models = Models(root)
    return {'format/models.gen.c': table(models)}, '%d models' % len(models.rows)


if __name__ == '__main__':
    sys.exit(main('gen-models', make))
