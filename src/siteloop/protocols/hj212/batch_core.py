# mypy: ignore-errors
# ruff: noqa: C901, SIM110
# numba types these functions at run time; splitting the frame loop would pass forty arrays between the parts
"""The compiled part of the batch decoder. Imported only by `batch.load`, because importing numba is slow.

Works on one buffer that holds what several connections sent (`ends` cuts it). It takes only frames it understands
completely; everything else is handed back untouched, so that the plain codec stays the one judge of the odd cases.
"""

import numpy as np
from numba import njit

ABSENT, NO_VALUE, OUT_OF_PHYSICS, NORMAL = 15, 10, 9, 0
NOT_PLAIN, AGAIN = 0, 1  # why a frame is handed back
LOOSE = 128  # role of a key that only the plain codec understands
SPLIT = 2  # flag bit D
LONGEST = 1024  # data segment of the standard
MIX, HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)


@njit(cache=True, nogil=True)
def key_slot(high, low, mask):
    """First slot of an item key (two packed words) in the key table."""
    mixed = (high ^ (low * 31)) * 0x9E3779B1
    return (mixed ^ (mixed >> 29)) & mask


@njit(cache=True, nogil=True)
def code_hash(buffer, start, stop):
    """FNV-1a, 32 bits."""
    h = 2166136261
    for i in range(start, stop):
        h = ((h ^ buffer[i]) * 16777619) & 0xFFFFFFFF
    return h


@njit(cache=True, nogil=True, inline="always")
def _eight(buffer, at):
    """Eight bytes as one word; unsigned places, so that the compiler makes it one load."""
    i = np.uintp(at)
    word = np.uint64(buffer[i])
    for k in range(1, 8):
        word |= np.uint64(buffer[i + np.uintp(k)]) << np.uint64(8 * k)
    return word


@njit(cache=True, nogil=True)
def told(qn, buffer, start, stop):
    """QN and what was said under it as one number, never 0: a re-send keeps both, and one QN may say several things."""
    h = np.uint64(stop - start)
    i = start
    while i + 8 <= stop:
        h = (h ^ _eight(buffer, i)) * MIX
        h ^= h >> HALF
        i += 8
    while i < stop:
        h = (h ^ np.uint64(buffer[i])) * MIX
        i += 1
    h ^= h >> HALF
    a = qn ^ np.int64(h >> np.uint64(1))
    return a if a != 0 else np.int64(1)


@njit(cache=True, nogil=True)
def place(a, b, mask):
    """Where to look for exchange (a, b). Whole cities send with one QN, so every bit of the device's number must count."""
    return ((a * 0x1E3779B97F4A7C15 + (b >> 16)) * 0x2545F4914F6CDD1D >> 38) & mask


@njit(cache=True, nogil=True)
def again(a, b, now, before, count, most):
    """Whether exchange (a, b) came before; remembers it. Two generations; `count[0]` counts the present one."""
    mask = now.shape[0] - 1
    first = place(a, b, mask)
    slot = first
    while before[slot, 0] != 0:
        if before[slot, 0] == a and before[slot, 1] == b:
            return True
        slot = (slot + 1) & mask
    slot = first
    while now[slot, 0] != 0:
        if now[slot, 0] == a and now[slot, 1] == b:
            return True
        slot = (slot + 1) & mask
    now[slot, 0] = a
    now[slot, 1] = b
    count[0] += 1
    if count[0] >= most:
        before[:] = now
        now[:] = 0
        count[0] = 0
    return False


@njit(cache=True, nogil=True)
def crc212(buffer, start, stop, table, folds):
    """The standard's CRC. Its running state is one byte and linear, so eight bytes fold at once: folds[j] is j+1 steps on."""
    state = np.uint8(0xFF)
    k = start
    while k + 9 <= stop:
        state = (
            folds[7, state ^ buffer[k]]
            ^ folds[6, buffer[k + 1]]
            ^ folds[5, buffer[k + 2]]
            ^ folds[4, buffer[k + 3]]
            ^ folds[3, buffer[k + 4]]
            ^ folds[2, buffer[k + 5]]
            ^ folds[1, buffer[k + 6]]
            ^ folds[0, buffer[k + 7]]
        )
        k += 8
    while k + 1 < stop:
        state = folds[0, state ^ buffer[k]]
        k += 1
    return table[state ^ buffer[k]] if k < stop else 0xFFFF


