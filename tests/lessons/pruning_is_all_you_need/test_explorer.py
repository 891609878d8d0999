"""The lesson's explorers, driven from Python; a browser test draws with the mouse and the keyboard."""

import re

import numpy as np
import pytest
import torch
import traitlets
from torch import nn

from lthedu.data import MNIST_MEAN, MNIST_STD, Dataset
from lthedu.figures.pad import BLANK, DigitPad, like_mnist
from lthedu.lessons.pruning_is_all_you_need.explorer import draw_a_digit, explorer
from lthedu.networks.models import MLP
from lthedu.proof import construct, kernels


def number(pattern: str, words: str) -> float:
    return float(re.search(pattern, words)[1].replace(",", ""))


@pytest.fixture
def digits(mnist) -> Dataset:
    """200 test digits, pixels between 0 and 1."""
    x = (((mnist.x_test[:200] * MNIST_STD + MNIST_MEAN) * 255).round().clamp(0, 255) / 255).flatten(1)
    return Dataset(x, mnist.y_test[:200], x, mnist.y_test[:200], x, mnist.y_test[:200])


def net(seed: int = 0, sizes: tuple[int, ...] = (784, 8, 10)) -> MLP:
    torch.manual_seed(seed)
    return MLP(sizes)


def as_bytes(image: torch.Tensor) -> bytes:
    return (255 * image).round().to(torch.uint8).numpy().tobytes()


def image(pixels: bytes) -> np.ndarray:
    return np.frombuffer(pixels, np.uint8).reshape(28, 28)


# --- the sheet


def test_mnists_own_digits_stay_as_they_are(digits: Dataset) -> None:
    for digit in digits.x_test:
        assert like_mnist(as_bytes(digit)) == as_bytes(digit)


