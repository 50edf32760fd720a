"""Words that hold a secret: told to the person who asked, and kept nowhere."""

from typing import Any


class ToldOnce(str):
    """A sentence with a secret in it; `afterwards` is what stands in its place wherever the answer is kept."""

    afterwards: str

    def __new__(cls, words: str, afterwards: str) -> "ToldOnce":
        """Reads as `words` everywhere."""
        told = super().__new__(cls, words)
        told.afterwards = afterwards
        return told


def without_secrets(body: Any) -> Any:
    """The same answer with what stands afterwards instead of each secret sentence."""
    if isinstance(body, ToldOnce):
        return body.afterwards
    if isinstance(body, dict):
        return {name: without_secrets(value) for name, value in body.items()}
    if isinstance(body, list | tuple):
        return [without_secrets(value) for value in body]
    return body
