"""Which family, which signature, which wire level: found without credentials, after TLS has verified the peer.

The wrong signature is answered exactly like a wrong key (server facts 1.5), so it is not tried: two unsigned requests
tell the kinds apart, and then one signed GetNodeInfo proves the key.

| unsigned | 2026-04 | 2026-08 | macaroon family |
|---|---|---|---|
| GetNodeInfo | 16 `Missing x-auth metadata` | 16 the same | 16 `Missing macaroon credentials` |
| `/api.Nope/X` | 16 | 12 `Unknown path` | 12 |
"""

from __future__ import annotations

from ldk_tui.client import failure
from ldk_tui.client.exchange import Ended
from ldk_tui.client.failure import UNAUTHENTICATED, UNIMPLEMENTED, Context, StatusError
from ldk_tui.client.signing import Scheme, Signer, signer_for
from ldk_tui.client.transport import Channel
from ldk_tui.core.errors import BadAnswer, LdkError, NotSupported
from ldk_tui.core.model import Level, NodeInfo
from ldk_tui.core.record import dataclass
from ldk_tui.core.requests import RPCS, GetNodeInfo
from ldk_tui.core.text import clean
from ldk_tui.wire.dialect import Dialect, dialect_for

NOWHERE = "/api.Nope/X"
_RPC = RPCS["GetNodeInfo"]


@dataclass(frozen=True, slots=True)
class Probe:
    """What the probe found. `scheme_found` False: the answers fit no known server, the scheme follows the level.

    `in_between`: signs bodies, but tells no features: a build from before 2026-06-17, whose payment kinds have other
    numbers (server facts 1.4): "kinds may be wrong, please update".
    """

    scheme: Scheme
    level: Level
    info: NodeInfo
    signer: Signer
    dialect: Dialect
    forced: bool = False
    scheme_found: bool = True

    @property
    def in_between(self) -> bool:
        return self.scheme is Scheme.TIMESTAMP_AND_BODY and not self.info.features

    @property
    def hint(self) -> str | None:
        """One sentence when something about the level is doubtful, otherwise None."""
        if self.in_between:
            return (
                "This server is an in-between build (before 2026-06-17): kinds of payments may be shown wrong. "
                "Please update it."
            )
        if self.forced and self.scheme_found and self.level is not level_of(self.scheme):
            return f"The level {self.level.value} was forced, but the server signs like {level_of(self.scheme).value}."
        return None


def level_of(scheme: Scheme) -> Level:
    """The level whose servers sign in this way."""
    return Level.L2026_04 if scheme is Scheme.TIMESTAMP else Level.L2026_08


async def find_scheme(channel: Channel, context: Context) -> Scheme | None:
    """Family, then scheme, both unsigned; None when the answers fit neither.

    Raises AccessDenied (WRONG_FAMILY) for a macaroon server, NotSupported for a gRPC server of another kind.
    """
    family = await _unsigned(channel, context, None)
    if family is not None:
        text = clean(family.text, kind="text")
        if family.code == UNAUTHENTICATED and "macaroon" in text.lower():
            raise failure.wrong_family(context.target, code=family.code, text=text)
        if family.code == UNIMPLEMENTED:
            raise NotSupported(
                f"{context.target.address} is a gRPC server, but not an LDK Server.", code=family.code, server_text=text
            )
    scheme = await _unsigned(channel, context, NOWHERE)
    if scheme is not None and scheme.code == UNIMPLEMENTED:
        return Scheme.TIMESTAMP_AND_BODY
    if scheme is not None and scheme.code == UNAUTHENTICATED:
        return Scheme.TIMESTAMP
    return None


async def probe(channel: Channel, context: Context) -> Probe:
    """All three steps on `channel`. Raises core errors.

    A forced level (`Target.level`) decides the wire; the scheme is probed all the same: they changed on different days.
    """
    target = context.target
    found = await find_scheme(channel, context)
    if found is not None:
        scheme = found
    else:
        scheme = Scheme.TIMESTAMP if target.level is Level.L2026_04 else Scheme.TIMESTAMP_AND_BODY
    level = target.level or level_of(scheme)
    dialect = dialect_for(level)
    signer = signer_for(scheme, target.key)
    try:
        data = await channel.unary(
            _RPC.name, dialect.encode_request(GetNodeInfo()), signer=signer, deadline_s=_RPC.deadline_s
        )
    except StatusError as status:
        raise failure.of_status(status, _RPC, context) from status
    except Ended as ended:
        raise failure.of_end(ended, _RPC, context) from ended
    try:
        info: NodeInfo = dialect.decode_answer(_RPC.name, data)
    except BadAnswer as error:
        raise failure.of_answer(error, _RPC) from error
    return Probe(scheme, level, info, signer, dialect, target.level is not None, found is not None)


async def _unsigned(channel: Channel, context: Context, path: str | None) -> StatusError | None:
    """The status of an unsigned request, or None when it was answered with 0."""
    try:
        await channel.unary(_RPC.name, b"", signer=None, deadline_s=_RPC.deadline_s, path=path)
    except StatusError as status:
        return status
    except Ended as ended:
        error: LdkError = failure.of_end(ended, _RPC, context)
        raise error from ended
    return None
