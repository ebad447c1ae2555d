"""What the prompt filter costs: catastrophic expressions beside `re`, and the largest filter.

`re` runs in a process of its own that is ended after a while, because some of these would take
it longer than the universe is old. Prints a table to standard error and JSON to standard output.
"""

import json
import random
import statistics
import string
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

from bot.catalogue.options import PROMPT_MAX_LENGTH
from bot.wordfilter import BUILT_IN_LISTS, MAX_RULES, FilterRule, compile_rules

ROUNDS = 9
RE_LIMIT_S = 1.0
CATASTROPHIC = (
    "(a+)+$b",
    "(a|a?)+$b",
    "(.*a){12}b",
    "(x+x+)+y",
    "(a*)*(a*)*b",
    r"(\w+\s?)*#",
    "(a?){198}a{198}z",  # nearly as large as an expression may be: the dearest that we found
)
PROMPTS = {
    "ordinary": "A slow zoom over an old harbour at dawn, boats, gulls and fog. ",
    "single letters": "a ",
    "dotted letters": "a.",
    "stars": "a*",
    "i or l": "I1l|",
    "signs": "n|!",
}
WITH_RE = "import re, sys; re.compile(sys.argv[1], re.I | re.S).search(sys.argv[2])"

Row = dict[str, object]


def median_ms(action: Callable[[], object]) -> float:
    """Return the median time of some rounds, on this process's own clock of work done."""
    seen = []
    for _ in range(ROUNDS):
        start = time.process_time()
        action()
        seen.append((time.process_time() - start) * 1000)
    return round(statistics.median(seen), 3)


def full(text: str) -> str:
    """Return the text again and again, as long as a prompt may be."""
    return (text * PROMPT_MAX_LENGTH)[:PROMPT_MAX_LENGTH]


def with_re_ms(pattern: str, prompt: str) -> float | str:
    """Return how long Python's own engine takes, or that it was ended."""
    start = time.monotonic()
    try:
        subprocess.run(
            [sys.executable, "-c", WITH_RE, pattern, prompt], check=True, timeout=RE_LIMIT_S
        )
    except subprocess.TimeoutExpired:
        return f"ended after {RE_LIMIT_S * 1000:.0f}"
    return round((time.monotonic() - start) * 1000, 3)


def expressions() -> list[Row]:
    """Measure each catastrophic expression over a prompt that it almost matches."""
    rows: list[Row] = []
    for pattern in CATASTROPHIC:
        prompt = full("x" if "x" in pattern else "a")
        compiled = compile_rules([FilterRule(id=1, kind="regex", pattern=pattern)], [])
        rows.append(
            {
                "expression": pattern,
                "filter_ms": median_ms(partial(compiled.find, prompt)),
                "re_ms": with_re_ms(pattern, prompt),
            }
        )
    return rows


def largest_filter() -> list[Row]:
    """Measure prompts, ordinary and made to be hard, in the largest filter there may be."""
    rng = random.Random(1)
    rules = [
        FilterRule(
            id=number,
            kind="word",
            pattern="".join(rng.choices(string.ascii_lowercase, k=rng.randint(4, 12))),
        )
        for number in range(MAX_RULES)
    ]
    compiled = compile_rules(rules, BUILT_IN_LISTS)
    rows: list[Row] = []
    for name, text in PROMPTS.items():
        find = partial(compiled.find, full(text))
        rows.append({"prompt": name, "filter_ms": median_ms(find)})
    return rows


def main() -> None:
    """Measure and print."""
    figures = {"expressions": expressions(), "largest_filter": largest_filter()}
    for rows in figures.values():
        for row in rows:
            print("  ".join(f"{value!s:>18}" for value in row.values()), file=sys.stderr)
    print(
        json.dumps(
            {"benchmark": "filter", "prompt_length": PROMPT_MAX_LENGTH, "rules": MAX_RULES}
            | figures,
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