@njit(cache=True, nogil=True)
def _digits(buffer, start, n):
    """The number that n digits write, -1 when they are not all digits."""
    value = 0
    for i in range(start, start + n):
        digit = np.int64(buffer[i]) - 48
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@njit(cache=True, nogil=True)
def _hex(byte):
    if 48 <= byte <= 57:
        return byte - 48
    if 65 <= byte <= 70:
        return byte - 55
    if 97 <= byte <= 102:
        return byte - 87
    return -1


@njit(cache=True, nogil=True)
def _is(buffer, start, stop, text):
    """Whether `text` stands at `start` and ends before `stop`."""
    n = len(text)
    if start + n > stop:
        return False
    for i in range(n):
        if buffer[start + i] != text[i]:
            return False
    return True


@njit(cache=True, nogil=True)
def _same(buffer, start, stop, texts, first, last):
    """Whether buffer[start:stop] is texts[first:last]."""
    if stop - start != last - first:
        return False
    for i in range(stop - start):
        if buffer[start + i] != texts[first + i]:
            return False
    return True


@njit(cache=True, nogil=True)
def _holds_head(buffer, start, stop):
    """Whether `##` stands in buffer[start:stop]."""
    for i in range(start, stop - 1):
        if buffer[i] == 35 and buffer[i + 1] == 35:
            return True
    return False


@njit(cache=True, nogil=True)
def _word_end(buffer, start, stop):
    """End of a header value: the next `;`. -1 when a separator of another kind stands in it, or none follows."""
    for i in range(start, stop):
        byte = buffer[i]
        if byte == 59:
            return i
        if byte == 44 or byte == 61 or byte == 38:
            return -1
    return -1


