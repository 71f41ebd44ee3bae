#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the C tables of the registry from data/*.tsv.

usage: gen-tables.py [--check] [ROOT]

Writes include/cpulevel/fields.gen.h, core/tables.gen.c and
format/texts.gen.c, or with --check compares them with what is there.
Refuses data that would make a wrong registry: a row without a rule, places
that overlap, a name used twice, a carrier that is a conjunction, a cycle,
an unknown name.  Every message names file, line and reason; exit 3.
"""
import re
import sys

from tsv import DataError, c_name, fail, head, main, read

RULES = 'and or min max equal pair pin derived leak dynamic free hidden'.split()
CLASSES = 'isa kernel mitigation nested pmu virt topology hint identity'.split()
GUESTS = ['pv', 'hvm-shadow', 'hvm']
SYNTH = ['no', 'always-safe', 'emulable', 'donor', 'vm']
VENDORS = 'intel amd hygon centaur zhaoxin transmeta kvm'.split()
WHO = 'own xen libxl linux qemu libvirt kcpuid'.split()
REGS = ['eax', 'ebx', 'ecx', 'edx']
GATE = re.compile(r'^(none|n/a|cr0|cr4|efer|xcr0|xss|cpl0|msr:(0x[0-9a-f]+|any)'
                  r'|(vmx-control|svm-intercept):[a-z0-9-]+)$')
NO = 0xffff
# The order of enum lvl_mask in registry.h.
MASKS = ['and', 'or', 'equal', 'number', 'feature', 'named', 'pin', 'derived', 'free',
         'dynamic', 'leak', 'owner', 'chosen', 'stored']


def normal(name):
    """Names are compared without case and -_. (contract: doc/design.md)."""
    return re.sub(r'[-_. ]', '', name.lower())


def bits_of(row, text):
    """'31:25,8' -> the list of bit numbers, highest first."""
    out = []
    for part in text.split(','):
        high, _, low = part.partition(':')
        high, low = int(high), int(low or high)
        if high < low or high > 63:
            fail(row, 'bad bit range ' + part)
        out += range(high, low - 1, -1)
    if len(set(out)) != len(out):
        fail(row, 'a bit is in the place twice')
    return out


def parse_place(row):
    """-> (list of word keys of all instances, bits)."""
    m = re.match(r'^(0x[0-9a-f]+):(\d+)(?:-(\d+))?:(e[abcd]x)\[([\d:,]+)\]$', row['place'])
    if m:
        first, last = int(m[2]), int(m[3] or m[2])
        keys = [(int(m[1], 16), s, m[4]) for s in range(first, last + 1)]
        return keys, bits_of(row, m[5])
    m = re.match(r'^msr:(0x[0-9a-f]+)\[([\d:]+)\]$', row['place'])
    if m:
        bits = bits_of(row, m[2])
        half = 'lo' if min(bits) < 32 else 'hi'
        return [('msr', int(m[1], 16), half)], bits
    m = re.match(r'^state:[a-z0-9-]+$', row['place'])
    if m:
        return [('state', row['place'], '')], None
    fail(row, 'bad place ' + row['place'])


def parse_word(row):
    m = re.match(r'^(0x[0-9a-f]+):(-|\d+):(e[abcd]x)$', row['place'])
    if m:
        return (int(m[1], 16), None if m[2] == '-' else int(m[2]), m[3])
    m = re.match(r'^msr:(0x[0-9a-f]+):(lo|hi)$', row['place'])
    if m:
        return ('msr', int(m[1], 16), m[2])
    if re.match(r'^state:[a-z0-9-]+$', row['place']):
        return ('state', row['place'], '')
    fail(row, 'bad word ' + row['place'])


class Registry:
    """The data, checked, with everything numbered."""

    def __init__(self, root):
        self.load_words(root)
        self.load_fields(root)
        self.load_guests(root)
        self.load_gates(root)
        self.clauses, self.clause_ids, self.atoms = [()], {(): 0}, []
        self.load_clauses()
        self.load_requires(root)
        self.load_derive(root)
        self.load_constants(root)
        self.load_subleaves(root)
        self.load_aliases(root)
        self.load_texts(root)
        self.order_steps()

    # -- words -------------------------------------------------------------
    def load_words(self, root):
        self.words, self.word_of, self.subleaved = [], {}, set()
        for row in read(root, 'words', ['index', 'place', 'xen']):
            key = parse_word(row)
            if int(row['index']) != len(self.words):
                fail(row, 'words are numbered in order and only appended')
            if key in self.word_of:
                fail(row, 'the word is there twice')
            if isinstance(key[0], int) and key[1] is not None:
                self.subleaved.add(key[0])
            self.word_of[key] = len(self.words)
            self.words.append(key)

    def word(self, key):
        if isinstance(key[0], int) and key[0] not in self.subleaved:
            key = (key[0], None, key[2])
        return self.word_of.get(key, NO)

    # -- fields ------------------------------------------------------------
    def load_fields(self, root):
        rows = read(root, 'fields', ['name', 'place', 'rule', 'class', 'carrier',
                                     'owner', 'pair_of', 'later'])
        names, taken = {}, {}
        for row in rows:
            if not re.match(r'^[a-z0-9][a-z0-9-]*$', row['name']):
                fail(row, 'bad name ' + row['name'])
            if normal(row['name']) in names:
                fail(row, 'the name %s is used twice' % row['name'])
            names[normal(row['name'])] = row
            if row['rule'] not in RULES:
                fail(row, 'has no rule: ' + row['rule'])
            if row['class'] not in CLASSES:
                fail(row, 'no such class: ' + row['class'])
            if row['later'] != '-' and row['later'] not in RULES:
                fail(row, 'no such rule: ' + row['later'])
            self.place(row, taken)
        rows.sort(key=lambda r: (r['word'], r['lo'], r['_line']))
        self.fields = rows
        self.id = {row['name']: i for i, row in enumerate(rows)}

    def place(self, row, taken):
        keys, bits = parse_place(row)
        words = [self.word(k) for k in keys]
        row['instances'] = sum(w != NO for w in words)
        row['word'] = words[0]
        if row['instances'] and NO in words[:row['instances']]:
            fail(row, 'its first sub-leaf is not in words.tsv')
        if bits is None:
            bits = range(31, -1, -1)
        for key in keys:
            for bit in bits:
                at = key[:1] + (key[1],) + (('msr',) if key[0] == 'msr' else key[2:]) + (bit,)
                if at in taken:
                    fail(row, '%s overlaps %s' % (row['name'], taken[at]))
                taken[at] = row['name']
        shift = 32 if min(bits) >= 32 else 0
        row['lo'], row['width'] = min(bits) - shift, len(bits)
        row['mask'] = sum(1 << (b - shift) for b in bits if b - shift < 32)
        row['scattered'] = max(bits) - min(bits) + 1 != len(bits)
        row['bits'] = len(bits)

    # -- attributes --------------------------------------------------------
    def attributes(self, root, name, columns):
        """One row for every field, none twice; merged into the fields."""
        seen = set()
        for row in read(root, name, ['name'] + columns):
            if row['name'] not in self.id:
                fail(row, 'no field is called ' + row['name'])
            if row['name'] in seen:
                fail(row, row['name'] + ' is there twice')
            seen.add(row['name'])
            field = self.fields[self.id[row['name']]]
            for c in columns:
                field[c] = row[c]
            yield row, field
        missing = sorted(set(self.id) - seen)
        if missing:
            raise DataError('data/%s.tsv: no row for %s' % (name, ', '.join(missing[:5])))

    def load_guests(self, root):
        for row, f in self.attributes(root, 'guests', ['guests_max', 'guests_default',
                                                       'vendors', 'synth']):
            for c in ('guests_max', 'guests_default'):
                kinds = [] if row[c] == '-' else row[c].split(',')
                if set(kinds) - set(GUESTS):
                    fail(row, 'no such guest kind in ' + row[c])
                f[c] = sum(1 << GUESTS.index(k) for k in kinds)
            if f['guests_default'] & ~f['guests_max']:
                fail(row, 'the default is not within the maximum')
            if (f['rule'] == 'hidden') != (f['guests_max'] == 0):
                fail(row, 'hidden and seen by a guest, or neither')
            if set(row['vendors'].split(',')) - set(VENDORS):
                fail(row, 'no such vendor in ' + row['vendors'])
            f['vendors'] = sum(1 << VENDORS.index(v) for v in row['vendors'].split(','))
            if row['synth'] not in SYNTH:
                fail(row, 'no such synth: ' + row['synth'])
            if f['rule'] == 'or' and row['synth'] != 'always-safe':
                fail(row, 'an `or` row must be settable in every maximum')

    def load_gates(self, root):
        self.gates = []
        for row, f in self.attributes(root, 'gates', ['gate_vmx', 'gate_svm', 'gate_pv']):
            f['gates'] = []
            for c in ('gate_pv', 'gate_svm', 'gate_vmx'):
                if not GATE.match(row[c]):
                    fail(row, 'no such gate: ' + row[c])
                if row[c] not in self.gates:
                    self.gates.append(row[c])
                f['gates'].append(self.gates.index(row[c]))

    # -- clauses -----------------------------------------------------------
    def clause(self, row, text):
        """'a|b>=2' -> number of the clause."""
        if text in ('-', 'always'):
            return 0
        if ',' in text:
            fail(row, 'a conjunction cannot be one clause: ' + text)
        atoms = []
        for part in text.split('|'):
            m = re.match(r'^([a-z0-9-]+?)(?:>=(\d+))?$', part)
            if not m or m[1] not in self.id:
                fail(row, 'no field is called ' + part)
            target = self.fields[self.id[m[1]]]
            if target['rule'] == 'hidden' and row.get('rule') != 'derived':
                fail(row, 'no guest ever has %s: it is hidden' % m[1])
            if m[2] and target['rule'] != 'min' and m[1] != row['name']:
                fail(row, 'a threshold needs a `min` row: ' + part)
            if target['bits'] > 1 and not m[2] and m[1] != row['name']:
                fail(row, 'a number needs a threshold: ' + part)
            atoms.append((self.id[m[1]], int(m[2] or 1)))
        key = tuple(atoms)
        if key not in self.clause_ids:
            self.clause_ids[key] = len(self.clauses)
            self.clauses.append(key)
        return self.clause_ids[key]

    def load_clauses(self):
        for f in self.fields:
            plain = f['rule'] in ('and', 'hidden')
            if plain and (f['carrier'] != '-' or f['owner'] != '-'):
                fail(f, 'an `%s` row has no carrier and no owner' % f['rule'])
            if not plain and f['carrier'] == '-':
                fail(f, 'has no carrier')
            f['carrier_id'] = self.clause(f, f['carrier'])
            f['zero_none'] = f['owner'] == f['name']
            if f['owner'] != '-' and f['rule'] not in ('equal', 'pair') \
                    and not (f['zero_none'] and f['rule'] == 'min'):
                fail(f, 'only equal and pair rows have an owner')
            strip = lambda s: set(re.sub(r'>=\d+', '', s).split('|'))
            if f['rule'] in ('equal', 'pair') and f['owner'] != '-' and not f['zero_none'] \
                    and strip(f['owner']) != strip(f['carrier']):
                fail(f, 'the owner is not the carrier')
            owner = f['carrier'] if f['owner'] not in ('-', f['name']) else f['owner']
            f['owner_id'] = self.clause(f, owner)
            if f['pair_of'] != '-' and f['pair_of'] not in self.id:
                fail(f, 'no field is called ' + f['pair_of'])
            f['pair'] = self.id[f['pair_of']] if f['pair_of'] != '-' else NO
            if f['rule'] == 'pair':
                other = self.fields[f['pair']] if f['pair'] != NO else {}
                if other.get('pair_of') != f['name'] or other['bits'] != f['bits']:
                    fail(f, 'its other half does not point back')
                lower = f['name'].endswith('-must') or f['name'].endswith('-min')
                f['upper'] = not lower
                if lower == (other['name'].endswith('-must') or other['name'].endswith('-min')):
                    fail(f, 'one half must be called -must or -min')

    def load_requires(self, root):
        self.edges, seen = [], set()
        for row in read(root, 'requires', ['name', 'needs', 'reason', 'source']):
            if row['name'] not in self.id:
                fail(row, 'no field is called ' + row['name'])
            f = self.fields[self.id[row['name']]]
            if f['rule'] != 'and' and not (f['rule'] == 'pair' and f['upper']):
                fail(row, 'only features and upper ends have requirements')
            if row['reason'] == '-':
                fail(row, 'a requirement needs a reason')
            if (row['name'], row['needs']) in seen:
                fail(row, 'the requirement is there twice')
            seen.add((row['name'], row['needs']))
            row['clause'] = self.clause(row, row['needs'])
            for target, _ in self.clauses[row['clause']]:
                t = self.fields[target]
                if t['rule'] not in ('and', 'min') and not (t['rule'] == 'pair' and t['upper']):
                    fail(row, 'a requirement must be monotone: %s is %s' % (t['name'], t['rule']))
            for g in ('guests_max', 'guests_default'):
                seen_by = 0
                for target, _ in self.clauses[row['clause']]:
                    seen_by |= self.fields[target][g]
                if f[g] & ~seen_by:
                    fail(row, '%s: shown to a kind of guest that does not see %s' % (g, row['needs']))
            self.edges.append(row)

    def load_derive(self, root):
        """Derived bits that are 1 exactly where a formula holds."""
        self.mirrors = []
        for row in read(root, 'derive', ['name', 'when', 'vendors']):
            if row['name'] not in self.id:
                fail(row, 'no field is called ' + row['name'])
            f = self.fields[self.id[row['name']]]
            if f['rule'] != 'derived' or f['word'] == NO or f['lo'] + f['bits'] > 32:
                fail(row, 'only derived bits of one word have a formula')
            vendors = [] if row['vendors'] == '-' else row['vendors'].split(',')
            if set(vendors) - set(VENDORS):
                fail(row, 'no such vendor in ' + row['vendors'])
            clauses = [self.clause(row, c) for c in row['when'].split(',')]
            if len(clauses) > 2:
                fail(row, 'at most two clauses')
            self.mirrors.append((self.id[row['name']], sum(1 << VENDORS.index(v) for v in vendors),
                                 clauses[0], clauses[1] if len(clauses) > 1 else 0))

    def load_constants(self, root):
        """Values that all parts of a vendor share."""
        self.constants, seen = [], set()
        for row in read(root, 'constants', ['name', 'vendors', 'value', 'source']):
            if row['name'] not in self.id:
                fail(row, 'no field is called ' + row['name'])
            f = self.fields[self.id[row['name']]]
            if f['rule'] != 'equal' or f['carrier'] == 'always':
                fail(row, 'only carried equal rows have a constant')
            if int(row['value'], 0) >> f['bits']:
                fail(row, 'the value does not fit')
            for v in row['vendors'].split(','):
                if v not in VENDORS or (row['name'], v) in seen:
                    fail(row, 'unknown or repeated vendor ' + v)
                seen.add((row['name'], v))
            vendors = sum(1 << VENDORS.index(v) for v in row['vendors'].split(','))
            self.constants.append((self.id[row['name']], vendors, int(row['value'], 0)))

    def load_subleaves(self, root):
        """How the sub-leaves of a leaf end: (leaf, register, type mask or 0)."""
        self.subleaves = []
        for row in read(root, 'subleaves', ['leaf', 'ends', 'source']):
            ends = re.match(r'^count$|^(e[abcd]x)\[(\d+):(\d+)\]$', row['ends'])
            if not ends:
                fail(row, 'sub-leaves end by count or by the type in a register')
            reg = REGS.index(ends.group(1) or 'eax')
            type_mask = 0
            if ends.group(1):
                hi, lo = int(ends.group(2)), int(ends.group(3))
                type_mask = (2 << hi) - (1 << lo)
            self.subleaves.append((int(row['leaf'], 16), reg, type_mask))

    def load_aliases(self, root):
        self.aliases = [(normal(f['name']), i, 1) for i, f in enumerate(self.fields)]
        for row in read(root, 'aliases', ['alias', 'name', 'who']):
            if row['name'] not in self.id:
                fail(row, 'no field is called ' + row['name'])
            if set(row['who'].split(',')) - set(WHO):
                fail(row, 'nobody is called ' + row['who'])
            who = sum(1 << WHO.index(w) for w in row['who'].split(','))
            for other, _, w in self.aliases:
                if other == normal(row['alias']) and w & who:
                    fail(row, 'the alias means two fields to the same tool')
            self.aliases.append((normal(row['alias']), self.id[row['name']], who))
        self.aliases.sort()

    def load_texts(self, root):
        for row, f in self.attributes(root, 'texts', ['summary', 'reason', 'source']):
            for c in ('summary', 'reason', 'source'):
                if '"' in row[c] or '\\' in row[c]:
                    fail(row, 'a quotation mark or backslash in the text')
            if row['summary'] == '-' or row['source'] == '-':
                fail(row, 'needs a summary and a source')
            if row['reason'] == '-' and f['rule'] != 'and':
                fail(row, 'a row that is not a plain `and` needs a reason')

    # -- the interior ------------------------------------------------------
    def order_steps(self):
        """Requirements and carriers, each after what it looks at."""
        rules = {}
        for n, e in enumerate(self.edges):
            rules.setdefault(self.id[e['name']], []).append((e['clause'], n))
        for i, f in enumerate(self.fields):
            if f['carrier_id'] and f['rule'] in ('or', 'min', 'max', 'equal', 'pair'):
                rules.setdefault(i, []).append((f['carrier_id'], NO))
        self.steps, state = [], {}

        def visit(i, path):
            if state.get(i) == 2:
                return
            if state.get(i) == 1:
                names = [self.fields[p]['name'] for p in path[path.index(i):] + [i]]
                raise DataError('data/requires.tsv: a cycle: ' + ' -> '.join(names))
            state[i] = 1
            for clause, _ in rules.get(i, ()):
                for target, _ in self.clauses[clause]:
                    visit(target, path + [i])
            state[i] = 2
            self.steps += [(i, c, e) for c, e in rules.get(i, ())]
        for i in range(len(self.fields)):
            visit(i, [])
        self.group_steps()

    def group_steps(self):
        """The same by clause: what falls together when a clause fails.

        Fields are acyclic, so clauses are: a clause comes after those whose
        failure takes one of its atoms away.
        """
        falls = {}
        for field, clause, edge in self.steps:
            falls.setdefault(clause, []).append((field, edge != NO))
        taken_by = {}
        for clause, fields in falls.items():
            for field, _ in fields:
                taken_by.setdefault(field, []).append(clause)
        self.groups, done = [], set()

        def visit(clause):
            if clause in done:
                return
            done.add(clause)
            for target, _ in self.clauses[clause]:
                for other in taken_by.get(target, ()):
                    visit(other)
            self.groups.append((clause, falls[clause]))
        for clause in falls:
            visit(clause)


# -- C ---------------------------------------------------------------------
HEAD = head('gen-tables')


def hex32(values):
    out = []
    for i in range(0, len(values), 8):
        out.append('\t' + ' '.join('0x%08x,' % v for v in values[i:i + 8]))
    return '\n'.join(out)


def wrap(values, fmt='%d,'):
    out, line = [], '\t'
    for v in values:
        item = fmt % v
        if len(line) + len(item) > 76:
            out.append(line.rstrip())
            line = '\t'
        line += item + ' '
    return '\n'.join(out + [line.rstrip()])


def numbers(reg):
    return [i for i, f in enumerate(reg.fields) if f['word'] != NO and
            (f['rule'] in ('min', 'max') or f['rule'] == 'pair' and f['bits'] > 1)]


def leaves(reg):
    found = {}
    for w, key in enumerate(reg.words):
        if isinstance(key[0], int):
            found.setdefault((key[0], key[1]), [NO] * 4)[REGS.index(key[2])] = w
    for key, words in found.items():
        if NO in words:
            raise DataError('data/words.tsv: leaf %#x lacks a register' % key[0])
        if (key[0] & 0xffff0000, None) not in found:
            raise DataError('data/words.tsv: leaf %#x without the first leaf of its range' % key[0])
    return sorted(found.items(), key=lambda x: (x[0][0], x[0][1] or 0))


def ranges(reg):
    """Leaves that share a maximum, as (first, count) in lvl_leaves[]."""
    bases = [key[0] & 0xffff0000 for key, _ in leaves(reg)]
    return [(bases.index(b), bases.count(b)) for b in sorted(set(bases))]


def endings(reg):
    """reg.subleaves as (first, count, register, type) in lvl_leaves[]."""
    found, rows = [key[0] for key, _ in leaves(reg)], []
    for leaf, register, type_mask in reg.subleaves:
        if leaf not in found:
            raise DataError('data/subleaves.tsv: leaf %#x is not in data/words.tsv' % leaf)
        rows.append((found.index(leaf), found.count(leaf), register, type_mask))
    return sorted(rows)


def msrs(reg):
    lo = {k[1]: w for w, k in enumerate(reg.words) if k[0] == 'msr' and k[2] == 'lo'}
    hi = {k[1]: w for w, k in enumerate(reg.words) if k[0] == 'msr' and k[2] == 'hi'}
    for index in lo:
        if hi.get(index) != lo[index] + 1:
            raise DataError('data/words.tsv: halves of MSR %#x are not adjacent' % index)
    return [(i, lo[i], hi[i]) for i in sorted(lo)]


def pins(reg):
    """Family, model, stepping first, then the rest in place order."""
    first = ['ext-family', 'base-family', 'ext-model', 'base-model', 'stepping']
    ids = [i for i, f in enumerate(reg.fields) if f['rule'] == 'pin' and f['word'] != NO]
    rank = {n: k for k, n in enumerate(first)}
    return sorted(ids, key=lambda i: (rank.get(reg.fields[i]['name'], len(first)), i))


def header(reg):
    out = [HEAD + '#ifndef CPULEVEL_FIELDS_GEN_H\n#define CPULEVEL_FIELDS_GEN_H\n']
    count = lambda rule: sum(f['rule'] == rule and f['word'] != NO for f in reg.fields)
    for name, value in (('WORDS', len(reg.words)), ('LEAVES', len(leaves(reg))),
                        ('MSRS', len(msrs(reg))), ('NUMBERS', len(numbers(reg))),
                        ('EQUALS', count('equal')), ('PAIRS', count('pair') // 2),
                        ('PINS', len(pins(reg))), ('CLAUSES', len(reg.clauses)),
                        ('EDGES', len(reg.edges)),
                        ('MIRRORS', len(reg.mirrors)),
                        ('CONSTANTS', len(reg.constants))):
        out.append('#define LVL_NR_%s %d' % (name, value))
    out.append('#define LVL_NR_XEN_WORDS 19\n\nenum lvl_field_id {')
    out += ['\t%s = %d,' % (c_name(f['name']), i) for i, f in enumerate(reg.fields)]
    out.append('\tLVL_NR_FIELDS = %d\n};\n\n#endif /* CPULEVEL_FIELDS_GEN_H */' % len(reg.fields))
    return '\n'.join(out) + '\n'


def masks(reg):
    """The bits of each word by the way they fold."""
    m = {k: [0] * len(reg.words) for k in
         MASKS}

    def add(kind, f):
        for i in range(f['instances']):
            m[kind][f['word'] + 4 * i] |= f['mask']
            if f['lo'] + f['bits'] > 32 and not f['scattered']:
                m[kind][f['word'] + 1] |= (1 << (f['lo'] + f['bits'] - 32)) - 1
    for f in reg.fields:
        if f['word'] == NO:
            continue
        rule = f['rule']
        if rule != 'hidden':
            add('named', f)
            if rule != 'dynamic':
                add('stored', f)
        if rule in MASKS:
            add(rule, f)
        if rule == 'and' and f['bits'] == 1:
            add('feature', f)
        if rule == 'and' and f['synth'] == 'vm':
            add('chosen', f)
        if rule in ('min', 'max') or rule == 'pair' and f['bits'] > 1:
            add('number', f)
        if rule == 'pair' and f['bits'] == 1:
            add('and' if f['upper'] else 'or', f)
    for f in reg.fields:
        for target, _ in reg.clauses[f['owner_id']] if f['word'] != NO else ():
            if reg.fields[target]['rule'] == 'and':
                add('owner', reg.fields[target])
    return [m[k] for k in MASKS]


def field_rows(reg):
    offset, names, rows = 0, [], []
    for f in reg.fields:
        wide = f['word'] == NO or f['lo'] + f['bits'] > 32
        flags = (1 if f.get('upper') else 0) | (2 if f['zero_none'] else 0) | (4 if wide else 0)
        later = RULES.index(f['later']) if f['later'] != '-' else RULES.index(f['rule'])
        rows.append('\t{ %d, 0x%08x, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, 0x%x, %d, { %d, %d, %d } },'
                    % (offset, f['mask'], f['word'], f['carrier_id'], f['owner_id'], f['pair'], f['lo'],
                       f['bits'], f['instances'], RULES.index(f['rule']), CLASSES.index(f['class']), later,
                       SYNTH.index(f['synth']), f['guests_max'], f['guests_default'], f['vendors'], flags,
                       *f['gates']))
        names.append('\t"%s\\0"' % f['name'])
        offset += len(f['name']) + 1
    return rows, names


def owned(reg):
    """Fields with an owner, equal rows before intervals, in runs of one carrier."""
    rows = [i for i, f in enumerate(reg.fields) if f['rule'] == 'equal' and f['word'] != NO]
    for i, f in enumerate(reg.fields):
        if f['rule'] == 'pair' and not f['upper']:
            rows += [i, f['pair']]
    rows = [i for i in rows if reg.fields[i]['owner_id']]
    runs = []
    for n, i in enumerate(rows):
        carrier = reg.fields[i]['carrier_id']
        if not runs or runs[-1][0] != carrier:
            runs.append([carrier, n, 0])
        runs[-1][2] += 1
    return rows, runs


def carriers(reg, f):
    """What carries a field, and what carries that, from near to far."""
    clause, chain = f['carrier_id'], []
    while clause and clause not in chain:
        chain.append(clause)
        atoms = reg.clauses[clause]
        clause = reg.fields[atoms[0][0]]['carrier_id'] if len(atoms) == 1 else 0
    return chain


def fit_word_rows(reg, ordered, mask):
    """What `fits` needs of each ordered word, side by side."""
    rows = []
    for w in ordered:
        chains = [carriers(reg, f) for f in reg.fields if f['word'] == w
                  and f['rule'] in ('or', 'min', 'max', 'equal', 'pair', 'leak')]
        shared = [c for c in chains[0] if all(c in chain for chain in chains)] if chains else []
        carrier = shared[0] if shared else 0
        chosen = sum(f['mask'] for f in reg.fields if f['word'] == w
                     and f['synth'] == 'vm' and f['rule'] in ('and', 'min', 'max', 'pair'))
        rows.append('\t{ %d, %d, 0x%08x, 0x%08x, 0x%08x, 0x%08x, 0x%08x },'
                    % (w, carrier, mask('and')[w], mask('or')[w],
                       mask('equal')[w] | mask('number')[w], mask('leak')[w], chosen))
    return rows


def word_rows(reg):
    first = {}
    for i, f in enumerate(reg.fields):
        if f['word'] != NO:
            first.setdefault(f['word'], []).append(i)
    rows, state = [], 0
    for w, key in enumerate(reg.words):
        ids = first.get(w, [])
        if key[0] == 'msr':
            ident, sub, place = key[1], 0xffffffff, 4 + (key[2] == 'hi')
        elif key[0] == 'state':
            ident, sub, place = state, 0xffffffff, 6
            state += 1
        else:
            ident, place = key[0], REGS.index(key[2])
            sub = 0xffffffff if key[1] is None else key[1]
        rows.append('\t{ 0x%08x, 0x%08x, %d, 0, %d, %d },' % (ident, sub, place, ids[0] if ids else 0, len(ids)))
    return rows


def quick(reg, atoms):
    """(word, whole, mask): bits of one word any of which makes it true."""
    atoms = [(reg.fields[t], k) for t, k in atoms]
    there = [f for f, _ in atoms if f['word'] != NO]
    word = there[0]['word'] if there else 0
    here = [f for f, k in atoms if f['word'] == NO
            or f['word'] == word and k == 1 and f['lo'] + f['bits'] <= 32]
    mask = sum({f['mask'] for f in here if f['word'] != NO})
    return word, int(atoms != [] and len(here) == len(atoms)), mask


def tables(reg):
    o = [HEAD + '#include <cpulevel/registry.h>\n\n#include "tables.h"\n\n/* clang-format off */']
    rows, names = field_rows(reg)
    o.append('const struct lvl_field lvl_fields[LVL_NR_FIELDS] = {\n' + '\n'.join(rows) + '\n};\n')
    o.append('const char lvl_field_names[] =\n' + '\n'.join(names) + ';\n')
    o.append('const struct lvl_word lvl_words[LVL_NR_WORDS] = {\n' + '\n'.join(word_rows(reg)) + '\n};\n')
    atoms, clauses = [], []
    for c in reg.clauses:
        clauses.append('\t{ %d, %d, %d, %d, 0x%08x },' % (len(atoms), len(c), *quick(reg, c)))
        atoms += ['\t{ %d, %d },' % a for a in c]
    o.append('const struct lvl_atom lvl_atoms[] = {\n' + '\n'.join(atoms) + '\n};\n')
    o.append('const struct lvl_clause lvl_clauses[] = {\n' + '\n'.join(clauses) + '\n};\n')
    o.append('const struct lvl_step lvl_steps[] = {\n' + '\n'.join('\t{ %d, %d, %d },' % s for s in reg.steps) + '\n};\n')
    o.append('const uint16_t lvl_nr_steps = %d;\n' % len(reg.steps))
    o.append('const struct lvl_mirror lvl_mirrors[LVL_NR_MIRRORS] = {\n'
             + '\n'.join('\t{ %d, 0x%x, { %d, %d } },' % m for m in reg.mirrors) + '\n};\n')
    o.append('const struct lvl_constant lvl_constants[LVL_NR_CONSTANTS] = {\n'
             + '\n'.join('\t{ %d, 0x%x, %d },' % c for c in reg.constants) + '\n};\n')
    o.append('const char *const lvl_gates[] = {\n' + '\n'.join('\t"%s",' % g for g in reg.gates) + '\n};\n')
    o.append('const uint32_t lvl_masks[LVL_NR_MASKS][LVL_NR_WORDS] = {')
    o += ['\t{\n' + hex32(m) + '\n\t},' for m in masks(reg)]
    o.append('};\n')
    m = masks(reg)
    ordered = [w for w in range(len(reg.words))
               if any(m[MASKS.index(k)][w] for k in ('and', 'or', 'equal', 'number', 'leak'))]
    o.append('const struct lvl_fit_word lvl_fit_words[] = {\n'
             + '\n'.join(fit_word_rows(reg, ordered, lambda k: m[MASKS.index(k)])) + '\n};\n')
    statements = [i for i, f in enumerate(reg.fields) if f['rule'] == 'or' and f['word'] != NO]
    pinned = [w for w in range(len(reg.words)) if m[MASKS.index('pin')][w]]
    lists = (('ordered', 'ORDERED', ordered), ('pinned', 'PINNED', pinned),
             ('statements', 'STATEMENTS', statements), ('numbers', 'NUMBERS', numbers(reg)),
             ('equals', 'EQUALS', [i for i, f in enumerate(reg.fields) if f['rule'] == 'equal' and f['word'] != NO]),
             ('pairs', 'PAIRS', [i for i, f in enumerate(reg.fields) if f['rule'] == 'pair' and not f['upper']]),
             ('pins', 'PINS', pins(reg)))
    for name, macro, ids in lists:
        if macro in ('ORDERED', 'PINNED', 'STATEMENTS'):
            o.append('const uint16_t lvl_nr_%s = %d;' % (name, len(ids)))
            macro = None
        o.append('const uint16_t lvl_%s[%s] = {\n%s\n};\n' % (name, 'LVL_NR_' + macro if macro else '', wrap(ids)))
    o.append('const struct lvl_leaf_words lvl_leaves[LVL_NR_LEAVES] = {')
    for (leaf, sub), words in leaves(reg):
        o.append('\t{ 0x%08x, 0x%08x, { %d, %d, %d, %d } },' % (leaf, 0xffffffff if sub is None else sub, *words))
    o.append('};\n\nconst struct lvl_range lvl_ranges[] = {\n'
             + '\n'.join('\t{ %d, %d },' % r for r in ranges(reg)) + '\n};\n'
             'const uint16_t lvl_nr_ranges = %d;' % len(ranges(reg)))
    o.append('\nconst struct lvl_ending lvl_endings[] = {\n'
             + '\n'.join('\t{ %d, %d, %d, 0x%x },' % e for e in endings(reg)) + '\n};\n'
             'const uint16_t lvl_nr_endings = %d;' % len(endings(reg)))
    o.append('\nconst struct lvl_msr_words lvl_msrs[LVL_NR_MSRS] = {')
    o += ['\t{ 0x%08x, %d, %d },' % m for m in msrs(reg)]
    o.append('};\n')
    rows, runs = owned(reg)
    o.append('const uint16_t lvl_owned[] = {\n' + wrap(rows) + '\n};\n')
    o.append('const struct lvl_run lvl_owned_runs[] = {\n' + '\n'.join('\t{ %d, %d, %d },' % tuple(r) for r in runs)
             + '\n};\nconst uint16_t lvl_nr_owned_runs = %d;\n' % len(runs))
    o.append(group_tables(reg))
    o.append(alias_table(reg))
    return '\n'.join(o)


def by_word(reg, fields):
    """Fields as (word, mask), one entry a word."""
    out = {}
    for i in fields:
        f = reg.fields[i]
        if f['lo'] + f['bits'] > 32:
            raise DataError('%s crosses a word and has a clause' % f['name'])
        out[f['word']] = out.get(f['word'], 0) | f['mask']
    return sorted(out.items())


def group_tables(reg):
    groups, effects = [], []
    for clause, fields in reg.groups:
        needs = by_word(reg, [f for f, is_edge in fields if is_edge])
        values = by_word(reg, [f for f, is_edge in fields if not is_edge])
        groups.append('\t{ %d, %d, %d, %d },' % (clause, len(effects), len(needs), len(values)))
        effects += ['\t{ %d, 0x%08x },' % e for e in needs + values]
    return ('const struct lvl_group lvl_groups[] = {\n' + '\n'.join(groups) + '\n};\n'
            'const uint16_t lvl_nr_groups = %d;\n\n' % len(groups) +
            'const struct lvl_effect lvl_effects[] = {\n' + '\n'.join(effects) + '\n};\n')


SLOTS = 4096  # LVL_ALIAS_SLOTS in core/tables.h


def hash_slots(reg):
    """Where a name's first alias is: FNV-1a, open addressing, 0 is empty."""
    slots, seen = [0] * SLOTS, set()
    for i, (name, _, _) in enumerate(reg.aliases):
        if name in seen:
            continue
        seen.add(name)
        h = 0x811c9dc5
        for c in name.encode():
            h = (h ^ c) * 0x01000193 & 0xffffffff
        while slots[h % SLOTS]:
            h += 1
        slots[h % SLOTS] = i + 1
    if len(seen) * 3 > SLOTS * 2:
        raise DataError('too many names for %d slots' % SLOTS)
    return slots


