"""The report as one HTML page: readable without a network, printable, Chinese first."""

from html import escape

from siteloop.kernel.conformance import PROFILES, TITLES, Report, Result, Verdict
from siteloop.kernel.times import SHANGHAI, from_us

SIGN = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.NOT_SHOWN: "—"}
STYLE = """
:root { --ink: #1b2530; --soft: #5b6875; --line: #d7dde3; --good: #1a7f4b; --bad: #b3261e; --none: #6b7280 }
* { box-sizing: border-box }
body { font: 14px/1.6 "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif; color: var(--ink); margin: 0 auto; max-width: 210mm;
  padding: 12mm }
h1 { font-size: 22px; margin: 0 } h2 { font-size: 16px; margin: 28px 0 8px } small, .soft { color: var(--soft) }
header { border-bottom: 2px solid var(--ink); padding-bottom: 12px; display: flex; justify-content: space-between; gap: 24px; align-items: end }
.verdict { font-size: 20px; font-weight: 700; white-space: nowrap; border: 2px solid; border-radius: 6px; padding: 4px 14px }
.pass { color: var(--good) } .fail { color: var(--bad) } .not_shown { color: var(--none) }
dl { display: grid; grid-template-columns: max-content 1fr max-content 1fr; gap: 4px 16px; margin: 16px 0 }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
table { width: 100%; border-collapse: collapse } th, td { text-align: left; vertical-align: top; padding: 6px 8px; border-bottom: 1px solid var(--line) }
th { font-weight: 600; color: var(--soft); border-bottom-color: var(--ink) } td:first-child { white-space: nowrap; font-weight: 600 }
article { border-top: 1px solid var(--line); padding: 12px 0; break-inside: avoid } article h3 { font-size: 14px; margin: 0 }
pre { background: #f4f6f8; padding: 6px 10px; margin: 4px 0; white-space: pre-wrap; overflow-wrap: anywhere; font: 12px/1.5 ui-monospace, Consolas, monospace }
footer { margin-top: 28px; border-top: 1px solid var(--line); padding-top: 8px; color: var(--soft); font-size: 12px; overflow-wrap: anywhere }
.signs { display: grid; grid-template-columns: 1fr 1fr; gap: 40px; margin-top: 40px } .signs div { border-top: 1px solid var(--ink); padding-top: 4px }
@media print { body { padding: 0 } @page { size: A4; margin: 14mm } }
"""


def _when(us: int) -> str:
    return f"{from_us(us).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def _badge(verdict: Verdict) -> str:
    zh, en = TITLES[verdict]
    return f'<span class="{verdict}">{SIGN[verdict]} {zh} <small>{en}</small></span>'


def _row(result: Result) -> str:
    return (
        f'<tr><td>{_badge(result.verdict)}</td><td><a href="#{escape(result.code)}">{escape(result.title)}</a>'
        f" <small>{escape(result.title_en)}</small></td><td>{escape(result.clause)}</td><td>{escape(result.found)}</td></tr>"
    )


def _article(result: Result) -> str:
    frames = "".join(f"<pre>{'← ' if s.way == 'in' else '→ '}{escape(s.text)}</pre>" for s in result.seen)
    return (
        f'<article id="{escape(result.code)}"><h3>{_badge(result.verdict)} · {escape(result.title)}'
        f" <small>{escape(result.code)} · {escape(result.clause)}</small></h3>"
        f"<div>应为 expected：{escape(result.expected)}</div><div>实为 found：{escape(result.found)}</div>{frames}</article>"
    )


def html(report: Report) -> str:
    """The page."""
    title = PROFILES[report.profile][0]
    subject = "设备" if report.role == "device" else "平台或客户端"
    zh, en = TITLES[report.verdict]
    facts = {
        "协议 Protocol": title,
        "被测对象 Tested": subject,
        "厂家 Maker": report.maker or "—",
        "型号 Model": report.model or "—",
        "固件 Firmware": report.firmware or "—",
        "编码 Code": report.code or "—",
        "对方地址 Peer": report.peer or "—",
        "测试人 Tester": report.tester or "—",
        "开始 Started": _when(report.started_us),
        "结束 Ended": _when(report.ended_us),
    }
    counts = "　".join(f"{TITLES[v][0]} {report.count(v)}" for v in Verdict)
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)} 符合性测试报告</title><style>{STYLE}</style></head><body>"
        f"<header><div><h1>{escape(title)} 符合性测试报告</h1><span class='soft'>Conformance report · siteloop {escape(report.tool)}</span></div>"
        f'<div class="verdict {report.verdict}">{SIGN[report.verdict]} {zh} {en}</div></header>'
        f"<dl>{''.join(f'<dt>{k}</dt><dd>{escape(v)}</dd>' for k, v in facts.items())}</dl><p>共 {len(report.results)} 项：{counts}</p>"
        "<table><thead><tr><th>结论</th><th>测试项</th><th>条款</th><th>实测</th></tr></thead><tbody>"
        f"{''.join(map(_row, report.results))}</tbody></table><h2>逐项记录 <small>Case by case</small></h2>"
        f"{''.join(map(_article, report.results))}"
        '<div class="signs"><div>测试人（签字、日期）</div><div>设备厂家（签字、日期）</div></div>'
        f"<footer>“未出现”表示测试期间没有出现该情形，不作判定。报告摘要 SHA-256 {escape(report.digest)}；归档请上传 report.json。</footer>"
        "</body></html>"
    )
