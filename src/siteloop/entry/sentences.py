"""Why the program cannot start, in one sentence for the person at the keyboard."""


class CannotStart(Exception):
    """Chinese and English sentence; the command ends with exit code 2."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(f"{chinese} / {english}")
