"""Failures in the owner's words: what happened, and what helps.

Every sentence stands on `/sources` as it is. They name the host, never a stack trace.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping

import requests
from urllib3.exceptions import ConnectTimeoutError, ReadTimeoutError

from .door import RefusedAddress, RefusedPort, UnknownHost
from .result import Failed, Why
from .url import BadURL, host_of

_NOTHING = "Nothing needs doing; it will be tried again."


def _short(text: str, most: int = 120) -> str:
    clean = "".join(c if c.isprintable() else "·" for c in text)
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def bad_url(url: str, error: BadURL) -> Failed:
    """The configured address cannot be fetched at all."""
    return Failed(
        Why.BAD_URL,
        f"“{_short(url)}” cannot be fetched: {error}.",
        "Correct the url of this source in hunch.toml.",
    )


def bad_redirect(url: str, location: str, error: BadURL) -> Failed:
    """A server sent us to something that is no web address."""
    return Failed(
        Why.REDIRECTS,
        f"{host_of(url)} redirects to “{_short(location)}”, but {error}.",
        "Look where the address leads in a browser, and put the feed's own one in.",
    )


def too_many_redirects(url: str, most: int) -> Failed:
    """A loop, or a chain too long to be meant."""
    return Failed(
        Why.REDIRECTS,
        f"{host_of(url)} redirects more than {most} times, perhaps in a circle.",
        "Open the address in a browser and put in where it ends.",
    )


def host_rests(host: str, seconds: float) -> Failed:
    """The host asked for rest, for one of its addresses or all of them."""
    return Failed(
        Why.RESTING,
        f"{host} asked to be left alone for a while.",
        _NOTHING,
        retry_after_s=seconds,
    )


def too_slow(url: str, total_s: float) -> Failed:
    """The whole took longer than a fetch may."""
    return Failed(
        Why.TIMEOUT,
        f"{host_of(url)} did not finish its answer within {total_s:g} seconds.",
        _NOTHING,
    )


def too_big(url: str, cap_bytes: int) -> Failed:
    """The decoded body passed the cap."""
    size = (
        f"{cap_bytes / 1_048_576:g} MB"
        if cap_bytes >= 1_048_576
        else f"{cap_bytes} bytes"
    )
    return Failed(
        Why.TOO_BIG,
        f"The document of {host_of(url)} is larger than {size} when unpacked.",
        "Use a feed with fewer entries, or check that this address is a feed.",
    )


def bad_encoding(url: str, error: Exception) -> Failed:
    """Compression that cannot be undone."""
    return Failed(
        Why.BROKEN,
        f"The answer of {host_of(url)} cannot be unpacked: {_short(str(error))}.",
        _NOTHING,
    )


def status(
    url: str, code: int, headers: Mapping[str, str], moved_to: str | None
) -> Failed:
    """An answer that says no, by its status."""
    host = host_of(url)
    why, reason, remedy = _by_status(host, code, headers)
    return Failed(why, reason, remedy, moved_to=moved_to)


def _by_status(
    host: str, code: int, headers: Mapping[str, str]
) -> tuple[Why, str, str]:
    if code == 410:
        return (
            Why.GONE,
            f"{host} says the feed is gone for good (410).",
            "Remove the source from hunch.toml or give its new address; "
            "what was collected stays.",
        )
    if code == 404:
        return (
            Why.MISSING,
            f"{host} has nothing at this address (404).",
            "If it stays so, look up the feed's address again; some services "
            "lose their feeds for days and find them again.",
        )
    if headers.get("cf-mitigated", "").lower() == "challenge":
        return (
            Why.DENIED,
            f"{host} stands behind Cloudflare, which asks for proof of a human "
            f"({code}).",
            "Ask the site to let feed readers through to this address.",
        )
    if code in (401, 407):
        return (
            Why.DENIED,
            f"{host} wants a login for this address ({code}).",
            "Use a public feed, or one whose address holds its secret.",
        )
    if code == 403:
        return (
            Why.DENIED,
            f"{host} refuses to give this address to programs (403).",
            "Some services block readers at data centres; try a contact address in "
            "[fetch] user_agent, or another feed of the same account.",
        )
    if code in (429, 503):
        word = "too many requests" if code == 429 else "not available now"
        return (Why.BUSY, f"{host} answers “{word}” ({code}).", _NOTHING)
    if code >= 500:
        return (Why.SERVER, f"{host} has a fault of its own ({code}).", _NOTHING)
    if code in (301, 302, 303, 307, 308):
        return (
            Why.REDIRECTS,
            f"{host} redirects without saying where to ({code}).",
            "Open the address in a browser and put in where it ends.",
        )
    return (
        Why.BROKEN,
        f"{host} answered with status {code}, which is no document.",
        "Check the address in a browser.",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk through everything that wraps, or is wrapped by, `error`."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [one.__cause__, one.__context__, getattr(one, "reason", None)]
        waiting += [e for e in (*inner, *one.args) if isinstance(e, BaseException)]


def failure(url: str, error: BaseException) -> Failed:
    """Anything that went wrong between the name and the last byte."""
    host = host_of(url)
    chain = list(_causes(error))

    def first(*kinds: type[BaseException]) -> BaseException | None:
        return next((e for e in chain if isinstance(e, kinds)), None)

    if refused := first(RefusedPort):
        return Failed(
            Why.REFUSED_ADDRESS,
            f"Not fetched: {refused}.",
            "Ports besides 80 and 443 are asked only if the url of a source in "
            "hunch.toml names them.",
        )
    if refused := first(RefusedAddress):
        return Failed(
            Why.REFUSED_ADDRESS,
            f"Not fetched: {refused}.",
            "If this is a service of your own, name its network in [fetch] "
            "allow_networks.",
        )
    if first(UnknownHost):
        return Failed(
            Why.NOT_FOUND_HOST,
            f"There is no host called {host}, or its name server does not answer.",
            "Check the spelling of the address.",
        )
    if wrong := first(ssl.SSLCertVerificationError):
        detail = getattr(wrong, "verify_message", "") or str(wrong)
        return Failed(
            Why.TLS,
            f"The certificate of {host} is not valid: {_short(detail)}.",
            "The owner of that host must renew or correct it.",
        )
    if first(ssl.SSLError):
        return Failed(
            Why.TLS,
            f"{host} does not manage a secure connection.",
            "Try the address with http:// if the host has no TLS.",
        )
    if first(requests.ConnectTimeout, ConnectTimeoutError):
        return Failed(Why.TIMEOUT, f"{host} does not answer.", _NOTHING)
    if first(requests.ReadTimeout, ReadTimeoutError, TimeoutError):
        return Failed(Why.TIMEOUT, f"{host} fell silent in mid-answer.", _NOTHING)
    if first(ConnectionRefusedError):
        return Failed(Why.UNREACHABLE, f"{host} refuses connections.", _NOTHING)
    if first(http.client.HTTPException, requests.exceptions.ChunkedEncodingError):
        return Failed(
            Why.BROKEN, f"{host} broke off or sent what is not HTTP.", _NOTHING
        )
    if first(requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
        return Failed(
            Why.BAD_URL,
            f"“{_short(url)}” is not an address that can be fetched.",
            "Correct the url of this source in hunch.toml.",
        )
    return Failed(Why.UNREACHABLE, f"{host} cannot be reached.", _NOTHING)
