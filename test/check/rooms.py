"""Prints each include, and each declaration, that goes against the order of rooms.

usage: rooms.py    (at the top of the clone; the order is that of the table in src/README.md)

A file includes headers of its own room and of rooms above it in the table.  What lies directly in src/ may include all,
and no room includes it.  A .c file declares nothing of another file of ours by itself: that would go around the order.
"""
import glob
import os
import re

order = re.findall(r"^\| `(\w+)` \|", open("src/README.md", encoding="utf-8").read(), re.M)
rank = {room: place for place, room in enumerate(order)}
folders = sorted(name for name in os.listdir("src") if glob.glob(f"src/{name}/*.[ch]"))

for room in folders:
    if room not in rank:
        print(f"src/{room}: a room that src/README.md does not name")
for room in order:
    if room not in folders:
        print(f"src/README.md: room {room} has no files")
    if order.count(room) > 1:
        print(f"src/README.md: room {room} stands in the table more than once")

for path in sorted(glob.glob("src/*/*.[ch]")):
    room = path.split("/")[1]
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        match = re.match(r'\s*#\s*include\s+["<](\.\./)?((?:(\w+)/)?[\w./]+\.[ch])[">]', line)
        if not match or not (match[1] or os.path.exists("src/" + match[2])):
            continue
        if match[1] or rank.get(match[3], len(order)) > rank.get(room, -1):
            print(f"{path}:{number}: {room} may not include {match[2]}")

# Comments go, but for their line ends, so that numbers of lines stay.
for path in sorted(glob.glob("src/**/*.c", recursive=True)):
    text = re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment[0].count("\n"), open(path, encoding="utf-8").read(), flags=re.S)
    for number, line in enumerate(text.split("\n"), 1):
        if re.match(r"\s*extern\b(?!.*\bPGDLLIMPORT\b)", line) or re.match(r"(?!static\b|return\b|typedef\b)\w[\w *]*\brespond_\w+\([^{]*\);$", line):
            print(f"{path}:{number}: declares what a header should declare")