@pytest.mark.parametrize(("height", "width"), [(6, 4), (28, 28), (1, 1), (28, 2), (3, 27)])
def test_a_drawing_fills_twenty_pixels_in_the_middle_wherever_it_was_drawn(height: int, width: int) -> None:
    found = set()
    for top, left in ((0, 0), (28 - height, 28 - width), ((28 - height) // 2, (28 - width) // 3)):
        sheet = np.zeros((28, 28), np.uint8)
        sheet[top : top + height, left : left + width] = 255
        found.add(like_mnist(sheet.tobytes()))
    (read,) = found  # the same from everywhere
    rows, columns = np.nonzero(image(read))
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    assert longer == 20
    centre = [(image(read).sum(1 - axis) * np.arange(28)).sum() / image(read).sum() for axis in (0, 1)]
    assert centre == pytest.approx([14, 14], abs=0.5)


def test_an_empty_sheet_stays_empty_and_another_size_is_refused() -> None:
    assert like_mnist(BLANK) == BLANK
    with pytest.raises(traitlets.TraitError, match="pixels are 3 bytes; expected 784"):
        DigitPad(pixels=b"abc")


def test_the_sheet_takes_what_the_browser_sends() -> None:
    pad = DigitPad()
    pixels = bytes(range(256)) * 3 + bytes(16)
    pad.set_state({"pixels": memoryview(pixels), "label": ""})  # as ipywidgets hands over a message
    assert pad.pixels == pixels
    assert pad.value == like_mnist(pixels)


def test_the_sheets_other_half_is_in_the_package_and_fetches_nothing() -> None:
    script = str(DigitPad._esm)
    assert "export default" in script
    for word in ("http:", "https:", "import ", "fetch(", "XMLHttpRequest", "WebSocket"):
        assert word not in script
    assert "url(" not in str(DigitPad._css)
    for promise in ("ArrowLeft", '"Delete"', "aria-label", "tabIndex", "data-lm-suppress-shortcuts", "pointerdown"):
        assert promise in script


# --- the digit that two networks read


def parts(drawing):
    """Sheet, the buttons clear and test digit, picture and words."""
    _, row, _, words = drawing.children
    left, picture = row.children
    pad, buttons = left.children
    return pad, *buttons.children, picture, words


def test_both_networks_read_the_same_drawing(digits: Dataset) -> None:
    target, ticket, scale = net(0), net(2), 3.0
    pad, clear, _, picture, words = parts(draw_a_digit(target, ticket, scale, digits, examples=3))
    seen = {bytes(picture.value)}
    assert f"Test digit 1, labelled {int(digits.y_test[0])}:" in words.value
    sheet = np.zeros((28, 28), np.uint8)
    sheet[2:9, 3:5] = 200
    pad.label, pad.pixels = "", sheet.tobytes()
    read = torch.tensor(list(like_mnist(sheet.tobytes()))) / 255
    with torch.no_grad():
        ours, theirs = target(read[None])[0], scale * ticket(read[None])[0]
    assert "Your drawing, centred and scaled as MNIST&#x27;s digits are: " in words.value
    assert f"the target reads {int(ours.argmax())}," in words.value
    assert int(ours.argmax()) != int(theirs.argmax()), "choose other seeds"
    assert f"the ticket reads {int(theirs.argmax())}: they DIFFER." in words.value
    apart = float((ours - theirs).abs().max())
    assert number(r"at most ([\d.]+) apart", words.value) == pytest.approx(apart, rel=0.05)
    seen.add(bytes(picture.value))
    clear.click()
    assert "The sheet is empty" in words.value
    assert pad.pixels == BLANK
    seen.add(bytes(picture.value))
    assert len(seen) == 3


def test_the_test_digits_come_one_after_the_other_and_again(digits: Dataset) -> None:
    pad, _, example, _, words = parts(draw_a_digit(net(), net(), 1.0, digits, examples=2))
    for i in (1, 0, 1):
        example.click()
        assert pad.pixels == as_bytes(digits.x_test[i])
        assert f"Test digit {i + 1}, labelled {int(digits.y_test[i])}:" in words.value
        assert " too. Their logits are at most 0 apart" in words.value


def test_a_network_that_fails_does_not_stop_the_lesson(digits: Dataset) -> None:
    *_, words = parts(draw_a_digit(net(), nn.Linear(3, 10), 1.0, digits))
    assert "could not be drawn" in words.value


@pytest.mark.parametrize("examples", [0, 201])
def test_examples_that_are_not_there_are_refused(digits: Dataset, examples: int) -> None:
    with pytest.raises(ValueError, match=f"examples is {examples}; allowed: 1 to 200"):
        draw_a_digit(net(), net(), 1.0, digits, examples=examples)


# --- what an eta costs and buys


@pytest.fixture
def few(monkeypatch) -> Dataset:
    monkeypatch.setattr(kernels, "AVAILABLE", False)  # loading what is compiled takes longer than building by numpy
    g = torch.Generator().manual_seed(0)
    x, y = torch.rand(200, 12, generator=g), torch.randint(3, (200,), generator=g)
    return Dataset(x, y, x, y, x, y)


def test_the_sliders_build_what_construct_builds(few: Dataset) -> None:
    target = net(sizes=(12, 6, 3))
    eta, many, _, picture, words = explorer(target, few, etas=[0.1, 0.01], candidates=[6, 12]).children
    x = few.x_test.double().numpy()

    def agrees(**settings: float) -> None:
        ticket = construct(target, **settings)
        row = ticket.summary()
        assert f"At eta = {settings['eta']:g}," in words.value
        assert number(r"The source has ([\d,]+) random", words.value) == row["random"]
        assert number(r"the mask keeps ([\d,]+)\.", words.value) == row["kept"]
        assert ("none was missed" in words.value) == (row["missed"] == 0)
        if row["missed"]:
            assert number(r"weights, ([\d,]+) were missed", words.value) == row["missed"]
        same = (ticket.folded(x).argmax(1) == ticket.target_logits(x).argmax(1)).sum()
        assert number(r"answer alike on ([\d,]+) of the 200", words.value) == same
        assert number(r"are ([\d.,]+) apart on", words.value) <= number(r"apart than ([\d.,]*\d)", words.value)

    agrees(eta=0.1)
    seen = {bytes(picture.value)}
    eta.value = 0.01
    agrees(eta=0.01)
    seen.add(bytes(picture.value))
    many.value = 6
    agrees(eta=0.01, per_weight=6)
    assert "candidates per weight: 6." in words.value
    seen.add(bytes(picture.value))
    assert len(seen) == 3
    assert not eta.continuous_update
    assert not many.continuous_update


def test_what_was_built_once_is_not_built_again(few: Dataset, monkeypatch) -> None:
    from lthedu.lessons.pruning_is_all_you_need import explorer as module

    built = []
    monkeypatch.setattr(module, "construct", lambda *a, **k: built.append(k["eta"]) or construct(*a, **k))
    eta, *_ = explorer(net(sizes=(12, 6, 3)), few, etas=[0.1, 0.03]).children
    for value in (0.03, 0.1, 0.03):
        eta.value = value
    assert built == [0.1, 0.03]


def test_a_target_that_cannot_be_built_does_not_stop_the_lesson(few: Dataset) -> None:
    *_, _, words = explorer(nn.Sequential(nn.Linear(12, 3), nn.Tanh()), few, etas=[0.1]).children
    assert "could not be drawn" in words.value
    assert "Tanh" in words.value


def test_inputs_outside_the_box_and_no_eta_are_refused(mnist, few: Dataset) -> None:
    for widget in (lambda d: explorer(net(), d), lambda d: draw_a_digit(net(), net(), 1.0, d)):
        with pytest.raises(ValueError, match=r"reach from -0\.42\d+ to 2\.8\d+; allowed: 0 to 1"):
            widget(mnist)
    with pytest.raises(ValueError, match="no etas"):
        explorer(net(sizes=(12, 6, 3)), few, etas=[])
