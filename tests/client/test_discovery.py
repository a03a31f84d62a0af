"""Finding the server: folders of three platforms, precedence, wildcards, key files, and what is said when it fails."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from ldk_tui.client.discovery import SECRET_VARIABLES, Flags, Found, default_folder, find
from ldk_tui.client.keyfile import parse_key, read_key
from ldk_tui.client.target import PinnedCertificate, SystemTrust, dial_host, format_address, parse_address
from ldk_tui.core.attempt import Report, StepKind, StepResult
from ldk_tui.core.errors import BadInput, Unreachable, UnreachableCause
from ldk_tui.core.model import Level, Network
from ldk_tui.core.secret import Secret
from ldk_tui.sim.certificate import Certificate

KEY = bytes(range(32))
PEM = Certificate.generate().pem


def write(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return path


def server_folder(folder: Path, network: str = "bitcoin", config: str | None = None) -> Path:
    write(folder / "tls.crt", PEM)
    write(folder / network / "api_key", KEY, 0o400)
    if config is not None:
        write(folder / "config.toml", config.encode())
    return folder


def look(home: Path, flags: Flags | None = None, env: dict[str, str] | None = None, platform: str = "linux") -> Found:
    return find(flags or Flags(), env or {}, platform, home)


def results(report: Report, kind: StepKind) -> list[tuple[str, StepResult]]:
    return [(step.value, step.result) for step in report.of(kind)]


PLATFORMS = [
    ("linux", {}, ".ldk-server"),
    ("freebsd14", {}, ".ldk-server"),
    ("darwin", {}, "Library/Application Support/ldk-server"),
    ("win32", {}, "AppData/Roaming/ldk-server"),
    ("win32", {"APPDATA": "{home}/elsewhere"}, "elsewhere/ldk-server"),
]


@pytest.mark.parametrize(("platform", "env", "folder"), PLATFORMS)
def test_default_folder_with_config(tmp_path: Path, platform: str, env: dict[str, str], folder: str) -> None:
    env = {name: value.format(home=tmp_path) for name, value in env.items()}
    assert default_folder(env, platform, tmp_path) == tmp_path / folder
    config = '[node]\nnetwork = "signet"\ngrpc_service_address = "127.0.0.1:4000"\n'
    server_folder(tmp_path / folder, "signet", config)
    found = look(tmp_path, env=env, platform=platform)
    assert found.report.problem is None
    assert found.target is not None
    assert found.target.address == "127.0.0.1:4000"
    assert found.target.network is Network.SIGNET
    assert found.target.key == Secret(KEY.hex())
    assert found.target.key_path == tmp_path / folder / "signet" / "api_key"
    assert found.target.trust == PinnedCertificate(tmp_path / folder / "tls.crt")
    assert {step.result for step in found.report.steps} == {StepResult.OK}


def test_without_any_config_bitcoin_on_the_usual_port(tmp_path: Path) -> None:
    server_folder(tmp_path / ".ldk-server")
    found = look(tmp_path)
    assert found.target is not None
    assert found.target.address == "127.0.0.1:3536"
    assert found.target.network is None  # nobody said; the server will
    assert results(found.report, StepKind.NETWORK) == [("bitcoin", StepResult.DEFAULT)]
    assert results(found.report, StepKind.CONFIG) == [
        (str(tmp_path / ".ldk-server" / "config.toml"), StepResult.MISSING)
    ]


def test_nothing_there_is_a_report_and_no_exception(tmp_path: Path) -> None:
    found = look(tmp_path)
    assert found.target is None
    assert isinstance(found.report.problem, Unreachable)
    assert found.report.problem.cause is UnreachableCause.CERTIFICATE_FILE
    assert results(found.report, StepKind.CERTIFICATE) == [(str(tmp_path / ".ldk-server/tls.crt"), StepResult.MISSING)]
    assert results(found.report, StepKind.KEY_FILE) == [
        (str(tmp_path / ".ldk-server/bitcoin/api_key"), StepResult.MISSING)
    ]
    assert all(step.note for step in found.report.steps if step.kind in (StepKind.CERTIFICATE, StepKind.KEY_FILE))


def test_storage_folder_of_the_config_then_the_default_one(tmp_path: Path) -> None:
    config = f'[node]\nnetwork = "regtest"\n[storage.disk]\ndir_path = "{tmp_path}/data"\n'
    server_folder(tmp_path / ".ldk-server", "regtest", config)
    found = look(tmp_path)
    assert found.target is not None
    assert results(found.report, StepKind.KEY_FILE) == [
        (f"{tmp_path}/data/regtest/api_key", StepResult.MISSING),
        (f"{tmp_path}/.ldk-server/regtest/api_key", StepResult.OK),
    ]
    server_folder(tmp_path / "data", "regtest")
    found = look(tmp_path)
    assert found.target is not None
    assert found.target.key_path == tmp_path / "data/regtest/api_key"
    assert found.target.trust == PinnedCertificate(tmp_path / "data/tls.crt")


def test_a_wrong_file_in_the_named_place_is_not_passed_over(tmp_path: Path) -> None:
    """Falling through to another folder's key would mean another server's key."""
    config = f'[node]\nnetwork = "regtest"\n[storage.disk]\ndir_path = "{tmp_path}/data"\n'
    server_folder(tmp_path / ".ldk-server", "regtest", config)
    write(tmp_path / "data/regtest/api_key", b"short", 0o400)
    found = look(tmp_path)
    assert found.target is None
    assert "5 bytes" in str(found.report.problem)


def test_relative_paths_are_from_the_config_s_folder(tmp_path: Path) -> None:
    config = '[node]\nnetwork = "regtest"\n[tls]\ncert_path = "certs/mine.pem"\n[storage.disk]\ndir_path = "data"\n'
    path = write(tmp_path / "etc/config.toml", config.encode())
    write(tmp_path / "etc/certs/mine.pem", PEM)
    server_folder(tmp_path / "etc/data", "regtest")
    found = look(tmp_path, Flags(config=path))
    assert found.target is not None
    assert found.target.trust == PinnedCertificate(tmp_path / "etc/certs/mine.pem")
    assert found.target.key_path == tmp_path / "etc/data/regtest/api_key"


def test_flags_win_over_variables_over_config(tmp_path: Path) -> None:
    folder = server_folder(tmp_path / ".ldk-server", "signet", '[node]\nnetwork="signet"\ngrpc_service_address="c:1"\n')
    env = {
        "LDK_SERVER_NODE_GRPC_SERVICE_ADDRESS": "daemon:2",
        "LDK_SERVER_NODE_NETWORK": "regtest",
        "LDK_SERVER_STORAGE_DIR_PATH": str(server_folder(tmp_path / "var", "regtest")),
    }
    found = look(tmp_path, env=env)
    assert found.target is not None
    assert (found.target.address, found.target.network) == ("daemon:2", Network.REGTEST)
    assert found.target.key_path == tmp_path / "var/regtest/api_key"
    env["LDK_BASE_URL"] = "base:3"
    env["LDK_TLS_CERT_PATH"] = str(write(tmp_path / "env.crt", PEM))
    env["LDK_API_KEY"] = "AB" * 32
    found = look(tmp_path, env=env)
    assert found.target is not None
    assert found.target.address == "base:3"
    assert found.target.trust == PinnedCertificate(tmp_path / "env.crt")
    assert found.target.key == Secret("ab" * 32)
    assert found.target.key_path is None
    flags = Flags(
        server="flag:4",
        cert=write(tmp_path / "flag.crt", PEM),
        api_key_file=folder / "signet/api_key",
        network="testnet4",
        level=Level.L2026_04,
    )
    found = look(tmp_path, flags, env)
    assert found.target is not None
    assert (found.target.address, found.target.network) == ("flag:4", Network.TESTNET4)
    assert found.target.trust == PinnedCertificate(tmp_path / "flag.crt")
    assert found.target.key == Secret(KEY.hex())
    assert found.target.level is Level.L2026_04


def test_secrets_are_in_no_report(tmp_path: Path) -> None:
    server_folder(tmp_path / ".ldk-server")
    key = "ab" * 32
    found = look(tmp_path, env={"LDK_API_KEY": key})
    assert key not in repr(found)
    assert "LDK_API_KEY" in SECRET_VARIABLES


@pytest.mark.parametrize(
    ("listens", "calls"),
    [
        ("0.0.0.0:3536", "127.0.0.1:3536"),
        ("[::]:4000", "localhost:4000"),
        ("127.0.0.1:3536", "127.0.0.1:3536"),
        ("[::1]:3536", "[::1]:3536"),
        ("192.168.1.5:1", "192.168.1.5:1"),
    ],
)
def test_a_wildcard_is_where_it_listens_not_where_to_call(tmp_path: Path, listens: str, calls: str) -> None:
    server_folder(tmp_path / ".ldk-server", config=f'[node]\ngrpc_service_address = "{listens}"\n')
    found = look(tmp_path)
    assert found.target is not None
    assert found.target.address == calls
    (step,) = found.report.of(StepKind.ADDRESS)
    assert (listens in step.note) == (listens != calls)


@pytest.mark.parametrize("network", ["bitcoin", "mainnet", "testnet", "testnet4", "signet", "regtest", "Signet"])
def test_network_names(tmp_path: Path, network: str) -> None:
    folder = "bitcoin" if network == "mainnet" else network.lower()
    server_folder(tmp_path / ".ldk-server", folder)
    found = look(tmp_path, Flags(network=network))
    assert found.target is not None
    assert found.target.network is Network(folder)


def test_a_key_for_another_network_is_pointed_at(tmp_path: Path) -> None:
    server_folder(tmp_path / ".ldk-server", "regtest")
    found = look(tmp_path)
    assert found.target is None
    assert "--network regtest" in str(found.report.problem)


def test_system_trust_needs_no_certificate_file(tmp_path: Path) -> None:
    write(tmp_path / ".ldk-server/bitcoin/api_key", KEY, 0o400)
    found = look(tmp_path, Flags(system_trust=True))
    assert found.target is not None
    assert found.target.trust == SystemTrust()


def test_the_simulator_s_folder_is_found(tmp_path: Path) -> None:
    from ldk_tui.sim.folder import write_folder

    files = write_folder(tmp_path / ".ldk-server", network=Network.REGTEST)
    files.write_config("127.0.0.1:4567")
    found = look(tmp_path)
    assert found.report.problem is None
    assert found.target is not None
    assert (found.target.address, found.target.network) == ("127.0.0.1:4567", Network.REGTEST)


BAD: list[tuple[Flags, dict[str, str], str]] = [
    (Flags(server="https://x:1"), {}, "without https://"),
    (Flags(server="x:99999"), {}, "1 to 65535"),
    (Flags(server="x:"), {}, "1 to 65535"),
    (Flags(server=":1"), {}, "no host"),
    (Flags(server="::1"), {}, "brackets"),
    (Flags(server="[::1"), {}, "[address]:port"),
    (Flags(server="a b:1"), {}, "host:port"),
    (Flags(server="x\x1b[2J:1"), {}, "host:port"),
    (Flags(), {"LDK_BASE_URL": "http://x"}, "LDK_BASE_URL"),
    (Flags(network="mainet"), {}, "--network"),
    (Flags(), {"LDK_SERVER_NODE_NETWORK": "x"}, "LDK_SERVER_NODE_NETWORK"),
    (Flags(config=Path("/nowhere/config.toml")), {}, "does not exist"),
    (Flags(config=Path("/")), {}, "cannot be read"),
    (Flags(cert=Path("/nowhere/tls.crt")), {}, "does not exist"),
    (Flags(cert=Path("/dev/null")), {}, "PEM"),
    (Flags(api_key_file=Path("/nowhere/api_key")), {}, "does not exist"),
    (Flags(), {"LDK_API_KEY": "abc"}, "64 hex digits"),
    (Flags(cert=Path("/x"), system_trust=True), {}, "one excludes the other"),
    (Flags(certificate_name="x", system_trust=True), {}, "pinned"),
]


@pytest.mark.parametrize(("flags", "env", "word"), BAD, ids=[f"{index}" for index in range(len(BAD))])
def test_what_was_said_and_is_wrong_is_bad_input(tmp_path: Path, flags: Flags, env: dict[str, str], word: str) -> None:
    server_folder(tmp_path / ".ldk-server")
    with pytest.raises(BadInput) as caught:
        look(tmp_path, flags, env)
    assert word in caught.value.sentence
    assert "\n" not in caught.value.sentence
    assert "\x1b" not in caught.value.sentence


CONFIGS = [
    ("[node", "is not TOML: look at end of document"),
    ("[node]\nnetwork = signet\n", "is not TOML: look at line 2, column 11"),
    ("[node]\nnetwork = 3\n", "network under [node] is not a text"),
    ("node = 3\n", "[node] is not a table"),
    ("[storage]\ndisk = 1\n", "[storage.disk] is not a table"),
    ('[node]\nnetwork = "x"\n', "the network is one of"),
    ('[node]\ngrpc_service_address = "https://x"\n', "without https://"),
]


@pytest.mark.parametrize(("config", "word"), CONFIGS)
def test_a_config_that_cannot_be_used(tmp_path: Path, config: str, word: str) -> None:
    server_folder(tmp_path / ".ldk-server", config=config)
    with pytest.raises(BadInput) as caught:
        look(tmp_path)
    assert word in caught.value.sentence
    assert str(tmp_path) in caught.value.sentence


def test_a_broken_config_does_not_matter_when_everything_was_said(tmp_path: Path) -> None:
    folder = server_folder(tmp_path / ".ldk-server", config="[node\npassword = 'hunter2'")
    env = {"LDK_BASE_URL": "x:1", "LDK_API_KEY": "ab" * 32, "LDK_TLS_CERT_PATH": str(folder / "tls.crt")}
    found = look(tmp_path, env=env)
    assert found.target is not None
    (step,) = found.report.of(StepKind.CONFIG)
    assert step.result is StepResult.INVALID
    assert "hunter2" not in step.note


def test_other_keys_of_the_daemon_s_config_are_ignored(tmp_path: Path) -> None:
    server_folder(tmp_path / ".ldk-server", config='[bitcoind]\nrpc_password = "x"\n[log]\nlevel = "Debug"\n')
    assert look(tmp_path).target is not None


# --- key files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [KEY, KEY.hex().encode(), KEY.hex().upper().encode() + b"\n"])
def test_key_forms(tmp_path: Path, content: bytes) -> None:
    assert read_key(write(tmp_path / "k", content, 0o400), platform="linux") == Secret(KEY.hex())


def test_thirty_two_raw_bytes_that_look_like_hex_are_raw() -> None:
    assert parse_key(b"ab" * 16) == Secret((b"ab" * 16).hex())


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "is empty"),
        (b"x" * 31, "31 bytes"),
        (KEY + b"\n", "33 bytes"),
        (b"zz" * 32, "64 bytes"),
        (b"02" + b"ab" * 92, "macaroon"),
        (b"x" * 100_000, "bytes"),
    ],
)
def test_key_files_of_the_wrong_content(tmp_path: Path, content: bytes, word: str) -> None:
    with pytest.raises(Unreachable) as caught:
        read_key(write(tmp_path / "k", content, 0o400), platform="linux")
    assert caught.value.cause is UnreachableCause.KEY_FILE
    assert word in caught.value.sentence
    assert content[:8].decode() not in caught.value.sentence or not content


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o640, 0o644, 0o420, 0o600 | 0o001])
def test_a_key_that_others_may_use_is_refused_with_the_line_that_mends_it(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "a folder" / "k", KEY, mode)
    with pytest.raises(Unreachable) as caught:
        read_key(path, platform="linux")
    assert f"chmod 600 '{path}'" in caught.value.sentence
    assert read_key(path, platform="win32") == Secret(KEY.hex())


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "k", KEY, 0o400)
    (tmp_path / "link").symlink_to(tmp_path / "k")
    with pytest.raises(Unreachable, match="symbolic link"):
        read_key(tmp_path / "link", platform="linux")


def test_a_link_put_there_after_the_look_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "k", KEY, 0o400)
    (tmp_path / "link").symlink_to(tmp_path / "k")
    monkeypatch.setattr(Path, "is_symlink", lambda self: False)
    with pytest.raises(Unreachable, match="cannot be read"):
        read_key(tmp_path / "link", platform="linux")


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="not a regular file"):
        read_key(tmp_path, platform="linux")
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(Unreachable, match="not a regular file"):
        read_key(tmp_path / "pipe", platform="linux")  # and it did not hang


def test_missing_key(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="does not exist"):
        read_key(tmp_path / "k", platform="linux")


def test_unreadable_key(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: Any, **__: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", deny)
    with pytest.raises(Unreachable) as caught:
        read_key(key_file, platform="linux")
    assert "cannot be read by this user" in caught.value.sentence


def test_somebody_else_s_key(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = key_file.stat().st_uid
    if owner == 0:
        os.chown(key_file, 54_321, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(Unreachable, match="belongs to another user"):
        read_key(key_file, platform="linux")


def test_a_folder_that_everybody_may_write_to(tmp_path: Path) -> None:
    path = write(tmp_path / "open" / "k", KEY, 0o400)
    path.parent.chmod(0o777)
    with pytest.raises(Unreachable, match="everybody may write"):
        read_key(path, platform="linux")
    path.parent.chmod(0o777 | stat.S_ISVTX)  # like /tmp: others cannot replace what is ours
    assert read_key(path, platform="linux") == Secret(KEY.hex())


# --- addresses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("node.example", ("node.example", 3536)),
        (" 127.0.0.1:3000 ", ("127.0.0.1", 3000)),
        ("[::1]:65535", ("::1", 65535)),
        ("[fe80::1%eth0]", ("fe80::1%eth0", 3536)),
    ],
)
def test_addresses(text: str, expected: tuple[str, int]) -> None:
    assert parse_address(text) == expected


def test_a_port_can_be_demanded() -> None:
    with pytest.raises(BadInput, match="no port"):
        parse_address("node.example", default_port=None)


def test_addresses_are_written_as_they_are_read() -> None:
    assert parse_address(format_address("::1", 1)) == ("::1", 1)
    assert dial_host("::") == "localhost"
