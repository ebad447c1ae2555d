"""The moderators' card within Discord's limits, whatever was written."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from bot.catalogue import MODELS, Model
from bot.discord_ui.approval_card import ROOM, approval_card, denial_form
from bot.discord_ui.log_parts import is_cut, job_number
from bot.discord_ui.words import units
from bot.errors import BadInputError
from bot.job import Job, JobState
from tests.face_kit import MOST_COMPONENTS, MOST_TEXT, NOW, components, hostile_text, job, longest
from tests.face_kit import texts as texts_of

REASONS = ("You joined 2 days ago; " * 20,) * 6


def waiting(model: Model = MODELS[1], **changes: object) -> Job:
    """Return a job that waits."""
    return job(JobState.AWAITING_APPROVAL, model, approval_reasons=REASONS, **changes)


def labels(made: Job) -> list[str]:
    """Return the labels of the card's buttons."""
    return [part["label"] for part in components(approval_card(made)) if part["type"] == 2]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)
@given(prompt=hostile_text(2000), negative=hostile_text(400))
@settings(max_examples=40)
def test_any_words_fit(model: Model, prompt: str, negative: str) -> None:
    """Waiting and decided; what had to be cut can be read by a button."""
    made = waiting(model, options=longest(model, prompt, negative))
    ended = replace(made, state=JobState.DENIED, decided_by=1, decision_reason="`" * 300)
    for shown in (made, ended):
        view = approval_card(shown)

        assert sum(units(text) for text in texts_of(view)) <= MOST_TEXT
        assert len(list(components(view))) <= MOST_COMPONENTS
        assert ("Read all of it" in labels(shown)) == is_cut(shown, ROOM)
        assert "@everyone" not in "".join(texts_of(view))


def test_roles_and_clocks_of_a_reason_are_shown_as_such() -> None:
    """The reasons are the bot's own sentences: a moderator reads a name, not a number."""
    reasons = ("The member joined <t:1785758400:R>, less than 7 days ago.", "No <@&7>.")
    shown = "\n".join(texts_of(approval_card(replace(waiting(), approval_reasons=reasons))))

    assert all(f"- {reason}" in shown for reason in reasons)


def test_a_card_without_words_of_reason_still_says_why() -> None:
    """No empty text, which Discord refuses."""
    made = replace(waiting(), approval_reasons=())

    assert any("This server's rules ask for it." in text for text in texts_of(approval_card(made)))


@pytest.mark.parametrize(
    ("state", "decided_by", "words"),
    [
        (JobState.RUNNING, 7, "Approved by <@7>"),
        (JobState.FAILED, 7, "Approved by <@7>"),
        (JobState.CANCELLED, 7, "Approved by <@7>"),
        (JobState.CANCELLED, None, "took it back"),
        (JobState.DENIED, 7, "Denied by <@7>"),
        (JobState.DENIED, None, "Denied by the bot"),
    ],
)
def test_a_decided_card_tells_the_decision(
    state: JobState, decided_by: int | None, words: str
) -> None:
    """Whatever has become of the job since; without buttons to decide once more."""
    decided = replace(
        waiting(), state=state, decided_by=decided_by, decided_at=NOW, decision_reason="No"
    )

    assert any(words in text for text in texts_of(approval_card(decided)))
    assert labels(decided) == []


def test_the_form_carries_its_job() -> None:
    """So that it works after a restart."""
    made = waiting()

    assert str(denial_form(made).custom_id).startswith(f"admin:deny:{made.id}:")
    assert job_number(str(made.id)) == made.id


@pytest.mark.parametrize("text", ["", "x", "-1", "٣", "9" * 19])
def test_what_is_no_number_is_refused(text: str) -> None:
    """Only digits, and no more than Discord's ids have."""
    with pytest.raises(BadInputError, match="not one of the bot's"):
        job_number(text)


def test_a_moderator_whose_name_was_deleted_is_a_moderator() -> None:
    """Neither nobody nor the bot: the decision was a person's."""
    denied = job(
        JobState.DENIED, decided_by=0, decided_at=NOW, decision_reason="Not here", queued_at=None
    )
    said = "\n".join(texts_of(approval_card(denied)))

    assert "Denied by a moderator" in said
    assert "<@0>" not in said
