"""The filter's rules: what may become one, how many, and what they may cost."""

import random
import string
import sys
from collections.abc import Callable
from types import FrameType

import pytest

from bot.wordfilter import (
    BUILT_IN_LISTS,
    MAX_EXPRESSIONS,
    MAX_LIST_LENGTH,
    MAX_RULES,
    CompiledFilter,
    FilterRule,
    RuleKind,
    check_pattern,
    check_room,
    compile_rules,
    read_list,
)
from bot.wordfilter.expressions import compile_expression
from bot.wordfilter.rules import MAX_EXPRESSION_SIZE, MAX_EXPRESSIONS_SIZE

PROMPT_LENGTH = 2000


def word(number: int) -> FilterRule:
    """Return one of many different words."""
    letters = "".join(chr(ord("a") + number // 26**place % 26) for place in range(4))
    return FilterRule(id=number, kind="word", pattern=f"q{letters}")


# -- what may become a rule ------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("word", "bad"),
        ("word", "bad*"),
        ("word", "*bad*"),
        ("word", "o'brien"),
        ("word", "420"),
        ("word", "裸"),
        ("phrase", "very bad"),
        ("phrase", "bad"),
        ("regex", r"\bbad(ly)?\b"),
        ("regex", r"(a+)+$x"),
        ("regex", "🍆"),
        ("regex", r"\d{5,}"),
    ],
)
def test_a_pattern_that_works_is_taken(kind: RuleKind, pattern: str) -> None:
    """Words, phrases and expressions that mean something have no problem."""
    assert check_pattern(kind, pattern) is None


@pytest.mark.parametrize(
    ("kind", "pattern", "says"),
    [
        ("word", "  ", "empty"),
        ("word", "very bad", "as a phrase"),
        ("word", "b*d", "start or the end"),
        ("word", "🍆", "no letters"),
        ("word", "***", "no letters"),
        ("word", "a", "single letter"),
        ("word", "ab*", "at least three"),
        ("word", "x" * 51, "at most 50"),
        ("phrase", "x " * 100, "at most 150"),
        ("regex", "x" * 301, "at most 300"),
        ("regex", "[a-", "never closed"),
        ("regex", "(a", "never closed"),
        ("regex", "a)", "never opened"),
        ("regex", "*a", "nothing to repeat"),
        ("regex", "a**", "follow each other"),
        ("regex", "a{1001}", "at most 1,000"),
        ("regex", "(?=a)b", "Look-ahead"),
        ("regex", "(?<!a)b", "Look-ahead"),
        ("regex", r"(a)\1", "not possible"),
        ("regex", "[z-a]", "wrong way round"),
        ("regex", "bad\\", "ends with"),
        ("regex", "((a{100}){100})", "when nested"),
        ("regex", r"(?:.{0,200}a){3}", "too large"),
        ("regex", r"\pL{1,200}z", "smaller numbers"),
        ("regex", "(?P<a", "not a valid regular expression"),
        ("regex", "x*", "nothing at all"),
        ("regex", "bad|", "nothing at all"),
        ("regex", r"\b", "nothing at all"),
        ("regex", "$", "nothing at all"),
        ("regex", ".", "nearly every prompt"),
        ("regex", r"\w+", "nearly every prompt"),
        ("regex", "[a-z]", "nearly every prompt"),
        ("regex", "e", "nearly every prompt"),
    ],
)
def test_a_pattern_that_cannot_work_is_explained(kind: RuleKind, pattern: str, says: str) -> None:
    """The problem is one or two whole sentences that say what is wrong."""
    problem = check_pattern(kind, pattern)

    assert problem is not None
    assert says in problem
    assert problem.endswith(".")


def test_a_rule_is_there_only_once() -> None:
    """The same word in another case, or as a phrase, is the rule that is there already."""
    existing = [FilterRule(id=7, kind="word", pattern="Bad")]

    assert check_room(existing, "phrase", " bad ") == "That is already filter rule 7."
    assert check_room(existing, "regex", "Bad") is None


def test_a_server_has_room_for_so_many_rules() -> None:
    """The last free place can be used, the next rule is refused with the number."""
    rules = [word(number) for number in range(MAX_RULES)]

    assert check_room(rules[:-1], "word", "bad") is None
    assert "1,000" in str(check_room(rules, "word", "bad"))


def test_a_server_has_room_for_so_many_expressions() -> None:
    """There is a number of expressions that is refused beyond, while words still fit."""
    rules = [FilterRule(id=n, kind="regex", pattern=f"bad{n}") for n in range(MAX_EXPRESSIONS)]

    assert check_room(rules[:-1], "regex", "worse") is None
    assert str(MAX_EXPRESSIONS) in str(check_room(rules, "regex", "worse"))
    assert check_room(rules, "word", "worse") is None


