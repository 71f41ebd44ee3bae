#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the verbs of the fleet say, against brute force.

Small random fleets of real CPUs.  Only the plain verbs for files (level,
check) are asked, a host and a VM at a time; what whatif, mobility, place,
explain, why-not, blame, suggest and rehearse must say is then counted host by
host, order by order and division by division, and compared with --json.

usage: fleet-oracle.py CPULEVEL ROOT [--fleets N] [--seed N] [--verb V]... [--keep DIR]
CPULEVEL_CORPUS: real dumps to take machines from, beside the catalogue.
What is wrong with fleet N can be seen again with --seed N --fleets 1.
"""
import argparse
import glob
import itertools
import json
import os
import random
import shutil
import sys
import tempfile

from fleet_counted import VERDICT, WORSE, Files, Fleet, Host, Vm, Wrong, same
from tap import Tap

INTEL = ['cpu:sandy-bridge-ep', 'cpu:haswell-ep', 'cpu:broadwell-ep',
         'cpu:skylake-sp', 'cpu:cascadelake-sp', 'cpu:icelake-sp',
         'cpu:sapphire-rapids', 'cpu:granite-rapids']
AMD = ['cpu:naples', 'cpu:rome', 'cpu:milan', 'cpu:genoa', 'cpu:turin']


def worst(verdicts):
    return max(verdicts, key=WORSE.get, default='yes')


# -- what if ------------------------------------------------------------------

def after_of(change, host):
    """The host then; None: it left."""
    how, machine = change
    if how == 'leave':
        return None
    return host.but(machine=machine, active=True)


def apply(hosts, changes):
    """Hosts by name after these changes (name -> (how, machine))."""
    then = dict(hosts)
    for name, c in changes.items():
        h = after_of(c, hosts.get(name, Host(name, None)))
        if h is None:
            del then[name]
        else:
            then[name] = h
    return then


def settled(fleet, vm, now, then):
    """The VM after the change: who had to leave its host is elsewhere."""
    v = Vm(vm.name, vm.host, vm.saw, vm.kind)
    v.moved = vm.moved
    h, t = now.get(vm.host), then.get(vm.host)
    if h is t or v.moved:
        return v
    # the host is empty meanwhile: it comes back, or is on another home
    v.moved = t is None or fleet.verdict(vm, t) != 'yes'
    return v


def one_moment(fleet, vms, hosts, without):
    """Has each of these a home while that host is empty?"""
    rest = [h for h in hosts.values() if h.name != without]
    return all(fleet.homes(v, rest) for v in vms)


def longest(fleet, changes, check=None):
    """The most changes that can be made with a home for all the time."""
    vms = [v for v in fleet.running()
           if fleet.homes(v, fleet.hosts.values())]

    def steps(order):
        now = dict(fleet.hosts)
        for i, name in enumerate(order):
            then = apply(now, {name: changes[name]})
            joins = changes[name][0] == 'join'
            if not joins and not one_moment(fleet, vms, now, name):
                return i
            if not one_moment(fleet, vms, then, None):
                return i
            now = then
        return len(order)

    if check is not None:
        return steps(check)
    return max(steps(o) for o in itertools.permutations(changes))


def way_back(fleet, then, was):
    """May what boots after it run on the host as it was?"""
    if was is None:
        return 'yes'
    if was.machine is None:
        return 'unknown'
    if fleet.files.level((was.machine,), fleet.kind) is None:
        return 'unknown'
    vendor = fleet.files.vendor(was.machine, fleet.kind)
    level = fleet.levels(then.values()).get(vendor, 'none')
    if level == 'none':
        return 'yes'
    if level is None:
        return 'unknown'
    return fleet.files.check(level[0], was.machine, fleet.kind)[0]


def whatif(fleet):
    rng, now = fleet.rng, fleet.hosts
    names = rng.sample(list(now), rng.randint(1, min(4, len(now))))
    changes, args = {}, []
    for n in names:
        machine = rng.choice(fleet.all_machines)
        if rng.random() < .5:
            changes[n] = ('leave', None)
            args += ['--leave', n]
        else:
            changes[n] = ('upgrade', machine)
            args += ['--upgrade', f'{n}={machine}']
    if rng.random() < .4:
        machine = rng.choice(fleet.all_machines)
        changes['join'] = ('join', machine)
        args += ['--join', machine]
    code, d, err = fleet.ask('whatif', 'p', *args)
    if d is None:
        raise Wrong(f'whatif {args}: {err}')
    then = apply(now, changes)
    what = f'whatif {" ".join(args)}'
    before, after = fleet.levels(now.values()), fleet.levels(then.values())
    said = {x['vendor']: x for x in d['levels']}
    names_of = {'GenuineIntel': 'Intel', 'AuthenticAMD': 'AMD'}
    for v in set(before) | set(after):
        x = said[names_of[v]]
        b = before[v][1] if before.get(v) else None
        a = after[v][1] if after.get(v) else None
        same(what + ' before', x['before'], None if b is None else len(b))
        same(what + ' after', x['after'], None if a is None else len(a))
        if a is not None and b is not None:
            stated = fleet.files.statements
            same(what + ' gained', set(x['gained']), a - b - stated)
            same(what + ' lost', set(x['lost']), b - a - stated)
            same(what + ' told', set(x['told']), (a - b) & stated)
            same(what + ' untold', set(x['untold']), (b - a) & stated)
    sums = {'stranded': 0, 'unsure': 0, 'stuck': 0, 'gain': 0, 'lose': 0}
    for vm in fleet.running():
        f0 = fleet.reach(vm, now.values())[2]
        f1 = fleet.reach(settled(fleet, vm, now, then), then.values())[2]
        sums['stranded'] += f1 == 'stranded' and f0 != 'stranded'
        sums['stuck'] += f1 == 'stranded' and f0 == 'stranded'
        sums['unsure'] += f1 == 'unknown' and f0 == 'free'
        next_level = fleet.next_level(vm, then)
        if next_level:
            saw = fleet.saw(vm) - fleet.files.statements
            can = next_level[1] - fleet.files.statements
            sums['gain'] += bool(can - saw)
            sums['lose'] += bool(saw - can)
    for k, n in sums.items():
        same(f'{what} {k}', d['vms'][k], n)
    same(what + ' total', d['vms']['total'], len(fleet.running()))
    cannot = {}
    for x in d['changes']:
        on = [v for v in fleet.running() if v.host == x['host']] \
            if x['change'] != 'join' else []
        same(what + ' vms', x['vms'], len(on))
        cannot[x['host']] = [fleet.reach(v, now.values())[2] for v in on]
        same(what + ' cannot', x['cannot_move'],
             cannot[x['host']].count('stranded'))
        same(what + ' unsure', x['unsure'],
             cannot[x['host']].count('unknown'))
    # what joins has the name of its file
    joins = {x['host'] for x in d['changes'] if x['change'] == 'join'}
    order = ['join' if n in joins and n not in changes else n
             for n in d['order']]
    blocked = ['join' if n in joins and n not in changes else n
               for n in d['blocked']]
    same(what + ' order', sorted(order + blocked), sorted(changes))
    same(what + ' valid', longest(fleet, changes, order), len(order))
    same(what + ' longest', len(order), longest(fleet, changes))
    back = worst(way_back(fleet, then, now.get(n) if n in now else None)
                 for n in changes)
    same(what + ' way back', d['way_back'], back)
    bad = sums['stranded'] or blocked or any(
        'stranded' in c for c in cannot.values())
    if bad:
        same(what + ' exit', code, 1)
    elif sums['unsure'] or any('unknown' in c for c in cannot.values()) or \
            any(h.machine is None or not h.active for h in then.values()):
        same(what + ' exit', code, 4)
    elif code not in (0, 4):
        raise Wrong(f'{what} exit {code}')


# -- where they may go ----------------------------------------------------------

def islands(fleet):
    """Sets of names, joined where a running VM may be on both."""
    up = {n: n for n in fleet.hosts}

    def root(n):
        while up[n] != n:
            n = up[n]
        return n

    hosts = fleet.hosts.values()
    for a, b in itertools.combinations(hosts, 2):
        if a.machine == b.machine:
            up[root(a.name)] = root(b.name)
    for vm in fleet.running():
        homes = fleet.homes(vm, hosts)
        for h in homes[1:]:
            up[root(homes[0])] = root(h)
    of = {}
    for h in hosts:
        if h.active and h.machine and fleet.knows(h):
            of.setdefault(root(h.name), set()).add(h.name)
    return list(of.values())


def mobility(fleet):
    code, d, _ = fleet.ask('mobility', 'p')
    pool = d['pools'][0]
    fates = []
    said = [(g['features'], g['homes'], g['unknown'], g['fate'])
            for g in pool['groups'] for _ in range(g['vms'])]
    for vm in fleet.running():
        _, unsure, fate = fleet.reach(vm, fleet.hosts.values())
        fates.append((len(fleet.saw(vm)),
                      len(fleet.homes(vm, fleet.hosts.values())), unsure, fate))
    same('mobility groups', sorted(said), sorted(fates))
    n = {f: [x[3] for x in fates].count(f) for f in ('stranded', 'unknown')}
    same('mobility stranded', pool['stranded'], n['stranded'])
    same('mobility unknown', pool['unknown'], n['unknown'])
    same('mobility hosts', pool['hosts'], len(fleet.hosts))
    same('mobility islands', pool['islands'], len(islands(fleet)))
    same('mobility exit', code, 1 if n['stranded'] else
         4 if n['unknown'] else 0)
    code, d, _ = fleet.ask('mobility', '--all', '--stranded')
    same('mobility by name', sorted((v['vm'], v['fate'])
                                    for v in d['vms_stranded']),
         sorted((v.name, f) for v in fleet.running()
                for f in [fleet.reach(v, fleet.hosts.values())[2]]
                if f != 'free'))


SEVERITIES = ('fatal', 'security', 'leak', 'slow')


def place(fleet):
    for vm in fleet.vms.values():
        code, d, _ = fleet.ask('place', 'vm', vm.name)
        said = {h['host']: h for h in d['hosts']}
        same(f'place {vm.name}', sorted(said), sorted(fleet.hosts))
        keys = []
        for h in d['hosts']:
            host = fleet.hosts[h['host']]
            verdict = fleet.verdict(vm, host)
            told = 'unknown' if verdict == 'yes' and not host.active \
                else verdict
            same(f'place {vm.name} on {host.name}', h['verdict'], told)
            same('own', h['own'], host.name == vm.host)
            if host.machine is None:
                continue
            _, sure, unsure = fleet.files.check(vm.saw, host.machine, vm.kind)
            n = [sum(f[0] == s for f in sure) for s in SEVERITIES]
            same(f'place {vm.name} on {host.name}: findings',
                 [h[s if s != 'leak' else 'leaks'] for s in SEVERITIES] +
                 [h['unsure']], n + [len(unsure)])
            own = fleet.files.level((host.machine,), vm.kind)
            spare = len((own[1] - fleet.saw(vm)) - fleet.files.statements) \
                if own else 0
            same('spare', h['spare'], spare)
            keys.append((WORSE[told], n[0] + n[1], n[2], n[3], spare))
        known = [h for h in d['hosts'] if fleet.hosts[h['host']].machine]
        same(f'place {vm.name}: order', [keys[i] for i in range(len(known))],
             sorted(keys))
        others, unsure, fate = fleet.reach(vm, fleet.hosts.values())
        same(f'place {vm.name}: exit', code,
             {'free': 0, 'stranded': 1, 'unknown': 4}[fate])


def explain(fleet):
    for vm, host in itertools.product(fleet.vms.values(),
                                      fleet.hosts.values()):
        code, d, _ = fleet.ask('explain', 'vm', vm.name, '--to', host.name)
        what = f'explain {vm.name} to {host.name}'
        verdict = fleet.verdict(vm, host)
        if verdict == 'yes' and not host.active:
            verdict = 'unknown'
        same(what, d['verdict'], verdict)
        same(what + ' exit', VERDICT[code], verdict)
        if host.machine:
            _, sure, unsure = fleet.files.check(vm.saw, host.machine, vm.kind)
            same(what + ' findings', sorted((f['severity'], f['field'])
                                            for f in d['findings']
                                            if f['sure']), list(sure))
            same(what + ' unsure', sorted(f['field'] for f in d['findings']
                                          if not f['sure']), list(unsure))
        same(what + ' hosts', sorted(d['fix']['hosts']),
             sorted(h for h in fleet.homes(vm, fleet.hosts.values())
                    if h != vm.host))
        # why-not agrees, and is as careful
        code, w, _ = fleet.ask('why-not', 'vm', vm.name, '--to', host.name)
        same(f'why-not {vm.name} to {host.name}', w['possible'], verdict)


def features_to_ask(fleet):
    """Some that hosts differ by."""
    every = [fleet.files.level((h.machine,), fleet.kind)
             for h in fleet.hosts.values() if h.machine]
    every = [e[1] for e in every if e]
    if not every:
        return []
    differ = sorted(frozenset.union(*every) - frozenset.intersection(*every))
    return fleet.rng.sample(differ, min(len(differ), 4)) + ['sse2']


def blame(fleet):
    levels = fleet.levels(fleet.hosts.values())
    for name in features_to_ask(fleet):
        code, d, _ = fleet.ask('blame', name, 'p')
        pool = d['pools'][0]
        statement = name in fleet.files.statements
        known = {h.name: fleet.files.level((h.machine,), fleet.kind)[1]
                 for h in fleet.hosts.values() if h.machine and
                 fleet.files.level((h.machine,), fleet.kind)}
        who = sorted(n for n, f in known.items() if (name in f) == statement)
        same(f'blame {name}', sorted(pool['who']), who)
        same(f'blame {name} lacking', pool['lacking'],
             sum(name not in f for f in known.values()))
        same(f'blame {name} unknown', pool['unknown'],
             len(fleet.hosts) - len(known))
        same(f'blame {name} VMs', pool['vms_without'],
             sum(name not in fleet.saw(v) for v in fleet.running()))
        have = [lv and name in lv[1] for lv in levels.values()]
        if statement or not levels:
            continue
        same(f'blame {name} in level', pool['in_level'], all(have))
        same(f'blame {name} exit', code, 1 if not all(have) else
             4 if len(known) < len(fleet.hosts) else 0)
        why_not(fleet, name, levels)


def why_not(fleet, name, levels):
    """Without which sort of hosts would the level have it?"""
    code, d, _ = fleet.ask('why-not', name, 'p')
    said = {c['change']: c['enough'] for c in d['changes']}
    have = all(lv and name in lv[1] for lv in levels.values())
    same(f'why-not {name}', d['possible'], 'yes' if have else 'no')
    if have or len(levels) > 1:
        return
    hosts = list(fleet.hosts.values())
    for m in {h.machine for h in hosts}:
        own = fleet.files.level((m,), fleet.kind) if m else None
        if not own or name in own[1]:
            continue
        names = [h.name for h in hosts if h.machine == m]
        rest = fleet.levels([h for h in hosts if h.machine != m])
        enough = any(lv and name in lv[1] for lv in rest.values())
        text = [t for t in said if t.startswith('p without ') and
                t.split()[2] in names]
        same(f'why-not {name} without {names}', [said[t] for t in text],
             [enough])


# -- divisions ------------------------------------------------------------------

def divisions(items, most):
    """All ways to divide these into at most so many."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for d in divisions(rest, most):
        for i in range(len(d)):
            yield d[:i] + [d[i] + [first]] + d[i + 1:]
        if len(d) < most:
            yield d + [[first]]


