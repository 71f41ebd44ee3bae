# SPDX-License-Identifier: MIT
"""What `verify --json` says in a guest of QEMU that was started with gen's -cpu."""
import json
import os
import re
import subprocess

from boot import QEMU

# Where QEMU has its own mind, whatever it is told: test/qemu.py has the reasons.
OWN_LEAVES = {0x2, 0x4, 0x5, 0x80000005, 0x80000006, 0x8000001d}
OWN_FIELDS = re.compile('hypervisor|clflush-size|xsave-size-max|ext-vendor-.*|e-.*|guest-maxphysaddr')
BAD = {'missing', 'not-promised', 'different', 'faults', 'vcpus-differ'}


def status(text):
    """{field: status} of a cpulevel-verify document; nothing if it is none."""
    try:
        return {f['field']: f['status'] for f in json.loads(text)['fields']}
    except ValueError:
        return {}


def bad(text):
    return {f for f, s in status(text).items() if s in BAD}


def leaves(root):
    """{field: leaf} of data/fields.tsv."""
    with open(os.path.join(root, 'data', 'fields.tsv'), encoding='ascii') as f:
        rows = [line.split('\t')[:2] for line in f]
    return {name: int(place.split(':')[0], 16) for name, place in rows if place.startswith('0x')}


def not_foretold(root, text, losses):
    """Fields that are not as promised, and of which gen did not say so."""
    leaf = leaves(root)
    return sorted(f for f in bad(text) - losses
                  if leaf.get(f) not in OWN_LEAVES and not OWN_FIELDS.fullmatch(f) and leaf.get(f, 0) >> 16 != 0x4000)


def known_here():
    """Properties that this QEMU has, older than gen's or not."""
    p = subprocess.run([QEMU, '-cpu', 'help'], capture_output=True, text=True, check=True)
    return set(p.stdout.split('Recognized CPUID flags:')[1].split())


def qemu_cpu(cpulevel, level):
    """-cpu of a level for the QEMU here, and the fields that it cannot say."""
    p = subprocess.run([cpulevel, 'gen', level, '--for', 'qemu', '--model', 'base', '--json'], capture_output=True,
                       text=True, check=True)
    answer = json.loads(p.stdout)
    words = re.match("-cpu '?([^']*)'?$", answer['text'].strip())[1].split(',')
    unknown = {w[1:] for w in words if w[0] in '+-'} - known_here()
    cpu = ','.join(w for w in words if w[1:] not in unknown)
    return cpu, {x['field'] for x in answer['losses']} | unknown
