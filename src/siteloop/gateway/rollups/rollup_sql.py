"""The roll-ups in SQL, written from the profile; `sums` says the same in numpy, and a test holds the two equal."""

from psycopg import sql

from siteloop.gateway.rollups.sums import VALID_SHARE, kinds
from siteloop.kernel.profiles import Averaging, Field, Profile

_CONFLICT = sql.SQL(
    " ON CONFLICT (device, step, at) DO UPDATE SET expected = excluded.expected, n = excluded.n, total = excluded.total,"
    " mean = excluded.mean, low = excluded.low, high = excluded.high"
)

#: a minute that only repeats its one row is not written (`Rolling._worth`); one that was, is kept right
_WORTH = (
    "WHERE expected > 1 OR 1 < ANY (n) OR EXISTS"
    " (SELECT 1 FROM {target} r WHERE r.device = s.device AND r.step = 60 AND r.at = s.bucket)"
)


def from_rows(profile: Profile, step: int, source: sql.Identifier) -> sql.Composed:
    """INSERT … SELECT of a step below an hour over [start, end) for some devices; parameters step, start, end, devices, expected."""
    good = [_good(i, field) for i, field in enumerate(profile.fields)]
    counts = [sql.SQL("count(*) FILTER (WHERE {})").format(g) for g in good]
    totals = [_total(field, g) for field, g in zip(profile.fields, good, strict=True)]
    totals += [_cosines(profile.fields[i], good[i]) for i in kinds(profile, Averaging.VECTOR)]
    ends = [
        [
            sql.SQL("{}({}) FILTER (WHERE {})").format(sql.SQL(which), sql.Identifier(f.name), g)
            for f, g in zip(profile.fields, good, strict=True)
        ]
        for which in ("min", "max")
    ]
    return (
        sql.SQL(
            "INSERT INTO {target} (device, step, at, expected, n, total, mean, low, high)"
            " SELECT device, %(step)s, bucket, expected, n, {kept}, ARRAY[{mean}]::real[], low, high FROM ("
            "SELECT t.device, date_bin(make_interval(secs => %(step)s), at, '2000-01-01T00:00:00Z') AS bucket, e.expected,"
            " ARRAY[{n}]::int[] AS n, ARRAY[{total}]::float8[] AS total, ARRAY[{low}]::real[] AS low, ARRAY[{high}]::real[] AS high"
            " FROM {source} t JOIN unnest(%(devices)s::int[], %(expected)s::int[]) AS e (device, expected) ON e.device = t.device"
            " WHERE at >= %(start)s AND at < %(end)s GROUP BY t.device, bucket, e.expected) s {worth}"
        ).format(
            target=sql.Identifier("telemetry", f"{profile.code}_rollup"),
            source=source,
            kept=sql.SQL("total" if step >= 900 else "NULL::float8[]"),  # minutes are never summed up again
            worth=sql.SQL("" if step >= 900 else _WORTH).format(
                target=sql.Identifier("telemetry", f"{profile.code}_rollup")
            ),
            mean=_means(profile),
            n=sql.SQL(", ").join(counts),
            total=sql.SQL(", ").join(totals),
            low=sql.SQL(", ").join(ends[0]),
            high=sql.SQL(", ").join(ends[1]),
        )
        + _CONFLICT
    )


