"""The .proto files, what is generated from them, and the tables of the server's messages say the same."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from google.protobuf import descriptor_pb2

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "tests" / "data" / "wire"
LEVELS = ("2026-04", "2026-08")
FILES = ("types", "events", "api", "error")


def _package(level: str) -> str:
    return "v" + level.replace("-", "_")


def _files(level: str) -> list[descriptor_pb2.FileDescriptorProto]:
    made = []
    for name in FILES:
        module: Any = importlib.import_module(f"ldk_tui.wire.{_package(level)}.{name}_pb2")
        proto = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(proto)
        made.append(proto)
    return made


def _rows(level: str, table: str) -> list[tuple[str, ...]]:
    lines = (TABLES / level / f"{table}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [tuple(line.split("\t")) for line in lines]


def _server_name(level: str, full: str) -> str:
    """`types.Payment` for `.ldk_tui.v2026_08.types.Payment`: the name as the server's files have it."""
    prefix = f"ldk_tui.{_package(level)}."
    bare = full.removeprefix(".")
    assert bare.startswith(prefix), full
    return bare.removeprefix(prefix)


_SCALARS = {
    descriptor_pb2.FieldDescriptorProto.TYPE_UINT64: "uint64",
    descriptor_pb2.FieldDescriptorProto.TYPE_UINT32: "uint32",
    descriptor_pb2.FieldDescriptorProto.TYPE_INT64: "int64",
    descriptor_pb2.FieldDescriptorProto.TYPE_BOOL: "bool",
    descriptor_pb2.FieldDescriptorProto.TYPE_STRING: "string",
    descriptor_pb2.FieldDescriptorProto.TYPE_BYTES: "bytes",
}


def _message_rows(level: str) -> Iterator[tuple[str, ...]]:
    for file in _files(level):
        for message in file.message_type:
            name = _server_name(level, f"{file.package}.{message.name}")
            maps = {nested.name: nested for nested in message.nested_type if nested.options.map_entry}
            if not message.field:
                yield name, "", "", "", "(empty)", ""
            for field in message.field:
                label, kind = "", _SCALARS.get(field.type) or ""
                nested = maps.get(field.type_name.rsplit(".", 1)[-1])
                if nested is not None:
                    key, value = nested.field
                    kind = f"map<{_SCALARS[key.type]}, {_server_name(level, value.type_name)}>"
                elif not kind:
                    kind = _server_name(level, field.type_name)
                if field.proto3_optional:
                    label = "optional"
                elif field.label == field.LABEL_REPEATED and nested is None:
                    label = "repeated"
                real_oneof = field.HasField("oneof_index") and not field.proto3_optional
                oneof = message.oneof_decl[field.oneof_index].name if real_oneof else ""
                yield name, str(field.number), label, kind, field.name, oneof


@pytest.mark.parametrize("level", LEVELS)
def test_messages_are_those_of_the_table(level: str) -> None:
    ours = set(_message_rows(level))
    table = {(*row, "")[:6] if len(row) < 6 else row for row in _rows(level, "messages")}
    taken_in: set[tuple[str, ...]] = set()
    if level == "2026-04":
        # The recorded server of 2026-05-15 sends it. `optional`, so that absent can be told from mainnet.
        taken_in = {("api.GetNodeInfoResponse", "13", "optional", "types.Network", "network", "")}
    assert ours - table == taken_in
    assert table - ours == set()


@pytest.mark.parametrize("level", LEVELS)
def test_enums_are_those_of_the_table(level: str) -> None:
    ours = {
        (_server_name(level, f"{file.package}.{enum.name}"), str(value.number), value.name)
        for file in _files(level)
        for enum in file.enum_type
        for value in enum.value
    }
    table = set(_rows(level, "enums"))
    taken_in = {row for row in _rows("2026-08", "enums") if row[0] == "types.Network"} if level == "2026-04" else set()
    assert ours == table | taken_in
    assert not table & taken_in


@pytest.mark.parametrize("level", LEVELS)
def test_methods_are_those_of_the_table(level: str) -> None:
    ours = {
        (
            _server_name(level, f"{file.package}.{service.name}"),
            method.name,
            _server_name(level, method.input_type),
            _server_name(level, method.output_type),
            "stream" if method.server_streaming else "unary",
        )
        for file in _files(level)
        for service in file.service
        for method in service.method
    }
    assert ours == set(_rows(level, "methods"))