def alias_table(reg):
    blob, rows, at = [], [], 0
    for name, field, who in reg.aliases:
        blob.append('\t"%s\\0"' % name)
        rows.append('\t{ %d, %d, 0x%02x },' % (at, field, who))
        at += len(name) + 1
    slots = hash_slots(reg)
    return ('const char lvl_alias_names[] =\n' + '\n'.join(blob) + ';\n\n'
            'const struct lvl_alias lvl_aliases[] = {\n' + '\n'.join(rows) + '\n};\n'
            'const uint16_t lvl_nr_aliases = %d;\n\n' % len(rows) +
            'const uint16_t lvl_alias_slots[LVL_ALIAS_SLOTS] = {\n' + wrap(slots) + '\n};\n')


def texts(reg):
    o = [HEAD + '#include "texts.h"\n\n/* clang-format off */\nconst struct lvl_text lvl_texts[LVL_NR_FIELDS] = {']
    for f in reg.fields:
        reason = 'NULL' if f['reason'] == '-' else '"%s"' % f['reason']
        o.append('\t{ "%s",\n\t  %s,\n\t  "%s" },' % (f['summary'], reason, f['source']))
    o.append('};\n\nconst struct lvl_edge_text lvl_edges[LVL_NR_EDGES] = {')
    o += ['\t{ "%s", "%s", "%s",\n\t  "%s" },' % (e['name'], e['needs'], e['reason'], e['source']) for e in reg.edges]
    o.append('};')
    return '\n'.join(o) + '\n'


def make(root):
    reg = Registry(root)
    made = {'include/cpulevel/fields.gen.h': header(reg), 'core/tables.gen.c': tables(reg),
            'format/texts.gen.c': texts(reg)}
    return made, '%d fields, %d words, %d requirements' % (
        len(reg.fields), len(reg.words), len(reg.edges))


if __name__ == '__main__':
    sys.exit(main('gen-tables', make))