def test_expressions_have_a_size_together() -> None:
    """A few large expressions use up what a prompt may cost, before their number does."""
    large = [f"x{n}.{{50,100}}y" for n in range(20)]
    taken: list[FilterRule] = []
    for number, pattern in enumerate(large):
        assert check_pattern("regex", pattern) is None
        if check_room(taken, "regex", pattern) is None:
            taken.append(FilterRule(id=number, kind="regex", pattern=pattern))

    assert 0 < len(taken) < len(large)
    assert sum(compile_expression(r.pattern).programsize for r in taken) <= MAX_EXPRESSIONS_SIZE


def test_an_expression_that_no_longer_works_takes_no_room() -> None:
    """A stored rule that a newer engine refuses does not stop moderators from adding others."""
    broken = FilterRule(id=1, kind="regex", pattern="[")

    assert check_room([broken], "regex", "bad") is None


# -- pasted lists ----------------------------------------------------------------


def test_a_pasted_list_is_read_by_line() -> None:
    """Words, phrases and /expressions/ are told apart; comments and repeats are skipped."""
    pasted = read_list(
        "# our list\nbad\n\n  Bad \nvery bad\n/ba+d/\nworse*\nknown\n",
        [FilterRule(id=1, kind="word", pattern="known")],
    )

    assert pasted.patterns == (
        ("word", "bad"),
        ("phrase", "very bad"),
        ("regex", "ba+d"),
        ("word", "worse*"),
    )
    assert pasted.problems == ()


def test_bad_lines_are_named_and_the_rest_is_taken() -> None:
    """A problem names its line; after ten the list is put down."""
    pasted = read_list("good\n/[/\nx\nfine", [])

    assert pasted.patterns == (("word", "good"), ("word", "fine"))
    assert [problem.split(":")[0] for problem in pasted.problems] == [
        "Line 2 (`[`)",
        "Line 3 (`x`)",
    ]

    many = read_list("\n".join("abcdefghijklmnop"), [])

    assert len(many.problems) == 11
    assert many.problems[-1] == "The rest, from line 11, was not read."


def test_a_list_ends_where_the_room_ends() -> None:
    """No more rules come from a list than there is room for."""
    existing = [word(number) for number in range(MAX_RULES - 2)]
    pasted = read_list("one\ntwo\nthree\n", existing)

    assert pasted.patterns == (("word", "one"), ("word", "two"))
    assert len(pasted.problems) == 1


# -- compiled --------------------------------------------------------------------


def test_a_rule_that_cannot_work_is_told_and_left_out() -> None:
    """One broken rule neither stops the filter nor goes unnoticed."""
    compiled = compile_rules(
        [
            FilterRule(id=1, kind="regex", pattern="["),
            FilterRule(id=2, kind="word", pattern="!!!"),
            FilterRule(id=3, kind="word", pattern="bad"),
        ],
        ["nonsense"],
    )

    assert len(compiled.problems) == 3
    assert "rule 1" in compiled.problems[0]
    assert "rule 2" in compiled.problems[1]
    assert "nonsense" in compiled.problems[2]
    assert compiled.find("bad") is not None
    assert compiled.find("fine") is None


# -- what is found ---------------------------------------------------------------


def test_a_match_says_which_rule_and_shows_no_more_than_a_letter() -> None:
    """The excerpt is masked, short and has no formatting, whatever was written."""
    rule = FilterRule(id=5, kind="word", pattern="naked")
    found = compile_rules([rule], []).find("a n-4-k-3-d man")

    assert found is not None
    assert (found.rule, found.list_name) == (rule, None)
    assert found.excerpt == "n••••••••"


def test_a_long_match_is_cut() -> None:
    """An expression that matches half the prompt is quoted by its beginning only."""
    rule = FilterRule(id=5, kind="regex", pattern="`.*x")
    found = compile_rules([rule], []).find("`" + "secret " * 20 + "x")

    assert found is not None
    assert found.excerpt == "••••••• •••••• •••••…"


@pytest.mark.parametrize("name", BUILT_IN_LISTS)
def test_every_built_in_word_is_a_rule_and_is_found(name: str) -> None:
    """Each pattern of each list would be accepted from a moderator, and works."""
    compiled = compile_rules([], [name])

    for pattern in BUILT_IN_LISTS[name]:
        assert check_pattern("phrase", pattern) is None
        found = compiled.find(f"a picture of {pattern.strip('*')}, please")
        assert found is not None
        assert (found.rule, found.list_name) == (None, name)


def test_the_built_in_lists_are_modest_and_have_no_repeats() -> None:
    """The four lists are there, short enough to read, without the same word twice."""
    assert set(BUILT_IN_LISTS) == {"slurs", "sexual", "gore", "drugs"}
    for patterns in BUILT_IN_LISTS.values():
        assert 10 <= len(patterns) <= 60
        assert len(set(patterns)) == len(patterns)


