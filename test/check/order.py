"""Prints each static function that is declared ahead although its definition could stand before its first caller.

usage: order.py    (at the top of the clone)

In a file, helpers stand before their callers.  Then it reads from the top, and proves that it has no inner circle.  So only
functions that call themselves, by whatever way, are declared ahead, and those whose declaration carries an attribute.
"""
import glob
import re


def strip(text):
    """Without comments and strings, which may hold anything."""
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', " ", text, flags=re.S)


def functions(text):
    """The body of each function that is defined, by name."""
    found = {}
    for match in re.finditer(r"^(\w+)\([^;{}]*\)\n\{\n(.*?)^\}", text, re.M | re.S):
        found[match[1]] = match[2]
    return found


def recursive(bodies):
    """Those that reach themselves through calls."""
    uses = {name: set(re.findall(r"\w+", body)) & bodies.keys() for name, body in bodies.items()}
    found = set()
    for name in bodies:
        seen, ahead = set(), [name]
        while ahead:
            for other in uses[ahead.pop()] - seen:
                seen.add(other)
                ahead.append(other)
        if name in seen:
            found.add(name)
    return found


for path in sorted(glob.glob("src/**/*.c", recursive=True)):
    text = strip(open(path, encoding="utf-8").read())
    bodies = functions(text)
    needed = recursive(bodies)
    for match in re.finditer(r"^static [^;{}=()]*?\b(\w+)\([^;{}]*\);", text, re.M):
        if match[1] in bodies and match[1] not in needed and "__attribute__" not in match[0]:
            print(f"{path}: {match[1]}() is declared ahead; it can stand before its first caller")
