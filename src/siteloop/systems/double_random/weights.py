"""Why an object weighs what it weighs: a base and lines of points by risk and credit. Pure; numbers come from the pack."""

from collections.abc import Mapping
from dataclasses import dataclass

#: what counts where no pack states the table; the shipped packs state it (double_random.weights)
DEFAULT: Mapping[str, int] = {
    "base": 100,
    "class_one": 30,
    "public_key": 20,
    "large": 20,
    "large_m2": 50_000,
    "never_checked": 30,
    "problems_last": 40,
    "case": 10,
    "case_most": 50,
    "overdue": 20,
    "overdue_most": 60,
    "demerit": 5,
    "demerit_most": 60,
    "credit_a": -30,
    "credit_b": 0,
    "credit_c": 30,
    "credit_d": 60,
    "lowest": 10,
    "highest": 400,
}


@dataclass(frozen=True)
class Facts:
    """What is known of a project on the day of freezing; counts are those of the last 365 days."""

    is_class_one: bool = False
    is_public_key: bool = False
    floor_area: int = 0  # m², rounded down
    was_checked: bool = False  # ever drawn and checked
    last_had_problems: bool = False
    cases: int = 0  # dispatches opened
    overdue: int = 0  # of these, once overdue
    demerits: int = 0  # points of double-random checks
    grade: str = ""  # credit grade A…D of the contractor, "" = not graded


@dataclass(frozen=True)
class Line:
    """One line of the explanation: the fact, its value as shown, its points."""

    code: str
    title: str
    value: str
    points: int

    def plain(self) -> dict[str, object]:
        """As it stands in the frozen inputs."""
        return {"code": self.code, "title": self.title, "value": self.value, "points": self.points}


def lines(facts: Facts, table: Mapping[str, int]) -> list[Line]:
    """The base, then every fact that gives or takes points, then what the limits cut; their sum is the weight."""
    t = {**DEFAULT, **table}
    found = [Line("base", "基础权重", "", t["base"])]

    def add(code: str, title: str, value: str, points: int) -> None:
        if points:
            found.append(Line(code, title, value, points))

    if facts.is_class_one:
        add("class_one", "一类项目", "是", t["class_one"])
    if facts.is_public_key:
        add("public_key", "重点公建", "是", t["public_key"])
    if facts.floor_area >= t["large_m2"]:
        add("large", f"建筑面积不小于 {t['large_m2']} ㎡", f"{facts.floor_area} ㎡", t["large"])
    if not facts.was_checked:
        add("never_checked", "从未双随机抽查", "是", t["never_checked"])
    if facts.last_had_problems:
        add("problems_last", "上次抽查被责令改正", "是", t["problems_last"])
    add("cases", "近一年派单", f"{facts.cases} 件", min(facts.cases * t["case"], t["case_most"]))
    add(
        "overdue",
        "近一年逾期派单",
        f"{facts.overdue} 件",
        min(facts.overdue * t["overdue"], t["overdue_most"]),
    )
    add(
        "demerits",
        "近一年违规记分",
        f"{facts.demerits} 分",
        min(facts.demerits * t["demerit"], t["demerit_most"]),
    )
    if facts.grade:
        add("credit", "施工单位信用等级", facts.grade, t.get(f"credit_{facts.grade.lower()}", 0))
    total = sum(line.points for line in found)
    lowest = max(1, t["lowest"])
    cut = max(lowest, min(total, max(lowest, t["highest"]))) - total
    add("limit", f"权重限定在 {lowest}–{t['highest']}", "", cut)
    return found


def weight(found: list[Line]) -> int:
    """Sum of the lines, at least 1."""
    return max(1, sum(line.points for line in found))