def suggest(fleet):
    rng = fleet.rng
    groups, homes = rng.randint(1, 4), rng.randint(1, 3)
    code, d, err = fleet.ask('suggest', 'p', '--groups', str(groups),
                             '--homes', str(homes))
    what = f'suggest --groups {groups} --homes {homes}'
    hosts = list(fleet.hosts.values())
    if any(h.machine is None or not fleet.files.level((h.machine,), fleet.kind)
           for h in hosts):
        same(what + ' exit', code, 4)
        return
    sorts = {}
    for h in hosts:
        own = fleet.files.level((h.machine,), fleet.kind)
        key = (own[1], own[2], fleet.files.vendor(h.machine, fleet.kind))
        sorts.setdefault(key, []).append(h)
    sorts = list(sorts.values())
    best = None
    for parts in divisions(list(range(len(sorts))), groups):
        value = 0
        for p in parts:
            of = [h for i in p for h in sorts[i]]
            level = fleet.files.level(
                tuple(sorted({h.machine for h in of})), fleet.kind)
            if level is None or sum(h.active for h in of) < homes:
                break
            value += len(of) * len(fleet.abilities(level))
        else:
            best = value if best is None else max(best, value)
    if best is None:
        same(what + ' exit', code, 1)
        return
    same(what + ' exit', code, 0 if all(h.active for h in hosts) else 4)
    same(what + ' value', d['value'], best)
    same(what + ' exact', d['exact'], True)
    said = 0
    for p in d['parts']:
        level = fleet.files.level(tuple(sorted(
            {fleet.hosts[n].machine for n in p['hosts']})), fleet.kind)
        same(what + ' features', p['features'], len(level[1]))
        said += len(p['hosts']) * len(fleet.abilities(level))
    same(what + ' its own value', said, best)
    same(what + ' hosts', sorted(n for p in d['parts'] for n in p['hosts']),
         sorted(fleet.hosts))


