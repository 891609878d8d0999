"""One answer judged: the check here, with a seed that no answer has seen, and the answer in its box."""

import hashlib
import re
import signal
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

from lthedu.course.grading.box import Box, BoxGone, Ending
from lthedu.course.grading.groups import Limits
from lthedu.course.grading.line import LineClosed
from lthedu.course.grading.reading import Answer
from lthedu.course.grading.remote import CannotTravel, Ended, Remote, TooSlow
from lthedu.course.timelimit import TimeUp, time_limit
from lthedu.exercises.core import Attempt, Exercise, Raised, Wrong, message_of, shortened
from lthedu.exercises.draws import other_seeds

RIGHT, WRONG, RAISED, SLOW, ENDED = "RIGHT", "WRONG", "RAISED", "TOO SLOW", "ENDED"
EMPTY, MISSING, BROKEN, UNCHECKED = "EMPTY", "MISSING", "BROKEN", "NOT CHECKED"

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True)
class Verdict:
    """What became of one answer: a word, its sentence, and the smallest example or the line that shows it."""

    word: str
    sentence: str = ""
    example: str = ""

    def plain(self) -> dict[str, Any]:
        """As a result file has it, without addresses in memory, which are others in every process.

        >>> Verdict("WRONG", "it returned <__main__.X object at 0x7f00>").plain()["sentence"]
        'it returned <__main__.X object>'
        """
        return {name: _ADDRESS.sub("", text) for name, text in asdict(self).items()}


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
    how = verdict = None
    try:
        line.send("answer", ([list(s) for s in answer.slice], exercise.name))
        word, value = line.receive()
        if word == "ready":
            names = [str(n) for n in list(value)[:30]]
            remote = Remote(line, [n for n in names if n.isidentifier()], 2 * box.limits.cpu)
            verdict = _checked(exercise, remote, None if public else seed, box.limits.wall)
        else:
            verdict = Verdict(RAISED, f"a cell that it needs raised: {shortened(str(value), 400)}")
    except (TimeoutError, TooSlow):
        how = SLOW
    except (LineClosed, Ended, TypeError, ValueError):
        how = ENDED
    finally:
        line.close()
        ending = box.end(gone=how == ENDED)
    if how == ENDED and line.refused:
        return Verdict(ENDED, f"it sent to the program that grades what is no answer: {line.refused}")
    return verdict or _without_answer(how == SLOW, ending, box.limits)


def _without_answer(slow: bool, ending: Ending, limits: Limits) -> Verdict:
    """What is said where the answering process did not come to an end that a check can judge."""
    if slow or ending.signal == signal.SIGXCPU or ending.seconds >= limits.cpu:
        most = f"{limits.cpu} seconds of CPU, or slept for {limits.idle}"
        return Verdict(SLOW, f"it was not done after {most}; is there a loop that never ends, or too much work?")
    how = f"by signal {ending.signal}" if ending.signal else f"with the exit status {ending.status}"
    memory = "; it may have needed too much memory" if ending.signal == signal.SIGKILL else ""
    return Verdict(ENDED, f"it ended the process in which it ran, {how}{memory}")


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
