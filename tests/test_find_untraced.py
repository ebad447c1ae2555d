"""How the list of tests without coverage is found."""

from tests.find_untraced import findable


def test_a_dear_test_that_finds_little_of_its_own_is_found() -> None:
    """Of two that alone reach something, one stays; what is cheap or not traced stays as it is."""
    arcs = {
        ("a.py", 1, 2): {"dear", "less"},
        ("a.py", 2, 3): {"dear"},
        ("b.py", 1, 2): {"", "cheap", "less"},
    }
    costs_s = {"dear": 1.0, "less": 0.25, "cheap": 0.05, "not traced": 2.0}

    assert findable(arcs, costs_s) == ["dear"]
    assert findable(arcs, costs_s | {"dear": 0.2}) == ["less"]