# -- plans ----------------------------------------------------------------------

def make_plan(fleet):
    """Items: (what, values)."""
    rng, plan = fleet.rng, []
    here = list(fleet.hosts)
    for _ in range(rng.randint(1, 4)):
        luck = rng.random()
        if luck < .25 and fleet.running():
            v = rng.choice(fleet.running()).name
            plan.append(('power-cycle', [rng.choice([v, 'v*'])]))
        elif luck < .5 and len(here) > 1:
            plan.append(('leave', [here.pop(rng.randrange(len(here)))]))
        elif luck < .6:
            plan.append(('join', [rng.choice(fleet.all_machines)]))
        elif here:
            some = rng.sample(here, rng.randint(1, min(2, len(here))))
            plan += [('upgrade',
                      [f'{n}={rng.choice(fleet.all_machines)}'
                       for n in some])]
    return plan or [('leave', [here[0]])] if here else []


def cycle(fleet, pattern, hosts, vms):
    """Those boot anew; False: there is no level for one of them."""
    for v in vms:
        if pattern not in (v.name, 'v*'):
            continue
        level = fleet.next_level(v, hosts)
        if level is None or not all(
                h.machine and fleet.files.level((h.machine,), v.kind)
                for h in hosts.values()):
            return False
        v.saw = level[0]
        # it boots where it was, or where it can
        h = hosts.get(v.host)
        v.moved = not (h and fleet.verdict(v, h) == 'yes')
    return True


