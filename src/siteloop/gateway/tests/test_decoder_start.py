"""The listener's start: the compiled decoder before the first connection, or the one in plain Python until it is there."""

import asyncio
import threading
from pathlib import Path
from types import ModuleType

import pytest

from siteloop.gateway.listeners import hj212
from siteloop.gateway.tests.listening import frame, listening, settled, within
from siteloop.protocols.hj212.batch import BatchDecoder, cache_folder, load
from siteloop.protocols.hj212.bulk import BulkDecoder


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> bytes:
    writer.write(data)
    return await asyncio.wait_for(reader.readuntil(b"\r\n"), 10)


@pytest.mark.requirement("IOT-01")
def test_the_compiled_decoder_is_there_before_the_first_connection(tmp_path: Path) -> None:
    load(tmp_path)  # the first time takes long: not inside a test's deadline

    async def test() -> None:
        async with listening(compiled=True) as (role, _):
            assert isinstance(role.hj212.decoder, BatchDecoder)

    within(200, test)


def test_the_other_decoder_serves_while_the_decoder_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = threading.Event()

    def slow(spare: Path) -> ModuleType:
        assert compiled.wait(60)
        return load(spare)

    monkeypatch.setattr(hj212, "load", slow)

    async def test() -> None:
        async with listening(decoder_s=0) as (role, bus):
            reader, writer = await asyncio.open_connection("127.0.0.1", role.ports["hj212"])
            assert b"CN=9014" in await _ask(reader, writer, frame("a34004-Rtd=1"))
            assert isinstance(role.hj212.decoder, BulkDecoder)
            compiled.set()
            assert role._accelerating is not None and await role._accelerating
            assert b"CN=9014" in await _ask(reader, writer, frame("a34004-Rtd=2", qn="20260101000000001"))
            assert isinstance(role.hj212.decoder, BatchDecoder)
            await settled(role)
            assert bus.rows == 2
            writer.close()

    within(200, test)


def test_compiled_code_lies_in_the_data_folder_where_the_package_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr("os.access", lambda *_: False)
    assert cache_folder(tmp_path) == tmp_path
    monkeypatch.setattr("os.access", lambda *_: True)
    assert cache_folder(tmp_path) is None
    monkeypatch.setattr("os.access", lambda *_: False)
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/elsewhere")
    assert cache_folder(tmp_path) is None
