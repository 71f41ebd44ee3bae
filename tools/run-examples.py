#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The sessions in a document are what the tool prints.

usage: run-examples.py DOCUMENT ROOT CPULEVEL [--write]

Between <!-- run --> and <!-- end --> each line "    $ COMMAND" is run, in one
folder with hosts/ (examples/pool) and spr-01-5.10.txt (test/pool), and what it
prints follows.  Names of users and machines and times are replaced.
Exit: 0 the same, 1 not, 3 cannot run.
"""
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile

TIME = re.compile(r'\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ')
ACTOR = re.compile(r'(2026-11-20T08:00:00Z +(?:by )?)\S+@\S+?(?=[\s:])')


def same_everywhere(text):
    text = TIME.sub('2026-11-20T08:00:00Z', text)
    return ACTOR.sub(r'\1alice@ops', text)


def run(command, folder, tool):
    """What the command prints, indented; its exit code where it is not 0."""
    path = os.path.dirname(tool) + os.pathsep + os.environ['PATH']
    env = dict(os.environ, PATH=path, CPULEVEL_STORE='fleet.db', NO_COLOR='1')
    done = subprocess.run(['sh', '-c', command], cwd=folder, env=env, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    lines = same_everywhere(done.stdout).splitlines()
    if done.returncode:
        lines.append('(exit %d)' % done.returncode)
    return [('    ' + line).rstrip() for line in lines]


def renew(lines, folder, tool):
    inside = False
    for line in lines:
        if line == '<!-- end -->':
            inside = False
        if not inside or line.startswith('    $ '):
            yield line
        if inside and line.startswith('    $ '):
            yield from run(line[6:], folder, tool)
        if line == '<!-- run -->':
            inside = True


def prepare(root, folder):
    shutil.copytree(os.path.join(root, 'examples', 'pool'), os.path.join(folder, 'hosts'))
    shutil.copy(os.path.join(root, 'test', 'pool', 'spr-5.10.txt'),
                os.path.join(folder, 'spr-01-5.10.txt'))


def main(document, root, tool, write):
    path = os.path.join(root, document)
    with open(path, encoding='utf-8') as f:
        old = f.read().splitlines()
    with tempfile.TemporaryDirectory() as folder:
        prepare(root, folder)
        new = list(renew(old, folder, tool))
    if write:
        with open(path, 'w', encoding='utf-8') as f:
            f.write('\n'.join(new) + '\n')
        return 0
    diff = list(difflib.unified_diff(old, new, document, 'what the tool prints', lineterm=''))
    print('\n'.join(diff))
    if diff:
        print('%s: run tools/run-examples.py %s . CPULEVEL --write' % (document, document))
    return int(bool(diff))


if __name__ == '__main__':
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    try:
        sys.exit(main(sys.argv[1], sys.argv[2], os.path.abspath(sys.argv[3]), '--write' in sys.argv))
    except OSError as e:
        print(e, file=sys.stderr)
        sys.exit(3)