def one_step(fleet, step, now, then, vms):
    """What a step that changes one host must say."""
    name = step['who']
    what = f'rehearse {step["what"]} {name}'
    hosts = now.values()
    on = [v for v in vms if v.host == name and not v.moved] \
        if step['what'] != 'join' else []
    fates = [fleet.reach(v, hosts)[2] for v in on]
    same(what + ' moves', step['move'], len(on))
    same(what + ' cannot', step['cannot_move'], fates.count('stranded'))
    same(what + ' unsure', step['unsure'], fates.count('unknown'))
    stranded = 0
    for v in vms:
        f0 = fleet.reach(v, hosts)[2]
        f1 = fleet.reach(settled(fleet, v, now, then), then.values())[2]
        stranded += f1 == 'stranded' and f0 != 'stranded'
    same(what + ' stranded', step['stranded'], stranded)
    with_home = [v for v in vms if fleet.homes(v, hosts)]
    fine = one_moment(fleet, with_home, now, name if step['what'] != 'join'
                      else None) and one_moment(fleet, with_home, then, None)
    same(what + ' homeless', step['homeless'], not fine)
    was = now.get(name) if step['what'] != 'join' else None
    same(what + ' way back', step['way_back'], way_back(fleet, then, was))


def features_of(fleet, hosts):
    return sum(len(lv[1]) for lv in fleet.levels(hosts.values()).values()
               if lv)


