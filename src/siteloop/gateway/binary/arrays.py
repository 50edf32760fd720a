"""numpy arrays as parameters: PostgreSQL's binary array format written by numpy, with no Python object a value."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import psycopg
from numpy.typing import ArrayLike, NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format


class Flat:
    """A one-dimensional array without NULL."""

    wire: ClassVar[str]  # one value as it goes over the wire
    element: ClassVar[int]  # the value's type in PostgreSQL

    def __init__(self, values: ArrayLike) -> None:
        self.values: NDArray[Any] = np.asarray(values).ravel()

    def encoded(self) -> bytes:
        """In the binary format."""
        wire = np.dtype(self.wire)
        body = np.empty(len(self.values), np.dtype([("size", ">i4"), ("value", wire)]))
        body["size"], body["value"] = wire.itemsize, self.values
        dimensions = [1, 0, self.element, len(body), 1] if len(body) else [0, 0, self.element]
        return np.array(dimensions, ">i4").tobytes() + body.tobytes()


class Int4s(Flat):
    """int4[]."""

    wire, element = ">i4", 23


class Int8s(Flat):
    """int8[]."""

    wire, element = ">i8", 20


class Float4s(Flat):
    """float4[]."""

    wire, element = ">f4", 700


class Float8s(Flat):
    """float8[]."""

    wire, element = ">f8", 701


class _FlatDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Flat) -> bytes:
        return obj.encoded()


class _Int4sDumper(_FlatDumper):
    oid = 1007


class _Int8sDumper(_FlatDumper):
    oid = 1016


class _Float4sDumper(_FlatDumper):
    oid = 1021


class _Float8sDumper(_FlatDumper):
    oid = 1022


_DUMPERS: Sequence[tuple[type[Flat], type[Dumper]]] = (
    (Int4s, _Int4sDumper),
    (Int8s, _Int8sDumper),
    (Float4s, _Float4sDumper),
    (Float8s, _Float8sDumper),
)
for _kind, _dumper in _DUMPERS:
    psycopg.adapters.register_dumper(_kind, _dumper)
