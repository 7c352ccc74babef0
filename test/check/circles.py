"""Prints what the linker would tell of the order of rooms: calls upwards, and circles among the files of a room.

usage: circles.py    (at the top of a built clone)

Headers alone do not show it: a function can be declared in one place and defined in another.  So this reads the objects of the
sources that there are.  A file uses symbols of its own room and of rooms above it in the table of src/README.md, and no file
of a room uses, by whatever way, one that uses it.
"""
import collections
import glob
import os
import re
import subprocess
import sys
import tempfile

order = re.findall(r"^\| `(\w+)` \|", open("src/README.md", encoding="utf-8").read(), re.M)
rank = {room: place for place, room in enumerate(order)}
scratch = tempfile.TemporaryDirectory()


def room_of(name):
    return os.path.dirname(name)


def object_of(name):
    """The file's object; one that is not of the library, and so needs no server, is compiled for this."""
    built = f"src/{name}.o"
    if os.path.exists(built):
        return built
    own = os.path.join(scratch.name, name.replace("/", "-") + ".o")
    subprocess.run(["cc", "-Isrc", "-c", "-o", own, f"src/{name}.c"], check=True)
    return own


def read_objects():
    """What each file defines and needs, by its name below src/ without ending."""
    home, needs = {}, {}
    for source in sorted(glob.glob("src/**/*.c", recursive=True)):
        name, needed = source[len("src/"):-len(".c")], set()
        listing = subprocess.run(["nm", "-g", object_of(name)], capture_output=True, text=True, check=True).stdout
        for line in listing.splitlines():
            *_, kind, symbol = line.split()
            if kind in "Uw":
                needed.add(symbol)
            else:
                home[symbol] = name
        needs[name] = needed
    return home, needs


def circles(graph):
    """The strongly connected parts of more than one node, as Tarjan finds them."""
    place, lowest, stack, found = {}, {}, [], []

    def visit(node):
        place[node] = lowest[node] = len(place)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in place:
                visit(other)
            if other in stack:
                lowest[node] = min(lowest[node], lowest[other])
        if lowest[node] == place[node]:
            part = set(stack[stack.index(node):])
            del stack[stack.index(node):]
            if len(part) > 1:
                found.append(part)

    sys.setrecursionlimit(len(graph) + 1000)
    for node in sorted(graph):
        if node not in place:
            visit(node)
    return found


home, needs = read_objects()
uses = {name: collections.defaultdict(set) for name in needs}
for name, needed in needs.items():
    for symbol in needed & home.keys():
        uses[name][home[symbol]].add(symbol)

for name in sorted(uses):
    for other, symbols in sorted(uses[name].items()):
        if room_of(name) and rank.get(room_of(other), len(order)) > rank[room_of(name)]:
            print(f"{name}.c uses {', '.join(sorted(symbols))} of {other}.c, which is of a room below its own")

for part in circles(uses):
    print(f"{', '.join(sorted(part))} form a circle:")
    for name in sorted(part):
        for other in sorted(uses[name].keys() & part):
            print(f"  {name}.c uses {', '.join(sorted(uses[name][other]))} of {other}.c")