def rehearse(fleet):
    plan = make_plan(fleet)
    if not plan:
        return
    path = f'{fleet.files.scratch}/plan.yaml'
    with open(path, 'w', encoding='utf-8') as f:
        f.write('pool: p\nsteps:\n')
        for what, values in plan:
            f.write(f'  - {what}: [{", ".join(values)}]\n')
    code, d, err = fleet.ask('rehearse', path)
    if d is None and 'libyaml' in err:
        return
    now = dict(fleet.hosts)
    vms = [Vm(v.name, v.host, v.saw, v.kind) for v in fleet.running()]
    steps = iter(d['steps'] if d else [])
    bad = False
    joins = 0
    for item, values in plan:
        # a list is one question each, in this order
        for value in values:
            if item == 'power-cycle':
                before = features_of(fleet, now)
                if not cycle(fleet, value, now, vms):
                    if d is not None:
                        raise Wrong(f'rehearse: {value} booted')
                    return
                if d is None:
                    continue
                step = next(steps)
                same('rehearse cycled', step['power_cycled'],
                     sum(value in (v.name, 'v*') for v in vms))
                same('rehearse level', step['after'], before)
                same('rehearse nowhere', step['nowhere'],
                     sum(value in (v.name, 'v*') and
                         not fleet.homes(v, now.values()) and
                         not fleet.unsure(v, now.values()) for v in vms))
                continue
            name, machine = value, value
            if item == 'upgrade':
                name, machine = value.split('=')
            if item == 'join':
                joins += 1
                name = f'join{joins}'
            then = apply(now, {name: (item, machine)})
            if d is None:
                now = then
                continue
            step = next(steps)
            same('rehearse who', step['who'] == name or item == 'join', True)
            same('rehearse before', step['before'], features_of(fleet, now))
            same('rehearse after', step['after'], features_of(fleet, then))
            one_step(fleet, step, now, then, vms)
            bad |= bool(step['stranded'] or step['cannot_move'] or
                        step['homeless'])
            for v in vms:
                s = settled(fleet, v, now, then)
                # comes back where its own host admits it again
                h = then.get(v.host)
                v.moved = s.moved and not (
                    h and fleet.verdict(v, h) == 'yes')
            now = then
    if d is None:
        raise Wrong(f'rehearse: {err}')
    if bad:
        same('rehearse exit', code, 1)