def from_quarters(profile: Profile) -> sql.Composed:
    """INSERT … SELECT of hours and days; parameters device[], step[], at[], expected[].

    Quarter hours of an older program have no totals: their means stand in.
    """
    totals, counts = [], []
    cosine = len(profile.fields)
    for i, field in enumerate(profile.fields, 1):
        counts.append(
            sql.SQL("sum(r.n[{i}]) FILTER (WHERE coalesce(r.total[{i}], r.mean[{i}]) IS NOT NULL)").format(
                i=i
            )
        )
        totals.append(_total_again(field, i))
    for i in kinds(profile, Averaging.VECTOR):
        cosine += 1
        totals.append(
            sql.SQL("sum(coalesce(r.total[{c}], cos(radians(r.mean[{i}])) * r.n[{i}]))").format(
                c=cosine, i=i + 1
            )
        )
    every = [
        [
            sql.SQL("{}(r.{}[{}])").format(sql.SQL(f), sql.Identifier(c), i)
            for i in range(1, len(profile.fields) + 1)
        ]
        for f, c in (("min", "low"), ("max", "high"))
    ]
    table = sql.Identifier("telemetry", f"{profile.code}_rollup")
    return (
        sql.SQL(
            "INSERT INTO {table} (device, step, at, expected, n, total, mean, low, high)"
            " SELECT device, step, bucket, expected, n, total, ARRAY[{mean}]::real[], low, high FROM ("
            "SELECT k.device, k.step, k.at AS bucket, k.expected, ARRAY[{n}]::int[] AS n, ARRAY[{total}]::float8[] AS total,"
            " ARRAY[{low}]::real[] AS low, ARRAY[{high}]::real[] AS high"
            " FROM unnest(%s::int[], %s::int[], %s::timestamptz[], %s::int[]) AS k (device, step, at, expected)"
            " JOIN {table} r ON r.device = k.device AND r.step = 900 AND r.at >= k.at"
            " AND r.at < k.at + make_interval(secs => k.step) GROUP BY k.device, k.step, k.at, k.expected) s"
        ).format(
            table=table,
            mean=_means(profile),
            n=sql.SQL(", ").join(sql.SQL("coalesce({}, 0)").format(c) for c in counts),
            total=sql.SQL(", ").join(sql.SQL("coalesce({}, 0)").format(t) for t in totals),
            low=sql.SQL(", ").join(every[0]),
            high=sql.SQL(", ").join(every[1]),
        )
        + _CONFLICT
    )


def _good(index: int, field: Field) -> sql.Composed:
    """Whether a row's value counts: it is there and NORMAL."""
    return sql.SQL("(quality >> {shift}) & 15 = 0 AND {name} IS NOT NULL").format(
        shift=sql.Literal(4 * index), name=sql.Identifier(field.name)
    )


def _total(field: Field, good: sql.Composable) -> sql.Composed:
    body = {
        Averaging.ENERGY: "sum(power(10, {v}::float8 / 10)) FILTER (WHERE {good})",
        Averaging.VECTOR: "sum(sin(radians({v}::float8))) FILTER (WHERE {good})",
        Averaging.LAST: "(array_agg({v}::float8 ORDER BY at DESC) FILTER (WHERE {good}))[1]",
        Averaging.ARITHMETIC: "sum({v}::float8) FILTER (WHERE {good})",
    }[field.averaging]
    return sql.SQL("coalesce(" + body + ", 0)").format(v=sql.Identifier(field.name), good=good)


def _cosines(field: Field, good: sql.Composable) -> sql.Composed:
    return sql.SQL("coalesce(sum(cos(radians({v}::float8))) FILTER (WHERE {good}), 0)").format(
        v=sql.Identifier(field.name), good=good
    )


def _total_again(field: Field, i: int) -> sql.Composed:
    body = {
        Averaging.ENERGY: "sum(coalesce(r.total[{i}], power(10, r.mean[{i}]::float8 / 10) * r.n[{i}]))",
        Averaging.VECTOR: "sum(coalesce(r.total[{i}], sin(radians(r.mean[{i}])) * r.n[{i}]))",
        Averaging.LAST: "(array_agg(coalesce(r.total[{i}], r.mean[{i}]) ORDER BY r.at DESC) FILTER (WHERE r.n[{i}] > 0))[1]",
        Averaging.ARITHMETIC: "sum(coalesce(r.total[{i}], r.mean[{i}]::float8 * r.n[{i}]))",
    }[field.averaging]
    return sql.SQL(body).format(i=i)


def _means(profile: Profile) -> sql.Composed:
    """From arrays `n` and `total`: NULL where fewer than 75 % of the expected values are valid."""
    parts = []
    cosine = len(profile.fields)
    for i, field in enumerate(profile.fields, 1):
        if field.averaging is Averaging.VECTOR:
            cosine += 1
        body = {
            Averaging.ENERGY: "10 * log(total[{i}] / n[{i}])",
            Averaging.VECTOR: "mod((degrees(atan2(total[{i}], total[{c}])) + 360)::numeric, 360)::float8",
            Averaging.LAST: "total[{i}]",
            Averaging.ARITHMETIC: "total[{i}] / n[{i}]",
        }[field.averaging]
        parts.append(
            sql.SQL(
                "CASE WHEN n[{i}] > 0 AND n[{i}] >= ceil({share} * expected) THEN (" + body + ")::real END"
            ).format(i=sql.Literal(i), c=sql.Literal(cosine), share=sql.Literal(VALID_SHARE))
        )
    return sql.SQL(", ").join(parts)