@pytest.mark.parametrize(
    "prompt",
    [
        "A heroine with a method climbs a tower",
        "A fire retardant foam, an oven of spice, spicy food",
        "A Maine coon cat; a chink in the armour",
        "The flag of Pakistan, raccoons, Scunthorpe, Essex",
        "A sextant, categories of title, snuff boxes and snuffling pigs",
        "Snigger at a niggling figure in Niger and Nigeria",
        "Penistone station, Arsenal, the Canal du Midi",
        "A cathedral, gorgeous, Gregory, Pisa tower tilts",
        "An opiate-free clinic, methane, Methuselah, orgies of colour",
        "Ultra HD, 4k, 8k, 24fps, f/1.8, ISO 400, 50mm, 3D render",
        "extra limbs, bad anatomy, blurry, watermark, low quality",
    ],
)
def test_built_in_lists_leave_everyday_prompts_alone(prompt: str) -> None:
    """With every list on, everyday words that contain a listed one pass."""
    assert compile_rules([], BUILT_IN_LISTS).find(prompt) is None


# -- what it may cost ------------------------------------------------------------


def calls_of(action: Callable[[], object]) -> int:
    """Return how many Python functions an action calls: work, not time."""
    count = 0

    def counted(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        action()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    "pattern", ["(a+)+$b", "(a|a?)+$b", "(.*a){20}b", "(x+x+)+y", "(a*)*(a*)*b"]
)
def test_a_catastrophic_expression_cannot_run_away(pattern: str) -> None:
    """Each instruction is looked at once for each byte: a backtracking engine would never end.

    That this test ends at all is the proof; the bound says how much work it is at most.
    """
    expression = compile_expression(pattern)
    prompt = "a" * PROMPT_LENGTH + "!"

    assert type(expression).__module__ == "re2"
    assert expression.programsize <= MAX_EXPRESSION_SIZE
    assert compile_rules([FilterRule(id=1, kind="regex", pattern=pattern)], []).find(prompt) is None


HARD_PROMPTS = {
    "single letters": "a ",
    "dotted letters": "a.",
    "hidden letters": "f***",
    "stars": "a*",
    "i or l": "I1l|",
    "signs": "n|!",
    "digits as letters": "e3e ",
    "dots after a letter": "n.!.",
    "tags": "<",
    "links": "[",
    "marks": "a\u0300",
    "overrides": "\u202e",
}


@pytest.fixture(scope="module")
def largest_filter() -> CompiledFilter:
    """As many words as a server may have, and all built-in lists; made once, for it takes long."""
    rng = random.Random(1)
    words = ["".join(rng.choices(string.ascii_lowercase, k=6)) for _ in range(MAX_RULES)]
    rules = [FilterRule(id=n, kind="word", pattern=letters) for n, letters in enumerate(words)]
    return compile_rules(rules, BUILT_IN_LISTS)


@pytest.mark.parametrize("part", HARD_PROMPTS.values(), ids=HARD_PROMPTS.keys())
def test_the_work_grows_with_the_prompt_only(largest_filter: CompiledFilter, part: str) -> None:
    """A prompt made to be hard costs at most so much for each of its characters."""
    compiled = largest_filter
    text = part * (PROMPT_LENGTH // len(part))
    half = text[: PROMPT_LENGTH // 2]
    compiled.find(text)
    work, half_work = calls_of(lambda: compiled.find(text)), calls_of(lambda: compiled.find(half))

    assert work <= 200 * PROMPT_LENGTH
    assert work <= 2.5 * half_work + 100


def test_many_words_cost_no_more_than_few() -> None:
    """A thousand rules need little more work on an ordinary prompt than ten."""
    prompt = "A slow zoom over an old harbour at dawn, boats, gulls and fog. " * 30
    few = compile_rules([word(number) for number in range(10)], [])
    many = compile_rules([word(number) for number in range(MAX_RULES)], [])
    few.find(prompt)

    assert calls_of(lambda: many.find(prompt)) <= 2 * calls_of(lambda: few.find(prompt))


def test_a_megabyte_is_refused_unread() -> None:
    """A huge pasted list costs a look at its length, and its answer some words."""
    huge = "bad\n" * 250_000

    assert calls_of(lambda: read_list(huge, [])) < 200
    pasted = read_list(huge, [])
    assert pasted.patterns == ()
    assert "1,000,000" in pasted.problems[0]
    assert len(huge) > MAX_LIST_LENGTH


@pytest.mark.parametrize("kind", ["word", "phrase", "regex"])
def test_a_megabyte_in_one_pattern_is_refused_unread(kind: RuleKind) -> None:
    """So does a huge pattern, of every kind."""
    assert calls_of(lambda: check_pattern(kind, "x" * 1_000_000)) < 200
