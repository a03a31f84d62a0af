"""Our config.toml: what it may say, and one sentence with file and key for everything else."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldk_tui.config.load import load, loads
from ldk_tui.config.schema import EXAMPLE, Config, LogLevel, Profile, Trust, parse
from ldk_tui.core.amounts import Unit
from ldk_tui.core.errors import BadInput
from ldk_tui.core.model import Level, Network

FILE = Path("/home/ann/.config/ldk-tui/config.toml")


def said(text: str) -> Config:
    return loads(text.encode(), FILE)


def complaint(text: str | bytes) -> str:
    with pytest.raises(BadInput) as caught:
        loads(text.encode() if isinstance(text, str) else text, FILE)
    sentence = caught.value.sentence
    assert str(FILE) in sentence
    assert sentence.endswith((".", "?"))
    assert sentence.isprintable()  # one line, no control characters
    return sentence


# --- what may stand there --------------------------------------------------------------------------------------------


def test_the_example_is_valid_and_says_what_its_comments_say() -> None:
    config = said(EXAMPLE)
    assert (config.unit, config.amount_limit_msat, config.log_level) == (Unit.SAT, 1_000_000_000, LogLevel.INFO)
    assert (config.read_only, config.bell, config.path) == (False, True, FILE)
    home, office = config.profile(), config.profile("office")
    assert (home.name, home.server, home.network, home.trust) == (
        "home",
        "127.0.0.1:3536",
        Network.BITCOIN,
        Trust.PINNED,
    )
    assert home.cert == Path("~/.ldk-server/tls.crt").expanduser()
    assert home.level is None
    assert (office.trust, office.level, office.read_only) == (Trust.SYSTEM, Level.L2026_08, True)
    assert office.api_key_file == FILE.parent / "office.key"


def test_everything_is_optional() -> None:
    assert said("") == Config(FILE)
    assert said("[profile.a]").profile() == Profile("a")
    assert loads(b"\xef\xbb\xbfbell = false", FILE).bell is False  # an editor's byte order mark


def test_profiles_take_over_what_is_said_for_all() -> None:
    config = said(
        'unit = "BTC"\namount_limit = "5 sat"\nread_only = true\n'
        '[profile.a]\n[profile.b]\nunit = "msat"\namount_limit = "7 msat"\nread_only = false\n'
    )
    a, b = config.profile("a"), config.profile("b")
    assert (a.unit, a.amount_limit_msat, a.read_only) == (Unit.BTC, 5_000, True)
    assert (b.unit, b.amount_limit_msat, b.read_only) == (Unit.MSAT, 7, False)
    nameless = config.profile()
    assert (nameless.name, nameless.unit, nameless.read_only) == ("", Unit.BTC, True)


def test_every_key_of_a_profile() -> None:
    config = said(
        """
        theme = "nord"
        log_level = "debug"
        [profile.x-1_Y]
        server = "[::1]:3536"
        server_config = "/etc/ldk-server/config.toml"
        cert = "tls.crt"
        certificate_name = "localhost"
        trust = "pinned"
        api_key_file = "/run/key"
        network = "mainnet"
        level = "auto"
        metrics_username = "u"
        metrics_password_file = "pw"
        """
    )
    assert (config.theme, config.log_level) == ("nord", LogLevel.DEBUG)
    assert config.profile() == Profile(
        "x-1_Y",
        "[::1]:3536",
        Path("/etc/ldk-server/config.toml"),
        FILE.parent / "tls.crt",
        "localhost",
        Trust.PINNED,
        Path("/run/key"),
        Network.BITCOIN,
        None,
        "u",
        FILE.parent / "pw",
    )


@pytest.mark.parametrize("server", ["localhost", "127.0.0.1:1", "node.example.org:65535", "[fe80::1]:3536", "a_b:80"])
def test_addresses(server: str) -> None:
    assert said(f'[profile.a]\nserver = "{server}"').profile().server == server


# --- what may not ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ('unitt = "sat"', "unitt", "did you mean unit?"),
        ("Bell = true", "Bell", "did you mean bell?"),
        ("[profiles.home]", "profiles", "did you mean profile?"),
        ("[profile.home]\nsever = '1'", "profile.home.sever", "did you mean server?"),
        ("[profile.home]\napi_key_flie = 'x'", "profile.home.api_key_flie", "did you mean api_key_file?"),
        ("zzz = 1", "zzz", "is not a key"),
        ('server = "a:1"', "server", "belongs under a [profile.name]"),
        ("[profile.a]\nbell = true", "profile.a.bell", "belongs at the top of the file"),
        ('unit = "sats"', "unit", 'is "sats"; it is one of sat, msat, BTC; did you mean sat?'),
        ('unit = "btc"', "unit", "it is one of sat, msat, BTC"),
        ("unit = 1", "unit", "is a number where a text in quotes is needed"),
        ('bell = "yes"', "bell", "is a text; it is either true or false, without quotes"),
        ("bell = 1", "bell", "is a number"),
        ("read_only = []", "read_only", "is a list"),
        ("theme = 2026-01-01", "theme", "is a date"),
        ('theme = ""', "theme", "is empty"),
        ('theme = "a\\u001bb"', "theme", "cannot be printed"),
        ("amount_limit = 1000", "amount_limit", 'in quotes, as in "1000000 sat"'),
        ('amount_limit = "1.000"', "amount_limit", "is not usable: write an amount as digits and a unit"),
        ('amount_limit = "0 sat"', "amount_limit", "the amount is zero"),
        ('log_level = "verbose"', "log_level", "it is one of debug, info, warning, error"),
        ('default_profile = "hom"\n[profile.home]', "default_profile", "did you mean home?"),
        ("profile = 1", "profile", "is not a table"),
        ("profile = []", "profile", "is not a table"),
        ('[profile]\nserver = "a:1"', "profile.server", "server belongs into [profile.some-name]"),
        ('[profile."a b"]', "profile.a b", "other characters than letters"),
        ('[profile."\\u001b[2J"]', "profile.", "other characters than letters"),
        ("[profile.a]\nserver = 'https://a:1'", "profile.a.server", "has a scheme; write host:port"),
        ("[profile.a]\nserver = 'a b'", "profile.a.server", "is not an address"),
        ("[profile.a]\nserver = '::1'", "profile.a.server", "is not an address"),
        ("[profile.a]\nserver = 'a:0'", "profile.a.server", "outside 1 to 65535"),
        ("[profile.a]\nserver = 'a:65536'", "profile.a.server", "outside 1 to 65535"),
        ("[profile.a]\nnetwork = 'sigent'", "profile.a.network", "did you mean signet?"),
        ("[profile.a]\nnetwork = 'unknown'", "profile.a.network", "it is one of bitcoin"),
        ("[profile.a]\nlevel = '2026-09'", "profile.a.level", "it is one of auto, 2026-04, 2026-08"),
        ("[profile.a]\ntrust = 'none'", "profile.a.trust", "it is one of pinned, system"),
        ("[profile.a]\ntrust = 'system'\ncert = 'x'", "profile.a.cert", "contradicts"),
        ("[profile.a]\ntrust = 'system'\ncertificate_name = 'x'", "profile.a.certificate_name", "only goes with"),
        ("[profile.a]\nmetrics_username = 'x'", "profile.a.metrics_username", "only go together"),
        ("[profile.a]\ncert = 'a\\u0000b'".replace("'", '"'), "profile.a.cert", "cannot be printed"),
        ("[profile.a]\ncert = '~nobody-of-this-name/x'", "profile.a.cert", "home folder is not known"),
    ],
)
def test_one_sentence_with_file_and_key(text: str, key: str, words: str) -> None:
    sentence = complaint(text)
    assert f"{FILE}: {key}" in sentence
    assert words in sentence


@pytest.mark.parametrize(
    "text",
    [
        '[profile.a]\napi_key = "{}"',
        '[profile.a]\napi_key_file = "{}"',
        '[profile.a]\napikey = "{}"',
        '[profile.a]\nmetrics_password = "{}"',
        'api_key = "{}"',
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(text: str) -> None:
    secret = "c0ffee" * 10 + "abcd"
    sentence = complaint(text.format(secret))
    assert "c0ffee" not in sentence
    assert "file" in sentence


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a = \xff", "not UTF-8 text (byte 5)"),
        (b"bell = true\nbell = false", "is not TOML"),
        (b"bell = true\nunit = sat", "(at line 2, column"),
        (b"[profile.a\n", "is not TOML"),
        (b"a = '\x1b'", "is not TOML"),
        (b"a = " + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_not_toml(content: bytes, words: str) -> None:
    assert words in complaint(content)


def test_an_unknown_profile_names_the_nearest() -> None:
    config = said("[profile.home]\n[profile.office]")
    with pytest.raises(BadInput, match=r'no profile "hom" in .*; did you mean home\?'):
        config.profile("hom")
    with pytest.raises(BadInput, match="because there is no config file"):
        Config().profile("home")
    with pytest.raises(BadInput) as caught:
        config.profile("\x1b[2J" + "x" * 200)
    assert caught.value.sentence.isprintable()
    assert len(caught.value.sentence) < 150


keys = st.sampled_from(
    ["unit", "bell", "theme", "read_only", "amount_limit", "profile", "server", "cert", "level", "api_key", "x\x1b"]
)
scalars = st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates(), st.none())
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3))
documents = st.dictionaries(keys, values, max_size=5)


@given(documents)
def test_any_document_is_a_config_or_one_sentence(document: dict[str, Any]) -> None:
    sentence = None
    try:
        parse(document, FILE)
    except BadInput as error:
        sentence = error.sentence
    if sentence is not None:
        assert str(FILE) in sentence
        assert sentence.isprintable()
        assert re.search(r"[^.?][.?]$", sentence)


# --- the file --------------------------------------------------------------------------------------------------------


def test_a_missing_file_is_the_defaults_unless_it_was_named(tmp_path: Path) -> None:
    missing = tmp_path / "config.toml"
    assert load(missing) == Config()
    assert load(missing / "x") == Config()
    with pytest.raises(BadInput, match=r"config\.toml does not exist"):
        load(missing, must_exist=True)


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[profile.a]\ncert = "tls.crt"')
    config = load(file)
    assert config.path == file
    assert config.profile().cert == tmp_path / "tls.crt"


def test_things_that_are_no_config_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not a regular file"):
        load(tmp_path)
    with pytest.raises(BadInput, match="cannot be read"):
        load(tmp_path / "a\0b")
    big = tmp_path / "big.toml"
    big.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(BadInput, match="larger than 1 MiB"):
        load(big)


@pytest.mark.skipif(os.name != "posix", reason="modes and pipes are POSIX")
def test_a_pipe_or_a_file_for_everybody_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(BadInput, match="not a regular file"):
        load(pipe)
    file = tmp_path / "config.toml"
    file.write_text("bell = false")
    file.chmod(0o666)
    with pytest.raises(BadInput, match="chmod o-w"):
        load(file)
    file.chmod(0o664)
    assert load(file).bell is False


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_says_so(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("")
    file.chmod(0o000)
    with pytest.raises(BadInput, match="cannot be read"):
        load(file)


def test_the_example_mentions_no_key_that_does_not_exist() -> None:
    """A commented example goes stale silently; this one is parsed."""
    assert set(tomllib.loads(EXAMPLE)) == {
        "default_profile",
        "unit",
        "amount_limit",
        "read_only",
        "bell",
        "log_level",
        "profile",
    }
