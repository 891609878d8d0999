"""The quiz tells right from wrong in words, and counts."""

from collections import namedtuple

from lthedu.lessons.what_is_a_lottery_ticket.statements import statement_quiz

Statement = namedtuple("Statement", "text holds why")  # anything with these

TWO = (Statement("Zero is <even>.", True, "It is twice zero."), Statement("One is even.", False, "Twice <what>?"))


def parts(quiz, i: int):
    return quiz.children[i].children


def test_nothing_is_chosen_or_told_before_the_learner_does() -> None:
    quiz = statement_quiz(TWO)
    for i in (0, 1):
        _, choice, reason = parts(quiz, i)
        assert choice.value is None
        assert reason.value == ""
    assert "Zero is &lt;even&gt;." in parts(quiz, 0)[0].value
    assert "Answered 0 of 2; right: 0." in quiz.children[-1].value


def test_a_choice_is_told_right_or_not_in_words_with_its_reason() -> None:
    quiz = statement_quiz(TWO)
    _, first, said_first = parts(quiz, 0)
    _, second, said_second = parts(quiz, 1)
    first.value = "false"
    assert "<b>Not so.</b> It is twice zero." in said_first.value
    assert "Answered 1 of 2; right: 0." in quiz.children[-1].value
    first.value = "true"
    assert "<b>Right.</b> It is twice zero." in said_first.value
    assert said_second.value == ""
    second.value = "false"
    assert "<b>Right.</b> Twice &lt;what&gt;?" in said_second.value
    assert "Answered 2 of 2; right: 2." in quiz.children[-1].value


def test_what_changes_is_read_out() -> None:
    quiz = statement_quiz(TWO)
    parts(quiz, 1)[1].value = "true"
    assert 'aria-live="polite"' in parts(quiz, 1)[2].value
    assert 'aria-live="polite"' in quiz.children[-1].value
