#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write N host definitions as libvirt describes hosts, from raw dumps.

usage: make-hosts.py [--kinds] CPULEVEL N FILE...

Each FILE is one machine in any form that cpulevel reads; those that are not
of the first one's vendor are left out and named.  The features are named by
the cpu_map of the libvirt that is installed, so that it knows all of them:
each definition is the model that says most about the machine and what the
machine has beyond it.  The machines are repeated up to N: with --kinds as
they are, as in a pool that was bought in lots, else each definition lacks
one feature, another one each time, so that hardly two are alike.
"""
import glob
import json
import subprocess
import sys
import xml.etree.ElementTree as xml

CPU_MAP = "/usr/share/libvirt/cpu_map"
REGISTERS = ("eax", "ebx", "ecx", "edx")
VENDORS = {"GenuineIntel": "Intel", "AuthenticAMD": "AMD"}


def number(text):
    """What is not there or not known says 0; VALUE/KNOWN is VALUE."""
    return int((text or "0").split("/")[0], 16)


def read_features():
    """name -> [(place, mask)]; a place is a leaf's register or an MSR."""
    features = {}
    for feature in xml.parse(CPU_MAP + "/x86_features.xml").iter("feature"):
        bits = []
        for at in feature:
            if at.tag == "cpuid":
                leaf = number(at.get("eax_in")), number(at.get("ecx_in"))
                bits += [(leaf + (reg,), number(at.get(reg)))
                         for reg in REGISTERS if at.get(reg)]
            elif at.tag == "msr":
                mask = number(at.get("edx")) << 32 | number(at.get("eax"))
                bits.append((number(at.get("index")), mask))
        if bits and feature.get("migratable") != "no":
            features[feature.get("name")] = bits
    return features


def read_models():
    """name -> (vendor or None, features), bases followed."""
    parsed = {}
    for name in sorted(glob.glob(CPU_MAP + "/x86_*.xml")):
        for model in xml.parse(name).findall("model"):
            parsed[model.get("name")] = model

    def expand(model):
        base = model.find("model")
        inherited = expand(parsed[base.get("name")]) if base is not None \
            else (None, set())
        vendor = model.find("vendor")
        names = {f.get("name") for f in model.findall("feature")
                 if f.get("removed") != "yes"}
        return (vendor.get("name") if vendor is not None else inherited[0],
                inherited[1] | names)

    return {name: expand(model) for name, model in parsed.items()}


def read_machine(tool, path):
    shown = subprocess.run([tool, "show", "--raw", "--json", path],
                           stdout=subprocess.PIPE, check=True)
    doc = json.loads(shown.stdout)
    place = {}
    for leaf in doc["cpuid"]:
        for reg in REGISTERS:
            at = number(leaf["leaf"]), number(leaf["subleaf"]), reg
            place[at] = number(leaf[reg])
    for msr in doc.get("msr", []):
        place[number(msr["index"])] = number(msr["value"])
    vendor = b"".join(place[0, 0, reg].to_bytes(4, "little")
                      for reg in ("ebx", "edx", "ecx"))
    return VENDORS.get(vendor.decode("ascii", "replace")), place


def names_of(place, features):
    return {name for name, bits in features.items()
            if all(place.get(at, 0) & mask == mask for at, mask in bits)}


def nearest_model(models, vendor, has):
    fitting = [(len(names), model)
               for model, (made_by, names) in models.items()
               if made_by == vendor and names <= has]
    return max(fitting)[1] if fitting else None


def definition(vendor, model, names):
    lines = ["<cpu>", "  <arch>x86_64</arch>", f"  <model>{model}</model>",
             f"  <vendor>{vendor}</vendor>"]
    lines += [f"  <feature name='{name}'/>" for name in sorted(names)]
    return "\n".join(lines + ["</cpu>"])


def main():
    kinds = sys.argv[1] == "--kinds"
    tool, count, *paths = sys.argv[1 + kinds:]
    features, models = read_features(), read_models()
    machines, first = [], None
    for path in paths:
        vendor, place = read_machine(tool, path)
        has = names_of(place, features)
        model = nearest_model(models, vendor, has)
        first = first or vendor
        if vendor != first or not model:
            print(f"{path}: left out: {vendor}, no model of {first}",
                  file=sys.stderr)
            continue
        machines.append((model, sorted(has - models[model][1])))
    if not machines:
        sys.exit("no machine of a vendor and model that libvirt knows")
    for i in range(int(count)):
        model, extra = machines[i % len(machines)]
        drop = -1 if kinds else i // len(machines) % (len(extra) + 1)
        print(definition(first, model,
                         [x for k, x in enumerate(extra) if k != drop]))


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"make-hosts.py: exit status {failed.returncode}: "
                 + " ".join(failed.cmd[:4]) + " ...")
