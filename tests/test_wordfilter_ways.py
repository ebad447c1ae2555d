"""Ways around a blocked word, and innocent sentences that only look like one.

The blocked word is "ass": short, so the hardest to tell from what merely contains it.
"""

import string
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.wordfilter import BUILT_IN_LISTS, CompiledFilter, FilterRule, RuleKind, compile_rules

WORD = "ass"

WAYS_AROUND = {
    "as it is": "ass",
    "upper case": "ASS",
    "mixed case": "aSs",
    "accents": "âşš",
    "accents in two": "a\u0302s\u0327s\u030c",
    "heaps of marks": "a\u0300\u0301\u0302\u0336\u0489s\u0315\u0358s\u035e",
    "struck through": "a\u0336s\u0336s\u0336",
    "digits": "a55",
    "digits only but one": "4s5",
    "signs": "@$$",
    "sign and digit": "@5s",
    "section signs": "a§§",
    "spaces": "a s s",
    "many spaces": "a    s  s",
    "no-break and ideographic spaces": "a\u00a0s\u3000s",
    "a line each": "a\ns\ns",
    "full stops": "a.s.s",
    "full stops and spaces": "a. s. s.",
    "one full stop": "a.ss",
    "commas": "a,s,s",
    "dashes": "a-s-s",
    "one dash": "as-s",
    "spaced dashes": "a - s - s",
    "underscores": "a_s_s",
    "slashes": "a/s/s",
    "stars": "a*s*s",
    "a letter hidden": "a*s",
    "emoji between": "a🔥s🔥s",
    "a letter many times": "aaaasssss",
    "letters many times, spaced": "aa sss ss",
    "digits around": "1ass99",
    "quoted": "'ass'",
    "in brackets": "(ass)",
    "a Cyrillic letter": "\u0430ss",
    "Cyrillic only": "\u0430\u0455\u0455",
    "a Greek letter": "\u03b1ss",
    "Cherokee": "\u13aa\u13da\u13da",
    "Lisu": "\ua4ee\ua4e2\ua4e2",
    "Armenian": "a\u057f\u057f",
    "full width": "\uff41\uff53\uff53",
    "mathematical bold": "\U0001d41a\U0001d42c\U0001d42c",
    "mathematical fraktur": "\U0001d51e\U0001d530\U0001d530",
    "mathematical double-struck": "\U0001d552\U0001d564\U0001d564",
    "small capitals": "\u1d00\ua731\ua731",
    "superscript": "\u1d43\u02e2\u02e2",
    "circled": "\u24d0\u24e2\u24e2",
    "black circles": "\U0001f150\U0001f162\U0001f162",
    "black squares": "\U0001f170\U0001f182\U0001f182",
    "regional indicators": "\U0001f1e6\U0001f1f8\U0001f1f8",
    "zero-width space": "a\u200bs\u200bs",
    "zero-width joiners": "a\u200ds\u200cs",
    "soft hyphen": "a\u00adss",
    "word joiner and byte order mark": "a\u2060s\ufeffs",
    "variation selectors": "a\ufe0fs\ufe0es",
    "grapheme joiner": "a\u034fss",
    "tag characters": "a\U000e0073ss",
    "tag characters only": "fox\U000e0061\U000e0073\U000e0073",
    "Hangul filler": "a\u3164ss",
    "right-to-left mark": "\u200fa\u200fs\u200fs",
    "right-to-left override": "\u202essa\u202c",
    "embedding": "a\u202as\u202cs",
    "HTML tags": "a<b></b>ss",
    "HTML entities": "&#97;&#x73;s",
    "HTML soft hyphen": "a&shy;ss",
    "Markdown bold": "**ass**",
    "Markdown bold inside": "a**s**s",
    "Markdown spoiler": "||a||s||s||",
    "Markdown strike": "~~a~~ss",
    "Markdown link": "a[s](https://example.org)s",
    "Markdown code": "`a`ss",
    "drawn with slashes": "/\\ss",
    "possessive": "ass's",
    "trade mark": "ass™",
}  # fmt: skip

