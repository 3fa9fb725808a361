#!/usr/bin/env python3
"""Writes the C file behind gateway/web/assets.h: embed.py OUT.c PATH=FILE..."""

import hashlib
import json
import sys

TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
}


def contents(name):
    with open(name, "rb") as file:
        data = file.read()
    if name.endswith(".json"):  # readable in the tree, small on the wire
        data = json.dumps(json.loads(data), ensure_ascii=False, separators=(",", ":")).encode()
    return data


def array(index, data):
    lines = [",".join(map(str, data[at : at + 32])) for at in range(0, len(data), 32)]
    return f"static const unsigned char bytes_{index}[] = {{\n" + ",\n".join(lines) + "};\n"


def entry(index, path, name, data):
    kind = TYPES[name.rsplit(".", 1)[1]]
    etag = hashlib.sha256(data).hexdigest()[:32]
    return (
        f'    {{.path = STR_INIT("{path}"),\n'
        f'     .content_type = STR_INIT("{kind}"),\n'
        f"     .bytes = {{(const char *) bytes_{index}, sizeof(bytes_{index})}},\n"
        f'     .etag = STR_INIT("\\"{etag}\\"")}},\n'
    )


def main():
    pairs = sorted(argument.split("=", 1) for argument in sys.argv[2:])
    files = [(path, name, contents(name)) for path, name in pairs]
    if len({path for path, _ in pairs}) != len(pairs) or not all(data for _, _, data in files):
        sys.exit("embed.py: a path is given twice or a file is empty")
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write('#include "gateway/web/assets.h"\n\n')
        for index, (_, _, data) in enumerate(files):
            out.write(array(index, data))
        out.write("\nstatic const struct asset assets[] = {\n")
        for index, (path, name, data) in enumerate(files):
            out.write(entry(index, path, name, data))
        out.write(
            "};\n\n"
            "const struct asset *asset_find(struct str path) {\n"
            "    for (size_t i = 0; i < sizeof(assets) / sizeof(assets[0]); i++) {\n"
            "        if (str_eq(assets[i].path, path)) {\n"
            "            return &assets[i];\n"
            "        }\n"
            "    }\n"
            "    return NULL;\n"
            "}\n\n"
            "const struct asset *asset_all(size_t *ret_count) {\n"
            "    *ret_count = sizeof(assets) / sizeof(assets[0]);\n"
            "    return assets;\n"
            "}\n"
        )


main()
