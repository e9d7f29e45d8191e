"""Frames of the long connection on the wire: the few lines of protobuf that they need, ten times as fast as the SDK's.

A platform that is slower than the bot would measure itself. test_feishu_platform.py holds these against the SDK's own.
"""

from __future__ import annotations

from dataclasses import dataclass

SEQ, LOG, SERVICE, METHOD, HEADERS, PAYLOAD = 1, 2, 3, 4, 5, 8
CONTROL, DATA = 0, 1


@dataclass(frozen=True)
class Frame:
    """What the platform cares about in a frame."""

    method: int
    headers: dict[str, str]
    payload: bytes = b""


def encode(frame: Frame) -> bytes:
    """A frame with sequence, log and service numbers of no meaning."""
    parts = [_number(SEQ, 1), _number(LOG, 1), _number(SERVICE, 7), _number(METHOD, frame.method)]
    for key, value in frame.headers.items():
        parts.append(_bytes(HEADERS, _bytes(1, key.encode()) + _bytes(2, value.encode())))
    return b"".join([*parts, _bytes(PAYLOAD, frame.payload)])


def decode(raw: bytes) -> Frame:
    """What the SDK's client sent."""
    method, headers, payload = 0, {}, b""
    for field, value in _fields(raw):
        if field == METHOD and isinstance(value, int):
            method = value
        elif field == HEADERS and isinstance(value, bytes):
            pair = dict(_fields(value))
            headers[_text(pair[1])] = _text(pair[2])
        elif field == PAYLOAD and isinstance(value, bytes):
            payload = value
    return Frame(method, headers, payload)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _fields(raw: bytes) -> list[tuple[int, int | bytes]]:
    found: list[tuple[int, int | bytes]] = []
    at = 0
    while at < len(raw):
        tag, at = _read(raw, at)
        value, at = _read(raw, at)
        if tag & 7 == 2:
            found.append((tag >> 3, raw[at : at + value]))
            at += value
        else:
            found.append((tag >> 3, value))
    return found


def _read(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _text(value: int | bytes) -> str:
    assert isinstance(value, bytes)
    return value.decode()
