"""Trouble: one clear sentence in both languages instead of a traceback; exit status 2."""


class Trouble(RuntimeError):
    """Something the person starting the program can mend."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")