@njit(cache=True, nogil=True)
def _instant(buffer, start):
    """µs UTC of 14 digits of Shanghai time, -1 when they are no date from 1992 on (before, the offset was not constant)."""
    year, month = _digits(buffer, start, 4), _digits(buffer, start + 4, 2)
    day, hour = _digits(buffer, start + 6, 2), _digits(buffer, start + 8, 2)
    minute, second = _digits(buffer, start + 10, 2), _digits(buffer, start + 12, 2)
    if year < 1992 or month < 1 or month > 12 or day < 1 or hour < 0 or hour > 23:
        return -1
    if minute < 0 or minute > 59 or second < 0 or second > 59:
        return -1
    is_leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    last = 31
    if month == 4 or month == 6 or month == 9 or month == 11:
        last = 30
    elif month == 2:
        last = 29 if is_leap else 28
    if day > last:
        return -1
    shifted = year - 1 if month <= 2 else year
    era_year = shifted % 400
    month_index = month - 3 if month > 2 else month + 9
    day_of_year = (153 * month_index + 2) // 5 + day - 1
    days = (shifted // 400) * 146097 + era_year * 365 + era_year // 4 - era_year // 100 + day_of_year - 719468
    return ((days * 24 + hour - 8) * 3600 + minute * 60 + second) * 1_000_000


@njit(cache=True, nogil=True)
def _slow_key(buffer, start, stop, keys):
    """(end of the key or -1 when the item has no "=", role or -1 when it means nothing to us) of the item at `start`."""
    key_high, key_low, key_role = keys
    mask = len(key_role) - 1
    high, low, length, i = np.int64(0), np.int64(0), 0, start
    while i < stop and buffer[i] != 61 and buffer[i] != 59 and buffer[i] != 44:
        byte = np.int64(buffer[i])
        if 97 <= byte <= 122:
            byte -= 32
        if length < 8:
            high = (high << 8) | byte
        else:
            low = (low << 8) | byte
        length += 1
        i += 1
    if i >= stop or buffer[i] != 61:
        return i, False, -1
    if length > 16:
        return i, True, -1
    slot = key_slot(high, low, mask)
    while key_role[slot] >= 0 and (key_high[slot] != high or key_low[slot] != low):
        slot = (slot + 1) & mask
    return i, True, key_role[slot]


@njit(cache=True, nogil=True)
def _area(
    buffer, start, stop, scales, known, values, quality, n, keys, learnt, limits, sentinels, letters, powers
):
    """Fill row n from the items of a data area. Returns the number of values we flagged, -1 = not plain.

    Devices send the same keys in the same order: `learnt` (first and last eight bytes, length, role) tells what stood at each
    place the last time, and a key that stands there again is known by two comparisons.
    """
    learnt_first, learnt_last, learnt_length, learnt_role = learnt
    lows, highs = limits
    width, flagged, found, flags_seen, flags = values.shape[1], 0, 0, 0, np.int64(0)
    for field in range(width):
        values[n, field] = np.nan
        quality[n, field] = ABSENT
    at, place = start, -1
    while at < stop:
        place += 1
        role, equals = -1, -1
        if place < len(learnt_length) and learnt_length[place] > 0:
            end = at + learnt_length[place]
            if (
                end < stop
                and buffer[end] == 61
                and _eight(buffer, at) == learnt_first[place]
                and _eight(buffer, end - 8) == learnt_last[place]
            ):
                equals, role = end, learnt_role[place]
        if equals < 0:
            equals, has_value, role = _slow_key(buffer, at, stop, keys)
            if not has_value:
                at = equals + 1
                continue
            length = equals - at
            if role >= 0 and role != LOOSE and length >= 8 and place < len(learnt_length):
                learnt_first[place] = _eight(buffer, at)
                learnt_last[place] = _eight(buffer, equals - 8)
                learnt_length[place], learnt_role[place] = length, role
        value_at = equals + 1
        # the value, read as a number on the way: digits with at most one point and a minus sign
        mantissa, digits, decimals, has_point, is_plain = np.int64(0), 0, 0, False, True
        i = value_at
        is_negative = i < stop and buffer[i] == 45
        if is_negative:
            i += 1
        while i < stop:
            byte = np.int64(buffer[np.uintp(i)])
            if 48 <= byte <= 57:
                if digits < 15:  # more would not be exact
                    mantissa = mantissa * 10 + byte - 48
                digits += 1
                if has_point:
                    decimals += 1
            elif byte == 59 or byte == 44:
                break
            elif byte == 46 and not has_point:
                has_point = True
            else:
                is_plain = False
            i += 1
        at = i + 1
        if role < 0:
            continue
        if role == LOOSE:
            return -1
        if role >= 64:
            field = role - 64
            if i - value_at != 1 or (flags_seen >> field) & 1:
                return -1
            flags_seen |= 1 << field
            flags |= np.int64(letters[buffer[value_at]]) << (4 * field)
            continue
        if quality[n, role] != ABSENT or not is_plain or digits == 0 or digits > 15:
            return -1
        value = mantissa / powers[decimals]
        if is_negative:
            value = -value
        found += 1
        is_sentinel = False
        if value >= 9999.0:
            for s in sentinels:
                is_sentinel = is_sentinel or s == value
        if is_sentinel:
            quality[n, role] = NO_VALUE
            flagged += 1
            continue
        value *= scales[known, role]
        if not -3e38 < value < 3e38:
            return -1
        values[n, role] = value
        if lows[role] <= value <= highs[role]:
            quality[n, role] = NORMAL
        else:
            quality[n, role] = OUT_OF_PHYSICS
            flagged += 1
    for field in range(width):
        if (flags_seen >> field) & 1 and quality[n, field] == NORMAL:
            quality[n, field] = (flags >> (4 * field)) & 15
    return flagged if found else -1


@njit(cache=True, nogil=True)
def _answer(buffer, qn_at, pw_at, pw_end, mn_at, mn_end, flag, crc_table, folds, texts, out, at):
    """Write the 9014 that confirms a frame; returns the new end of `out`."""
    head, middle, mn_text, flag_text, tail, numerals = texts
    begin = at + 6
    i = begin
    for b in head:
        out[i] = b
        i += 1
    for k in range(qn_at, qn_at + 17):
        out[i] = buffer[k]
        i += 1
    for b in middle:
        out[i] = b
        i += 1
    for k in range(pw_at, pw_end):
        out[i] = buffer[k]
        i += 1
    for b in mn_text:
        out[i] = b
        i += 1
    for k in range(mn_at, mn_end):
        out[i] = buffer[k]
        i += 1
    for b in flag_text:
        out[i] = b
        i += 1
    for unit in (100, 10, 1):
        if flag >= unit or unit == 1:
            out[i] = 48 + flag // unit % 10
            i += 1
    for b in tail:
        out[i] = b
        i += 1
    size = i - begin
    out[at], out[at + 1] = 35, 35
    for k in range(4):
        out[at + 5 - k] = 48 + size % 10
        size //= 10
    crc = crc212(out, begin, i, crc_table, folds)
    for k in range(4):
        out[i + k] = numerals[(crc >> (12 - 4 * k)) & 15]
    out[i + 4], out[i + 5] = 13, 10
    return i + 6


@njit(cache=True, nogil=True)
def decode(
    buffer,
    is_ascii,
    ends,
    now,
    reach,
    devices,
    keys,
    learnt,
    limits,
    tables,
    texts,
    seen,
    most,
    rows,
    spans,
    out,
):
    """Take every plain frame of the buffer.

    reach: µs (ahead, oldest, oldest of history). Returns (rows, spans handed back, flagged values).
    `spans` row k: start, stop, connection, why. `rests[c]`: where the plain codec goes on in connection c's bytes.
    """
    ahead, oldest, oldest_history = reach
    slots, codes, codes_at, words, words_at, numbers, is_plain, scales = devices
    (
        crc_table,
        folds,
        powers,
        sentinels,
        letters,
        start_text,
        st_text,
        cn_text,
        pw_text,
        mn_text,
        flag_text,
        area_text,
    ) = tables
    present, before, count = seen
    device, at, kind, values, quality, cuts = rows
    handed, rests, answers_end = spans
    n, back, flagged, written, begin = 0, 0, 0, 0, 0
    slot_mask = len(slots) - 1
    for connection in range(len(ends)):
        stop = ends[connection]
        p = begin
        while p < stop:
            q = p
            while q < stop and (buffer[q] == 13 or buffer[q] == 10 or buffer[q] == 0 or buffer[q] == 42):
                q += 1
            if q + 6 > stop or buffer[q] != 35 or buffer[q + 1] != 35:
                break
            p = q
            size = _digits(buffer, p + 2, 4)
            s = p + 6
            e = s + size
            if size < 2 or e + 4 > stop or buffer[e - 1] != 38 or buffer[e - 2] != 38:
                break
            sent = 0
            for k in range(e, e + 4):
                nibble = _hex(np.int64(buffer[k]))
                if nibble < 0:
                    sent = -1
                    break
                sent = sent * 16 + nibble
            if sent < 0:
                break
            crc = crc212(buffer, s, e, crc_table, folds)
            if crc != sent and _holds_head(buffer, s, e):
                break  # perhaps a false beginning with a whole frame in it: the plain codec tells
            seen_bits = np.uint8(0)
            if not is_ascii:
                for k in range(s, e):
                    seen_bits |= buffer[k]
            after = e + 6 if e + 6 <= stop and buffer[e + 4] == 13 and buffer[e + 5] == 10 else e + 4
            why = NOT_PLAIN
            is_taken = False
            while crc == sent and seen_bits < 128:  # a block to break out of
                if size < 80 or size > LONGEST or not _is(buffer, s, e, start_text):
                    break
                qn = _digits(buffer, s + 3, 17)
                i = s + 20
                if qn <= 0 or not _is(buffer, i, e, st_text) or not _is(buffer, i + 6, e, cn_text):
                    break
                st1, st2 = buffer[i + 4], buffer[i + 5]
                if (
                    st1 <= 38
                    or st2 <= 38
                    or st1 == 44
                    or st2 == 44
                    or st1 == 59
                    or st2 == 59
                    or st1 == 61
                    or st2 == 61
                ):
                    break
                cn = _digits(buffer, i + 10, 4)
                what = 0 if cn == 2011 else 1 if cn == 2051 else 2 if cn == 2061 else 3 if cn == 2031 else -1
                i += 14
                if what < 0 or not _is(buffer, i, e, pw_text):
                    break
                pw_at = i + 4
                pw_end = _word_end(buffer, pw_at, e)
                if pw_end < 0 or not _is(buffer, pw_end, e, mn_text):
                    break
                mn_at = pw_end + 4
                mn_end = _word_end(buffer, mn_at, e)
                if mn_end < 0 or not _is(buffer, mn_end, e, flag_text):
                    break
                flag_at = mn_end + 6
                flag_end = _word_end(buffer, flag_at, e)
                if flag_end - flag_at < 1 or flag_end - flag_at > 3:
                    break
                flag = _digits(buffer, flag_at, flag_end - flag_at)
                i = flag_end
                if flag < 0 or flag & SPLIT or not _is(buffer, i, e - 2, area_text) or i + 29 > e - 2:
                    break
                moment = _instant(buffer, i + 15)
                i += 29
                if moment < 0 or (i < e - 2 and buffer[i] != 59 and buffer[i] != 44):
                    break
                if moment > now + ahead or moment < now - (oldest if what == 0 else oldest_history):
                    break
                slot = code_hash(buffer, mn_at, mn_end) & slot_mask
                known = -1
                while slots[slot] >= 0:
                    d = slots[slot]
                    if _same(buffer, mn_at, mn_end, codes, codes_at[d], codes_at[d + 1]):
                        known = d
                        break
                    slot = (slot + 1) & slot_mask
                if known < 0 or not is_plain[known]:
                    break
                w0, w1 = words_at[known], words_at[known + 1]
                if w1 > w0 and not _same(buffer, pw_at, pw_end, words, w0, w1):
                    break
                doubted = _area(
                    buffer,
                    i + 1,
                    e - 2,
                    scales,
                    known,
                    values,
                    quality,
                    n,
                    keys,
                    learnt,
                    limits,
                    sentinels,
                    letters,
                    powers,
                )
                if doubted < 0:
                    break
                number = np.int64(numbers[known])
                said = told(qn, buffer, flag_end + 6, e - 2)
                if again(said, (number << 32) | (cn << 16), present, before, count, most):
                    why = AGAIN
                    break
                device[n], at[n], kind[n] = number, moment, what
                cuts[n, 0], cuts[n, 1], cuts[n, 2] = p, e + 4, connection
                flagged += doubted
                n += 1
                if flag & 1:
                    written = _answer(
                        buffer,
                        s + 3,
                        pw_at,
                        pw_end,
                        mn_at,
                        mn_end,
                        (flag >> 2) << 2,
                        crc_table,
                        folds,
                        texts,
                        out,
                        written,
                    )
                is_taken = True
                break
            if not is_taken:
                handed[back, 0], handed[back, 1], handed[back, 2], handed[back, 3] = p, e + 4, connection, why
                back += 1
            p = after
        rests[connection] = p
        answers_end[connection] = written
        begin = stop
    return n, back, flagged


@njit(cache=True, nogil=True)
def gather(buffer, cuts, n, out, lengths):
    """Copy the rows' frames behind each other; returns the bytes written."""
    at = 0
    for r in range(n):
        size = cuts[r, 1] - cuts[r, 0]
        start = cuts[r, 0]
        out[at : at + size] = buffer[start : start + size]
        lengths[r] = size
        at += size
    return at