INNOCENT = (
    "A class of students draws on a blackboard",
    "An assassin in a hood on a roof at night",
    "A passage between two glass towers",
    "Brass instruments, a bass guitar and a double bass",
    "The embassy and its ambassador at a gala",
    "A compass on an old map",
    "Grass in the wind, molasses on a plate",
    "Passengers board the last train",
    "A cassette player on a dashboard",
    "Mass in a cathedral, with candles",
    "A sassy cat with sunglasses",
    "Harassed commuters in the rain",
    "A massive asset, assembled by robots",
    "Associates assume and assist",
    "A casserole in the oven",
    "Hassan and Cassandra dance",
    "Assyrian reliefs, ASSORTED fruits",
    "A classic car, first class",
    "Surpassing waves over an isthmus, amassing foam",
    "Embarrassed, she laughs",
    "A carcass of a ship on the beach",
    "Lasso in the air, a cowboy in Texas",
    "Alsatian dogs in the Vosges, in Alsace",
    "A bassinet, a tassel and a vassal",
    "As soon as she sees it, she runs",
    "As is: an as-is shot",
    "A 5 s clip of a wave",
    "a 5s video, as 5 s is enough",
    "Room 455, at $455 a night",
    "It costs as $5 bills do",
    "A S-shaped road, as S curves go",
    "She was so sad as she said so",
    "It has six legs, as spiders do not",
    "Gl@ss and cl4ss, written as players do",
    "U.S.S. Enterprise leaves the dock",
    "Gas stations at dusk, gas signs glow",
    "As a saloon door swings, a stranger enters",
    "Was Sam there? As Sam was!",
    "A soft a, s and z in neon letters",
    "Mail me @ssembly.example at 5:55",
    "A 1:55 clip, 16:9, 720p, 24 fps",
    "Las Salinas at noon, as seen from above",
    "He asks; she has said yes. As said.",
    "Kirchgasse, Strassen und Wassermassen",
    "Une tasse de café, une chasse passée",
)  # fmt: skip

SENTENCES = (
    "{}",
    "A cat looks at {} in the rain",
    "{} on the beach, golden hour",
    "the end is {}.",
)


def filter_of(*patterns: str, kind: RuleKind = "word") -> CompiledFilter:
    """Return a filter with these rules."""
    rules = (FilterRule(id=i, kind=kind, pattern=p) for i, p in enumerate(patterns, start=1))
    return compile_rules(rules, ())


def finds(pattern: str, text: str, kind: RuleKind = "word") -> bool:
    """Whether a filter of one rule refuses the text."""
    return filter_of(pattern, kind=kind).find(text) is not None


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("written", WAYS_AROUND.values(), ids=WAYS_AROUND.keys())
def test_a_way_around_is_caught(written: str, sentence: str) -> None:
    """However the blocked word is written, alone or in a sentence, it is found."""
    assert finds(WORD, sentence.format(written))


@pytest.mark.parametrize("sentence", INNOCENT)
def test_an_innocent_sentence_passes(sentence: str) -> None:
    """What only contains the word inside other words, or beside a gap, is not refused."""
    assert filter_of(WORD).find(sentence) is None


def test_there_are_enough_of_both() -> None:
    """At least forty different ways and forty different sentences are tried."""
    assert len(set(WAYS_AROUND.values())) >= 40
    assert len(set(INNOCENT)) >= 40


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("naked", "n4k3d"),
        ("naked", "|\\|aked"),
        ("naked", "na ked"),
        ("naked", "ɴ𝒂κᴇᴅ"),
        ("naked", "🅽🅰🅺🅴🅳"),
        ("slut", "sIut"),
        ("slut", "5|ut"),
        ("fag", "phag"),
        ("shit", "$h!+"),
        ("shit", "s h 1 t"),
        ("cunt", "(unt"),
        ("fuck", "f**k"),
        ("fuck", "f-ck"),
        ("fuck", "(f**k)"),
        ("fuck", "duck or f**k-duck"),
        ("ship", "sh!!!p"),
        ("fuck", "fu\nck"),
        ("cow", "covv"),
        ("penis", "p3n1s"),
        ("penis", "pen_is"),
        ("penis", "pe nis"),
        ("tørst", "torst"),
        ("ƛambda", "ƛ4mbda"),
        ("fuck", "see f**k-"),
        ("ёлка", "ёлkа"),  # noqa: RUF001 - one letter is Latin, on purpose
        ("ёлка", "Е.Л.К.А"),  # noqa: RUF001 - Russian
        ("裸体", "很裸体的画"),
        ("무기", "무기를 든 사람"),
        ("420", "420"),
    ],
)
def test_other_words_are_caught_too(word: str, written: str) -> None:
    """Letters as signs, drawings, hidden letters and other alphabets are seen in any word."""
    assert finds(word, f"a picture of {written} here")


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("penis", "The pen is on the table"),
        ("hell", "He'll say hello to Shelley"),
        ("god", "A good view, goods on a train"),
        ("tit", "The camera tilts; a title, a Titan"),
        ("tit", "A t-t joint"),
        ("tits", "Tilts and it's fine"),
        ("cock", "Cockpit, peacock, cocktail"),
        ("rape", "Grapes, drapes and rapeseed"),
        ("anal", "An Albanian canal, an analysis"),
        ("pot", "Рот открыт, жёлтый спот и топор"),
        ("кот", "A kot is no cat"),
        ("cum", "A document about cumin and cucumbers"),
        ("fuck", "F-16 kicks off"),
        ("sexy", "sex-appeal? no: Essex, Sussex, Middlesex"),
        ("성", "서울의 밤"),
        ("か", "が"),
        ("420", "1420 stars in 4200 skies"),
    ],
)
def test_other_innocent_sentences_pass(word: str, sentence: str) -> None:
    """Other languages' words, contractions and parts of words are not taken for the word."""
    assert not finds(word, sentence)


