#!/usr/bin/env python3
"""Writes case_map_table.h from the Unicode data that ships with Python.

Run by hand when the table should follow a newer Unicode version:
    python3 src/match/make_case_map.py > src/match/case_map_table.h
"""
import unicodedata

LAST = 0x1FFFF


def pairs(convert):
    for code in range(0x80, LAST + 1):
        if 0xD800 <= code <= 0xDFFF:
            continue
        text = convert(chr(code))
        if len(text) == 1 and text != chr(code):
            yield code, ord(text) - code


def runs(convert):
    """Joins code points with the same distance and a constant step."""
    run = None
    for code, delta in pairs(convert):
        if run and run[3] == delta:
            step = code - run[1]
            if run[2] == 0 and step <= 2 or run[2] == step:
                run[1], run[2] = code, step
                continue
        if run:
            yield run
        run = [code, code, 0, delta]
    yield run


def print_runs(name, convert):
    print("static const CaseRun %s[] = {" % name)
    for first, last, step, delta in runs(convert):
        print("\t{0x%04X, 0x%04X, %d, %d}," % (first, last, max(step, 1), delta))
    print("};\n")


def escape(text):
    return "".join("\\%03o" % byte for byte in text.encode())


def main():
    print("/*-------------------------------------------------------------------------")
    print(" * case_map_table.h")
    print(" *\t  Unicode %s case mappings beyond ASCII, made by make_case_map.py." % unicodedata.unidata_version)
    print(" *")
    print(" * src/match/case_map_table.h")
    print(" *-------------------------------------------------------------------------")
    print(" */")
    print_runs("lower_runs", str.lower)
    print_runs("upper_runs", str.upper)
    print("static const CaseExpansion lower_expansions[] = {")
    for code in range(0x80, LAST + 1):
        if not 0xD800 <= code <= 0xDFFF and len(chr(code).lower()) > 1:
            print('\t{0x%04X, "%s"},' % (code, escape(chr(code).lower())))
    print("};\n\nstatic const CaseExpansion upper_expansions[] = {")
    for code in range(0x80, LAST + 1):
        if not 0xD800 <= code <= 0xDFFF and len(chr(code).upper()) > 1:
            print('\t{0x%04X, "%s"},' % (code, escape(chr(code).upper())))
    print("};")


main()
