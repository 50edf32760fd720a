"""Identity numbers for demonstrations and tests: of a valid form, and nobody's."""

import datetime as dt

from stdnum.cn import ric


def synthetic_id(n: int) -> str:
    """A number of valid form for a birth date in 1900: no living person can hold it."""
    day = dt.date(1900, 1, 1) + dt.timedelta(days=n % 365)
    body = f"110101{day:%Y%m%d}{n // 365 * 2 + n % 2 + 1:03d}"
    return body + ric.calc_check_digit(body + "0")