# -- rules -----------------------------------------------------------------------


def test_a_star_takes_longer_words() -> None:
    """`word*` takes what begins so, `*word` what ends so, both what has it inside."""
    sentence = "unfucking"

    assert not finds("fuck*", sentence)
    assert not finds("*fuck", sentence)
    assert finds("*fuck*", sentence)
    assert finds("fuck*", "f u c k ing")
    assert finds("*ass", "a jackass laughs")
    assert not finds("*ass", "assets")


@pytest.mark.parametrize(
    "written",
    ["kill  yourself", "KILL-yourself", "killyourself", "k1ll y0urself", "k i l l y o u r s e l f"],
)
def test_a_phrase_is_found_with_any_gaps(written: str) -> None:
    """A phrase's spaces may be any gap, or none."""
    assert finds("kill yourself", f"now {written}!", "phrase")


def test_a_phrase_does_not_match_an_ordinary_word() -> None:
    """A phrase that happens to spell a word without its gap leaves that word alone."""
    assert finds("the rapist", "the rapist runs", "phrase")
    assert not finds("the rapist", "a therapist listens", "phrase")
    assert not finds("kill yourself", "to kill time by yourself", "phrase")


def test_expressions_see_through_disguise() -> None:
    """A regular expression reads the text as typed and with its letters made plain."""
    assert finds(r"\bbl[oa]{2}dy?\b", "BLOOD", "regex")
    assert finds(r"\bblood\b", "a pool of bl00d", "regex")
    assert finds(r"\bblood\b", "a pool of bl\u043e\u043ed", "regex")
    assert finds(r"\bblood\b", "bl\u200bood", "regex")
    assert finds(r"naïve", "a NAÏVE girl", "regex")
    assert finds(r"kill.*yourself", "kill\nyourself", "regex")
    assert finds("🍆", "with an 🍆\ufe0f", "regex")
    assert not finds(r"\bblood\b", "bloodhound", "regex")


# -- properties ------------------------------------------------------------------

LETTERS = st.text(string.ascii_lowercase, min_size=1, max_size=6)
UNSEEN = st.sampled_from(["", "\u200b", "\u00ad", "\u0301", "\ufe0f", "\u202a", "\u0336"])
SPELLINGS = {
    letter: [letter, letter.upper(), *extra]
    for letter, extra in {
        "d": ["\u0501", "\uff44", "\U0001d41d"],
        "r": ["\u0280", "\u24e1"],
        "u": ["\u03c5", "\u00fc"],
        "g": ["9", "6", "\u0262"],
    }.items()
}
SPELLED = st.tuples(
    *(st.tuples(st.sampled_from(SPELLINGS[letter]), st.integers(1, 5), UNSEEN) for letter in "drug")
)


@given(spelled=SPELLED, gap=st.sampled_from(["", "-", "_", "*", "~", " ", ".", " - "]))
def test_disguises_combined_are_caught(spelled: tuple[tuple[str, int, str], ...], gap: str) -> None:
    """Lookalikes, repeats, unseen characters and gaps together hide nothing."""
    pieces = [letter * repeats + unseen for letter, repeats, unseen in spelled]

    assert finds("drug", f"some {gap.join(pieces)}, please")


@given(before=LETTERS, after=LETTERS)
def test_inside_a_longer_word_nothing_is_found(before: str, after: str) -> None:
    """Letters on either side make it another word, whatever they are."""
    assume(not before.endswith(WORD[0]))
    assume(not after.startswith(WORD[-1]))
    blocked = filter_of(WORD)

    assert blocked.find(f"the {before}{WORD}{after} here") is None
    assert blocked.find(f"the {before}{WORD}, here") is None
    assert blocked.find(f"the {WORD}{after} here") is None


@given(text=st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    """No text breaks the filter, and every excerpt shows one letter at most."""
    every = compile_rules((FilterRule(id=1, kind="regex", pattern="[a-z]{2}"),), BUILT_IN_LISTS)
    match = every.find(text)

    assert match is None or sum(map(str.isalnum, match.excerpt)) <= 1


@given(text=st.text(max_size=40), form=st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_the_form_of_the_text_does_not_matter(text: str, form: str) -> None:
    """The word is found beside any text, in every normal form of Unicode."""
    written = unicodedata.normalize(form, f"{text} | náked |")  # type: ignore[arg-type]  # a sampled form

    assert finds("naked", written)
