#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the formatter cannot see, of every C file that is not generated.

usage: check-style.py [ROOT]

A file has at most 600 lines and a function 100; over all, the median function
of the product has at most 15 lines and 95 % have at most 60.  No line is wider
than 80 columns, but for one that is a single string; no comment is a //
comment, no goto goes back, no #if is inside a function, and no file is called
after nothing (util, misc, ...).
Exit: 0 so it is, 1 not, 3 cannot read.
"""
import glob
import os
import re
import sys

FILE_LINES, FUNCTION_LINES, MEDIAN, P95, COLUMNS = 600, 100, 15, 60, 80
PRODUCT = ['cli', 'core', 'format', 'hv', 'pool', 'probe', 'store']
FOLDERS = PRODUCT + ['bench', 'examples', 'fuzz', 'include', 'test']
# A line of somebody's output as a string stays one line.
LITERAL = re.compile(r'[ \t]*"(?:\\.|[^"\\])*"[,;)]*$')
NAMELESS = re.compile(r'(utils?|helpers?|misc|common|stuff)\.[ch]$')
# Comments, strings and characters; the first alternative wins.
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


class File:
    """A C file with its comments and strings blanked, lines kept."""

    def __init__(self, root, path):
        self.name = os.path.relpath(path, root)
        with open(path, encoding='utf-8') as f:
            self.text = f.read()
        self.lines = self.text.splitlines()
        self.slashes = []
        self.code = TOKEN.sub(self.blank, self.text).splitlines()

    def blank(self, m):
        token = m.group(0)
        if token.startswith('//'):
            self.slashes.append(self.text.count('\n', 0, m.start()) + 1)
        return re.sub(r'[^\n]', ' ', token)

    def functions(self):
        """(first line, last line) of each body, kernel style: braces in column 0."""
        start = None
        for number, line in enumerate(self.code, 1):
            if line.startswith('{'):
                start = number
            elif line.startswith('}') and start:
                yield self.head(start), number
                start = None

    def head(self, brace):
        """The line on which the declaration before an opening brace begins."""
        at = brace - 1
        while at > 1 and self.code[at - 2].strip() and not re.match(r'[#}]', self.code[at - 2]) \
                and not self.code[at - 2].rstrip().endswith((';', '}')):
            at -= 1
        return at


def layout(f):
    """Problems of the whole file and of single lines."""
    if len(f.lines) > FILE_LINES:
        yield 1, '%d lines, more than %d' % (len(f.lines), FILE_LINES)
    if NAMELESS.search(os.path.basename(f.name)):
        yield 1, 'a name that says nothing'
    for number in f.slashes:
        yield number, 'a // comment'
    for number, line in enumerate(f.lines, 1):
        width = len(line.expandtabs(8))
        if width > COLUMNS and not LITERAL.match(line):
            yield number, '%d columns, more than %d' % (width, COLUMNS)


def bodies(f):
    """Problems inside functions."""
    for first, last in f.functions():
        if last - first + 1 > FUNCTION_LINES:
            yield first, 'a function of %d lines, more than %d' % (last - first + 1, FUNCTION_LINES)
        labels = {}
        for number in range(first, last + 1):
            line = f.code[number - 1]
            if re.match(r'[ \t]*#[ \t]*(if|ifdef|ifndef|else|elif)\b', line):
                yield number, 'a preprocessor condition inside a function'
            label = re.match(r'[ \t]*(\w+):(?!:)', line)
            if label and label.group(1) != 'default':
                labels[label.group(1)] = number
            jump = re.search(r'\bgoto (\w+)', line)
            if jump and jump.group(1) in labels:
                yield number, 'goto %s goes back' % jump.group(1)


def sources(root):
    for folder in FOLDERS:
        for kind in 'ch':
            pattern = os.path.join(root, folder, '**', '*.' + kind)
            yield from (p for p in glob.glob(pattern, recursive=True) if '.gen.' not in p)


def summary(sizes):
    """The figures over all functions of the product."""
    sizes.sort()
    median, p95 = sizes[len(sizes) // 2], sizes[len(sizes) * 95 // 100]
    print('%d functions: median %d lines, 95 %% <= %d, longest %d'
          % (len(sizes), median, p95, sizes[-1]))
    return median > MEDIAN or p95 > P95


def main(root):
    bad, sizes = False, []
    for path in sorted(sources(root)):
        f = File(root, path)
        for number, why in sorted([*layout(f), *bodies(f)]):
            print('%s:%d: %s' % (f.name, number, why))
            bad = True
        if f.name.split('/')[0] in PRODUCT and f.name.endswith('.c'):
            sizes += [last - first + 1 for first, last in f.functions()]
    bad |= summary(sizes)
    return int(bad)


if __name__ == '__main__':
    HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else HERE))
    except OSError as e:
        print(e, file=sys.stderr)
        sys.exit(3)
