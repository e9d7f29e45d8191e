"""Is what pip resolved free of conflicts? ``resolved.py REPORT WANTED ...`` after ``pip install --report REPORT``.

pip's own answer is checked once more, package by package, since a constraint can make it take what nobody declared. It
is no test: a package index has to be reached. ``make resolve`` runs it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ONE_MODULE = (("faiss-cpu", "faiss-gpu"),)
"""Packages that install the same module: the second overwrites the first."""


def conflicts(report: Mapping[str, Any], wanted: list[str]) -> Iterator[str]:
    """What does not fit, a line each."""
    found = {canonicalize_name(entry["metadata"]["name"]): entry for entry in report["install"]}
    for name in wanted:
        if canonicalize_name(name) not in found:
            yield f"{name} is not in the answer"
    for names in ONE_MODULE:
        if all(name in found for name in names):
            yield f"{' and '.join(names)} exclude each other"
    environment = {key: str(value) for key, value in report["environment"].items()}
    open_pairs = [(name, extra) for name, entry in found.items() for extra in ("", *entry.get("requested_extras", ()))]
    done: set[tuple[str, str]] = set()
    while open_pairs:
        name, extra = pair = open_pairs.pop()
        if pair in done or name not in found:
            continue
        done.add(pair)
        for requirement in _requirements(found[name]["metadata"], extra, environment):
            needed = canonicalize_name(requirement.name)
            open_pairs += [(needed, each) for each in requirement.extras]
            if needed not in found:
                yield f"{name} needs {requirement}, which is not in the answer"
            elif not requirement.specifier.contains(found[needed]["metadata"]["version"], prereleases=True):
                yield f"{name} needs {requirement}, not {found[needed]['metadata']['version']}"


def _requirements(metadata: Mapping[str, Any], extra: str, environment: Mapping[str, str]) -> Iterator[Requirement]:
    """Those that hold here; with an ``extra`` those of it beside the others."""
    for text in metadata.get("requires_dist", ()):
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({**environment, "extra": extra}):
            yield requirement


def main(file: str, *wanted: str) -> int:
    report = json.loads(Path(file).read_text("utf-8"))
    found = sorted(set(conflicts(report, list(wanted))))
    versions = {canonicalize_name(one["metadata"]["name"]): one["metadata"]["version"] for one in report["install"]}
    chosen = ", ".join(f"{name} {versions[canonicalize_name(name)]}" for name in wanted if name in versions)
    print("\n".join(found) or f"{len(report['install'])} packages, no conflict: {chosen}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
