"""Makes the protobuf modules of both levels from the .proto files beside this file.

    python proto/generate.py            write ldk_tui/wire/v2026_*/*_pb2.py and *_pb2.pyi
    python proto/generate.py --check    write nothing; exit 1 and name the files that differ

The results are checked in, so that installing needs neither grpcio-tools nor mypy-protobuf; those two are pinned for
development, because another version writes other files. `proto/v2026_08/types.proto` is imported as
`ldk_tui/wire/v2026_08/types.proto`: protoc makes the Python import path from that name, and the name is also its key in
protobuf's registry, where the two levels must not meet.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

PROTO = Path(__file__).resolve().parent
ROOT = PROTO.parent
LEVELS = ("v2026_04", "v2026_08")
PACKAGE = "ldk_tui/wire"


def _plugin() -> Path:
    """The `protoc-gen-mypy` of the interpreter that runs this, whatever PATH says."""
    beside = shutil.which("protoc-gen-mypy", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("protoc-gen-mypy")
    if found is None:
        raise SystemExit("protoc-gen-mypy is missing: install the development requirements (mypy-protobuf).")
    return Path(found)


def _init(level: str) -> str:
    return f'"""Protobuf modules of level {level[1:].replace("_", "-")}; made by proto/generate.py, not edited."""\n'


def generate(out: Path) -> None:
    """Writes the modules of all levels below `out`, which stands for the root of the checkout."""
    out.mkdir(parents=True, exist_ok=True)
    for level in LEVELS:
        names = [f"{PACKAGE}/{level}/{path.name}" for path in sorted((PROTO / level).glob("*.proto"))]
        arguments = [
            "protoc",
            f"--proto_path={PACKAGE}={PROTO}",
            f"--proto_path={files('grpc_tools') / '_proto'}",
            f"--plugin=protoc-gen-mypy={_plugin()}",
            f"--python_out={out}",
            f"--mypy_out=quiet:{out}",
            *names,
        ]
        if protoc.main(arguments) != 0:
            raise SystemExit(f"protoc failed for {level}.")
        (out / PACKAGE / level / "__init__.py").write_text(_init(level), encoding="utf-8", newline="\n")


def differences(made: Path) -> list[str]:
    """Paths, relative to the root, of generated files that are missing, stale or too many in the checkout."""
    names = set()
    for level in LEVELS:
        for root in (made, ROOT):
            folder = root / PACKAGE / level
            names |= {p.relative_to(root).as_posix() for p in folder.glob("*.py*") if p.is_file()}
    return sorted(name for name in names if _content(made / name) != _content(ROOT / name))


def _content(path: Path) -> bytes | None:
    return path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Makes the protobuf modules of both levels.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 when a file differs")
    options = parser.parse_args(arguments)
    if not options.check:
        generate(ROOT)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        stale = differences(Path(folder))
    for name in stale:
        sys.stderr.write(f"differs from its .proto: {name}\n")
    if stale:
        sys.stderr.write("Run `make protos` and commit the result.\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
