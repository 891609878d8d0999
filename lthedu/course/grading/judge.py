"""One answer judged: the check here, with a seed that no answer has seen, and the answer in its box."""

import hashlib
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

from lthedu.course.grading.box import Box, BoxGone
from lthedu.course.grading.line import LineClosed
from lthedu.course.grading.reading import Answer
from lthedu.course.grading.remote import CannotTravel, Ended, Remote, TooSlow
from lthedu.course.timelimit import TimeUp, time_limit
from lthedu.exercises.core import Attempt, Exercise, Raised, Wrong, message_of, shortened
from lthedu.exercises.draws import other_seeds

RIGHT, WRONG, RAISED, SLOW, ENDED = "RIGHT", "WRONG", "RAISED", "TOO SLOW", "ENDED"
EMPTY, MISSING, BROKEN, UNCHECKED = "EMPTY", "MISSING", "BROKEN", "NOT CHECKED"


@dataclass(frozen=True)
class Verdict:
    """What became of one answer: a word, its sentence, and the smallest example or the line that shows it."""

    word: str
    sentence: str = ""
    example: str = ""

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def seed_for(run: int, exercise: str) -> int:
    """The seed of an exercise in a run, the same for every student.

    >>> seed_for(7, "find_tickets") == seed_for(7, "find_tickets") != seed_for(8, "find_tickets")
    True
    """
    return int.from_bytes(hashlib.sha256(f"{run}:{exercise}".encode()).digest()[:6], "big")


def judge(box: Box, exercise: Exercise, answer: Answer, seed: int, *, public: bool = False) -> Verdict:
    """Judge an answer as it was read, in a fork of the box's process, with the check's inputs drawn from `seed`.

    `public`: with those of a notebook, where the seed is 0.
    """
    if answer.state == "missing":
        return Verdict(MISSING, f"the notebook does not define {exercise.name}")
    if answer.state == "empty":
        return Verdict(EMPTY, "it is as it was handed out")
    if answer.state == "broken":
        return Verdict(BROKEN, f"Python cannot read the cell: {answer.error}")
    try:
        line = box.fork()
    except BoxGone:
        line = box.fork()  # one before it took the process along: once more, in a fresh one
    slow = False
    verdict = Verdict(UNCHECKED)
    try:
        line.send("answer", ([list(s) for s in answer.slice], exercise.name))
        word, value = line.receive()
        if word == "ready":
            names = [str(n) for n in list(value)[:30]]
            remote = Remote(line, [n for n in names if n.isidentifier()])
            verdict = _checked(exercise, remote, None if public else seed, box.limits.wall)
        else:
            verdict = Verdict(RAISED, f"a cell that it needs raised: {shortened(str(value), 400)}")
    except (TimeoutError, TooSlow):
        slow = True
    except (LineClosed, Ended, TypeError, ValueError):
        pass
    finally:
        line.close()
        ending = box.end()
    if slow or (verdict.word == UNCHECKED and not verdict.sentence and ending.seconds >= box.limits.cpu):
        most = f"{box.limits.cpu} seconds of CPU, or {box.limits.wall} by the clock"
        return Verdict(SLOW, f"it was not done after {most}; is there a loop that never ends, or too much work?")
    if verdict.word == UNCHECKED and not verdict.sentence:
        how = f"signal {ending.signal}" if ending.signal else f"exit status {ending.status}"
        memory = "; it may have needed too much memory" if ending.signal == 9 else ""
        return Verdict(ENDED, f"the process in which it ran ended ({how}){memory}")
    return verdict


def _checked(exercise: Exercise, remote: Remote, seed: int | None, wall: int) -> Verdict:
    """The check's verdict. Raises Ended where no answer came."""
    attempt = Attempt(remote, seed or 0)
    try:
        with time_limit(wall + 10), nullcontext() if seed is None else other_seeds(seed):
            exercise.check(attempt)
        return Verdict(RIGHT)
    except Wrong as wrong:
        return Verdict(WRONG, shortened(wrong.message), shortened(wrong.example, 600))
    except Raised as raised:
        kind, place = type(raised.error).__name__, getattr(raised.error, "place", "")
        if isinstance(raised.error, CannotTravel):
            return Verdict(UNCHECKED, message_of(raised.error))
        return Verdict(RAISED, f"it raised {kind}: {message_of(raised.error)}", place)
    except TimeUp:
        raise TooSlow from None
    except Exception as error:
        return Verdict(UNCHECKED, f"the check itself failed ({type(error).__name__}: {message_of(error)})")
    finally:
        attempt.leave()