VERBS = {f.__name__: f for f in (whatif, mobility, place, explain, blame,
                                 suggest, rehearse)}


def machines(root):
    """Sets of machines that a fleet may be made of."""
    pool = sorted(glob.glob(f'{root}/test/pool/*.txt'))
    intel = [p for p in pool if 'milan' not in p]
    amd = [p for p in pool if 'milan' in p]
    sets = [INTEL, AMD, intel, INTEL[4:] + AMD[2:], intel + amd]
    corpus = os.environ.get('CPULEVEL_CORPUS', f'{root}/../shared/corpus')
    sets += [s for s in (sorted(glob.glob(f'{corpus}/{d}/*Intel00[0-9A-C]0*')) +
                         sorted(glob.glob(f'{corpus}/{d}/*AMD*'))
                         for d in ('InstLatx64', 'libvirt')) if s]
    return sets


def one(files, root, seed, verbs, keep):
    """One fleet and all questions; what is wrong."""
    rng = random.Random(seed)
    of = rng.choice(machines(root))
    scratch = tempfile.mkdtemp(dir=files.scratch)
    fleet = Fleet(files, rng, f'{scratch}/fleet.db', of)
    wrong = []
    try:
        fleet.make()
    except Wrong as w:
        wrong.append(f'making it: {w}')
        verbs = []
    for verb in verbs:
        try:
            VERBS[verb](fleet)
        except Wrong as w:
            wrong.append(str(w))
    if wrong and keep and os.path.exists(fleet.store):
        shutil.copy(fleet.store, f'{keep}/{seed}.db')
        with open(f'{keep}/{seed}.txt', 'w', encoding='utf-8') as f:
            f.writelines(w + '\n' for w in wrong)
    shutil.rmtree(scratch)
    return wrong


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('program')
    p.add_argument('root')
    p.add_argument('--fleets', type=int, default=12)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--keep')
    p.add_argument('--verb', action='append', choices=sorted(VERBS))
    a = p.parse_args()
    tap = Tap()
    with tempfile.TemporaryDirectory() as scratch:
        files = Files(a.program, a.root, scratch)
        for seed in range(a.seed, a.seed + a.fleets):
            wrong = one(files, a.root, seed, a.verb or list(VERBS), a.keep)
            tap.check(f'fleet {seed}', wrong)
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