def test_both_levels_live_in_one_process() -> None:
    """Messages of the same name, with other fields, registered side by side."""
    old: Any = importlib.import_module("ldk_tui.wire.v2026_04.types_pb2")
    new: Any = importlib.import_module("ldk_tui.wire.v2026_08.types_pb2")
    assert old.PaymentKind.DESCRIPTOR.full_name != new.PaymentKind.DESCRIPTOR.full_name
    assert old.PaymentKind.DESCRIPTOR.fields_by_number[3].name == "bolt11_jit"
    assert new.PaymentKind.DESCRIPTOR.fields_by_number[3].name == "bolt12_offer"


# --- comments -----------------------------------------------------------------------------------------------------


def _described(level: str, folder: Path) -> list[descriptor_pb2.FileDescriptorProto]:
    out = folder / "described.bin"
    names = [f"ldk_tui/wire/{_package(level)}/{name}.proto" for name in FILES]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path=ldk_tui/wire={ROOT / 'proto'}"]
    subprocess.run(
        [*command, "--include_source_info", f"--descriptor_set_out={out}", *names], check=True, capture_output=True
    )
    described = descriptor_pb2.FileDescriptorSet()
    described.ParseFromString(out.read_bytes())
    return list(described.file)


def _things(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], str, Any]]:
    """Path in the source info, name, and descriptor of all that must be commented."""
    for i, message in enumerate(file.message_type):
        yield (4, i), message.name, message
        for j, field in enumerate(message.field):
            yield (4, i, 2, j), f"{message.name}.{field.name}", field
    for i, enum in enumerate(file.enum_type):
        yield (5, i), enum.name, enum
        for j, value in enumerate(enum.value):
            yield (5, i, 2, j), f"{enum.name}.{value.name}", value
    for i, service in enumerate(file.service):
        yield (6, i), service.name, service
        for j, method in enumerate(service.method):
            yield (6, i, 2, j), f"{service.name}.{method.name}", method


@pytest.mark.parametrize("level", LEVELS)
def test_everything_is_commented_with_its_unit_and_form(level: str, tmp_path: Path) -> None:
    missing, without_unit, without_form = [], [], []
    for file in _described(level, tmp_path):
        comments = {tuple(one.path): one.leading_comments.strip().lower() for one in file.source_code_info.location}
        assert comments[(12,)], f"{file.name} says nothing of itself"
        for path, name, thing in _things(file):
            comment = comments.get(path, "")
            if len(comment) < 4:
                missing.append(name)
            if not isinstance(thing, descriptor_pb2.FieldDescriptorProto):
                continue
            field = thing.name
            if field.endswith("_msat") and "millisatoshi" not in comment:
                without_unit.append(name)
            if field.endswith(("_sats", "_satoshis")) and "satoshi" not in comment:
                without_unit.append(name)
            if field.endswith(("timestamp", "expiry", "expiry_secs", "last_update")) and "seconds" not in comment:
                without_unit.append(name)
            if field.endswith(("height", "deadline", "cltv_expiry_delta")) and "block" not in comment:
                without_unit.append(name)
            is_id = field.endswith(("_id", "hash", "preimage", "txid", "pubkey", "node_ids")) or field == "id"
            if is_id and not any(form in comment for form in ("hex", "decimal", "txid", "sha-256", "short channel id")):
                without_form.append(name)
    assert (missing, without_unit, without_form) == ([], [], [])


# --- generated code -----------------------------------------------------------------------------------------------


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_protos", ROOT / "proto" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_code_is_that_of_the_protos() -> None:
    command = [sys.executable, str(ROOT / "proto" / "generate.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_check_names_every_file_that_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    generator: Any = _generator()
    for level in LEVELS:
        package = f"ldk_tui/wire/{_package(level)}"
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(generator, "ROOT", tmp_path)
    assert generator.main(["--check"]) == 0

    edited = tmp_path / "ldk_tui/wire/v2026_08/types_pb2.pyi"
    edited.write_text(edited.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    (tmp_path / "ldk_tui/wire/v2026_04/api_pb2.py").unlink()
    (tmp_path / "ldk_tui/wire/v2026_04/left_over_pb2.py").write_text("", encoding="utf-8")
    assert generator.main(["--check"]) == 1
    said = capsys.readouterr().err
    for name in ("v2026_08/types_pb2.pyi", "v2026_04/api_pb2.py", "v2026_04/left_over_pb2.py"):
        assert f"ldk_tui/wire/{name}" in said
    assert said.count("differs from its .proto") == 3
