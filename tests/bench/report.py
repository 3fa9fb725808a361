"""docs/benchmarks.md from the results."""

INTRO = """# Benchmarks

Measured with `tests/bench/run` (`./check bench`) on {date} at revision {revision}: {machine}.
Every figure stands beside a yardstick of the same run: both sides take turns, the median of the rounds counts, ranges are in
brackets. The release preset was used. {pinning}
The machine's load average of the last 15 minutes was {load:.0f}. The more it is above the number of cores, the more
the times below are those of a queue for the processor.

Machines differ, and so do days: compare ratios and differences, not the absolute figures.

"""


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def word(is_met):
    return "" if is_met is None else "met" if is_met else "**missed**"


def part(report, remarks):
    text = f"## {report['title']}\n\n{report['how']}\n\n"
    text += table(report["head"], report["rows"])
    verdicts = [(what, figure, target, word(is_met))
                for what, figure, target, is_met in report["verdicts"]]
    text += "\n" + table(("figure", "measured", "target", ""), verdicts)
    return text + (f"\n{remarks}\n" if remarks else "") + "\n"


def document(facts, reports, remarks):
    body = "".join(part(report, remarks.get(letter, "")) for letter, report in reports.items())
    return (INTRO.format(**facts) + body).rstrip("\n") + "\n"
