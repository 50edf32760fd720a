"""Fills the templates beside this file and writes the folder. Needs no Django."""

import keyword
import re
from pathlib import Path
from string import Template

TEMPLATES = Path(__file__).parent / "templates"
SYSTEMS = Path(__file__).resolve().parents[2] / "systems"


def write_system(
    name: str, title: str, title_en: str = "", *, requirements: tuple[str, ...] = (), systems: Path = SYSTEMS
) -> list[Path]:
    """Write `systems/<name>/` and return its files. Raises ValueError for a bad name, FileExistsError for a taken one.

    `siteloop check` asks for at least one requirement id; without `requirements` it reminds of that.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name) or len(name) > 40:
        raise ValueError("the name must be a snake_case word of at most 40 letters, such as tower_crane")
    if not title.strip():
        raise ValueError("a Chinese title is needed")
    folder = systems / name
    if folder.exists():
        raise FileExistsError(f"{folder} is already there")
    words = {
        "name": name,
        "title": _quoted(title.strip()),
        "title_en": _quoted(title_en.strip() or name.replace("_", " ").capitalize()),
        "requirements": "".join(f'"{_quoted(one)}", ' for one in requirements).strip(),
        "Config": "".join(w.title() for w in name.split("_")) + "Config",
    }
    written = []
    for source in sorted(TEMPLATES.rglob("*.txt")):
        target = folder / source.relative_to(TEMPLATES).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template(source.read_text(encoding="utf-8")).substitute(words), encoding="utf-8")
        written.append(target)
    return written


def _quoted(words: str) -> str:
    """Safe inside a double-quoted literal and a docstring."""
    return re.sub(r'["\\\n\r]', "", words)
