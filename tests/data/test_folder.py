"""Folders of images as people have them."""

import unicodedata

import numpy as np
import pytest
import torch
from PIL import Image

from lthedu import data
from lthedu.data import folder as folders

RNG = np.random.default_rng(0)


def write(path, pixels=None, **options):
    """An image file at `path`: `pixels` (h, w) or (h, w, 3), else noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RNG.integers(256, size=(8, 8, 3), dtype=np.uint8) if pixels is None else pixels
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(path, **options)


@pytest.fixture
def pets(tmp_path):
    """Two classes, 30 cats and 12 dogs, each image of one grey level that names it."""
    for i in range(30):
        write(tmp_path / "pets" / "cat" / f"{i}.png", np.full((5, 5), i, np.uint8))
    for i in range(12):
        write(tmp_path / "pets" / "dog" / f"{i}.png", np.full((5, 5), 100 + i, np.uint8))
    return tmp_path / "pets"


def only(path, channels=3, size=4):
    """The pixels (channels, size, size) of one image."""
    return folders._pixels(path, size, channels)


def test_every_image_is_in_one_split_stratified_by_class(pets):
    loaded = data.load_folder(pets, size=4, device="cpu")
    assert data.class_names(pets) == ["cat", "dog"]
    counts = [torch.bincount(getattr(loaded, f"y_{s}"), minlength=2).tolist() for s in ("train", "val", "test")]
    assert counts == [[24, 10], [3, 1], [3, 1]]
    assert (loaded.x_train.shape, loaded.x_train.dtype) == ((34, 3, 4, 4), torch.float32)
    assert loaded.y_train.dtype == torch.int64


def test_pixels_are_scaled_and_normalised_by_the_training_images(pets):
    loaded = data.load_folder(pets, size=4, device="cpu")
    mean, std = loaded.x_train.double().mean((0, 2, 3)), loaded.x_train.double().std((0, 2, 3), correction=0)
    assert mean.abs().max() < 1e-6
    assert (std - 1).abs().max() < 1e-6
    dark, light = loaded.x_train[loaded.y_train == 0], loaded.x_train[loaded.y_train == 1]
    step = np.diff(sorted(dark[:, 0, 0, 0].tolist())).min()  # one level
    true = [*range(30), *range(100, 112)]
    found = torch.cat([loaded.x_train, loaded.x_val, loaded.x_test])[:, 0, 0, 0]
    assert np.diff(sorted((found / step).tolist())) == pytest.approx(np.diff(true), abs=1e-3)
    assert dark.max() < light.min()


def test_labels_belong_to_their_images(pets):
    loaded = data.load_folder(pets, size=4, device="cpu")
    for split in ("train", "val", "test"):
        x, y = getattr(loaded, f"x_{split}")[:, 0, 0, 0], getattr(loaded, f"y_{split}")
        assert torch.equal(x > 0.3, y == 1)


def test_first_meets_every_class(pets):
    assert set(data.load_folder(pets, size=4, device="cpu").first(10).y_train.tolist()) == {0, 1}


def test_the_seed_and_the_names_alone_decide_order_and_splits(pets, monkeypatch):
    first = data.load_folder(pets, size=4, device="cpu")
    other = data.load_folder(pets, size=4, device="cpu", seed=1)
    torch.manual_seed(99)
    listed = type(pets).iterdir
    monkeypatch.setattr(type(pets), "iterdir", lambda self: sorted(listed(self), reverse=True))  # another system
    again = data.load_folder(pets, size=4, device="cpu")
    assert all(torch.equal(a, b) for a, b in zip(vars(first).values(), vars(again).values(), strict=True))
    assert sorted(other.y_test.tolist()) == sorted(first.y_test.tolist())
    assert not torch.equal(other.x_test, first.x_test)
    drawn = [folders._splits({"all": pets}, seed)["test"]["cat"] for seed in (0, 1)]
    assert set(drawn[0]) != set(drawn[1])  # not the same images in another order


@pytest.mark.parametrize("val", [True, False])
def test_train_and_test_folders_are_the_splits(pets, tmp_path, val):
    whole = tmp_path / "whole"
    whole.mkdir()
    pets.rename(whole / "train")
    for name, level in (("cat", 200), ("dog", 210)):
        write(whole / "test" / name / "x.png", np.full((5, 5), level, np.uint8))
        if val:
            write(whole / "val" / name / "x.png", np.full((5, 5), 40 + level, np.uint8))
    loaded = data.load_folder(whole, size=4, device="cpu")
    assert data.class_names(whole) == ["cat", "dog"]
    assert [len(loaded.x_train), len(loaded.x_val), len(loaded.x_test)] == ([42, 2, 2] if val else [38, 4, 2])
    assert loaded.x_test.min() > loaded.x_train.max()
    assert (loaded.x_val.min() > loaded.x_test.max()) == val


def test_train_and_test_with_different_classes_are_refused(tmp_path):
    for name in ("train/cat", "train/dog", "test/cat", "test/cow"):
        write(tmp_path / name / "1.png")
    with pytest.raises(ValueError, match=r"test has the classes \['cat', 'cow'\], but train has \['cat', 'dog'\]"):
        data.load_folder(tmp_path)


def test_progress_counts_every_image(pets):
    steps = []
    data.load_folder(pets, size=4, progress=lambda *step: steps.append(step))
    assert steps == [(i, 42, "reading images") for i in range(1, 43)]


def test_the_largest_centred_square_is_scaled(tmp_path):
    wide = np.zeros((10, 30), np.uint8)
    wide[:, 10:20] = 200
    write(tmp_path / "wide.png", wide)
    write(tmp_path / "high.png", np.ascontiguousarray(wide.T))
    for name in ("wide.png", "high.png"):
        assert (only(tmp_path / name, channels=1) == 200).all()


def test_colour_order_and_luminance(tmp_path):
    write(tmp_path / "red.png", np.full((6, 6, 3), (255, 0, 10), np.uint8))
    assert only(tmp_path / "red.png")[:, 0, 0].tolist() == [255, 0, 10]
    assert abs(int(only(tmp_path / "red.png", channels=1)[0, 0, 0]) - (0.299 * 255 + 0.114 * 10)) <= 1


def test_a_picture_is_turned_as_its_exif_says(tmp_path):
    halves = np.zeros((8, 8), np.uint8)
    halves[:, 4:] = 255  # stored with the light half on the right
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise: the light half is at the bottom
    write(tmp_path / "turned.png", halves, exif=exif)
    rows = only(tmp_path / "turned.png", channels=1)[0].mean(1)
    assert rows[:2].max() < 50
    assert rows[2:].min() > 200


def test_modes_of_pixels(tmp_path):
    grey = np.array([[0, 128], [255, 64]], np.uint8)
    sixteen = (grey.astype(np.uint16) * 257).astype(np.uint16)
    clear = np.zeros((2, 2, 4), np.uint8)  # black, and wholly transparent
    clear[0, 0, 3] = 255  # but for one point
    palette = Image.fromarray(grey).convert("RGB").quantize(4)
    see_through = Image.new("P", (2, 2), 0)
    see_through.putpalette([9, 9, 9, 200, 0, 0])
    see_through.putpixel((1, 1), 1)
    for name, made, options in (
        ("grey.png", grey, {}),
        ("sixteen.png", sixteen, {}),
        ("sixteen.tif", sixteen, {}),
        ("palette.png", palette, {}),
        ("grey.bmp", grey, {}),
        ("grey.pgm", grey, {}),
        ("LA.png", Image.merge("LA", [Image.fromarray(grey), Image.new("L", (2, 2), 255)]), {}),
    ):
        write(tmp_path / name, made, **options)
        assert only(tmp_path / name, channels=1, size=2)[0].tolist() == grey.tolist(), name
    write(tmp_path / "clear.png", clear)
    assert only(tmp_path / "clear.png", size=2)[1].tolist() == [[0, 255], [255, 255]]
    write(tmp_path / "p.gif", see_through, transparency=0)
    assert only(tmp_path / "p.gif", size=2)[:, 0, 0].tolist() == [255, 255, 255]
    assert only(tmp_path / "p.gif", size=2)[:, 1, 1].tolist() == [200, 0, 0]
    black = np.zeros((2, 2), np.uint8)
    write(tmp_path / "moves.gif", black, save_all=True, append_images=[Image.fromarray(black + 255)])
    assert (only(tmp_path / "moves.gif", size=2) == 0).all()
    write(tmp_path / "cmyk.jpg", Image.new("CMYK", (8, 8), (0, 0, 0, 0)))
    assert (only(tmp_path / "cmyk.jpg") > 250).all()


@pytest.mark.parametrize("mode", ["float", "32 bits"])
def test_pixels_of_unknown_range_are_refused(tmp_path, mode):
    pixels = np.full((4, 4), 0.5, np.float32) if mode == "float" else np.full((4, 4), 70_000, np.int32)
    write(tmp_path / "x.tif", pixels)
    with pytest.raises(ValueError, match=r"x\.tif cannot be read as an image \(its pixels"):
        only(tmp_path / "x.tif")


@pytest.mark.parametrize("kind", ["text", "empty", "cut", "svg", "icon", "dangling"])
def test_a_file_that_is_no_image_is_named_with_the_formats_allowed(pets, kind):
    bad = pets / "cat" / "zzz.png"
    whole = (pets / "cat" / "0.png").read_bytes()
    if kind == "dangling":
        bad.symlink_to(pets / "nowhere.png")
    elif kind == "icon":  # Pillow reads it, but it is not among the formats allowed
        write(bad, np.zeros((16, 16), np.uint8), format="ICO")
    else:
        bad.write_bytes({"text": b"hello", "empty": b"", "cut": whole[:-30], "svg": b"<svg></svg>"}[kind])
    with pytest.raises(
        ValueError, match=r"zzz\.png cannot be read as an image .*allowed: BMP, GIF, JPEG, PNG"
    ) as error:
        data.load_folder(pets)
    assert str(error.value).count("zzz.png cannot") == 1


def test_hidden_files_and_system_litter_are_left_out(pets):
    before = data.load_folder(pets, size=4, device="cpu")
    for name in (".DS_Store", "cat/.DS_Store", "cat/._0.png", "dog/Thumbs.db", "cat/desktop.ini", "notes.txt"):
        (pets / name).write_bytes(b"x")
    for name in (".ipynb_checkpoints", "__MACOSX"):
        (pets / name).mkdir()
    after = data.load_folder(pets, size=4, device="cpu")
    assert all(torch.equal(a, b) for a, b in zip(vars(before).values(), vars(after).values(), strict=True))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ([], r"holds 0 class folders \(none\); at least 2"),
        (["1.png", "2.png"], r"holds 0 class folders \(none\); at least 2"),
        (["cat/1.png"], r"holds 1 class folders \(cat\); at least 2"),
        (["cat/1.png", "dog/young/1.png"], r"dog.young is a folder inside a class folder"),
        (["train/cat/1.png", "val/cat/1.png"], r"train.cat is a folder inside a class folder"),
        (["cat/1.png", "dog/"], r"class folder .*dog holds no images"),
        (["cat/1.png", "cat/2.png", "cat/3.png", "dog/1.png", "dog/2.png"], r"dog holds 2 images; at least 3"),
    ],
)
def test_a_folder_of_another_shape_is_refused_before_an_image_is_read(tmp_path, made, message):
    for name in made:
        if name.endswith("/"):
            (tmp_path / name).mkdir()
        else:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"no image: reading it would be another error")
    with pytest.raises(ValueError, match=message):
        data.load_folder(tmp_path)


def test_three_images_a_class_are_enough(tmp_path):
    for name in ("a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png", "b/3.png"):
        write(tmp_path / name)
    loaded = data.load_folder(tmp_path, device="cpu")
    assert [sorted(getattr(loaded, f"y_{s}").tolist()) for s in ("train", "val", "test")] == [[0, 1]] * 3


@pytest.mark.parametrize("name", ["missing", "file"])
def test_no_folder_is_refused_by_name(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(FileNotFoundError, match=f"there is no folder .*{name}"):
        data.load_folder(tmp_path / name)


@pytest.mark.parametrize("bad", [{"size": 0}, {"channels": 2}, {"channels": 4}])
def test_sizes_and_channels_that_cannot_be_are_refused(pets, bad):
    with pytest.raises(ValueError, match=r"size is 0; allowed: .* from 1 up|channels is \d; allowed: 1 or 3"):
        data.load_folder(pets, **bad)


def test_links_are_followed(pets, tmp_path):
    linked = tmp_path / "linked"
    linked.mkdir()
    try:
        (linked / "cat").symlink_to(pets / "cat", target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links for this user")
    (linked / "dog").mkdir()
    for path in (pets / "dog").iterdir():
        (linked / "dog" / path.name).symlink_to(path)
    one, other = data.load_folder(pets, size=4, device="cpu"), data.load_folder(linked, size=4, device="cpu")
    assert all(torch.equal(a, b) for a, b in zip(vars(one).values(), vars(other).values(), strict=True))


def test_accents_are_one_name_however_a_system_stores_them(tmp_path):
    names = ["Äpfel", "birnen", "zèbre", "猫"]
    loaded = []
    for form in ("NFC", "NFD"):
        for label, name in enumerate(unicodedata.normalize(form, n) for n in names):
            for i, letter in enumerate("aéz"):
                file = unicodedata.normalize(form, f"{letter}.png")
                write(tmp_path / form / name / file, np.full((4, 4), 60 * label + i, np.uint8))
        assert data.class_names(tmp_path / form) == sorted(names) == ["birnen", "zèbre", "Äpfel", "猫"]
        loaded.append(data.load_folder(tmp_path / form, size=4, device="cpu"))
    assert all(torch.equal(a, b) for a, b in zip(*(vars(d).values() for d in loaded), strict=True))


def test_it_trains(tmp_path):
    from lthedu.networks.models import MLP
    from lthedu.training import Optimizer, Replicates, evaluate, train

    for name, low in (("dark", 0), ("light", 120)):
        for i in range(20):
            write(tmp_path / name / f"{i}.png", RNG.integers(low, low + 130, size=(9, 7), dtype=np.uint8))
    loaded = data.load_folder(tmp_path, size=4, channels=1, device="cpu")
    trained = train(
        Replicates.create(lambda: MLP([16, 2]), [0]), loaded, 300, batch_size=16, optimizer=Optimizer(lr=0.01)
    )
    assert evaluate(trained.replicates, loaded)[1].item() == 1
