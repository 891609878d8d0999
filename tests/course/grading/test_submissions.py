"""Whatever a learning platform hands over: who, which notebook, and what is wrong with it."""

import io
import os
import zipfile

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from lthedu.course.grading.pages import stems
from lthedu.course.grading.submissions import LARGEST, MOST_NOTEBOOKS, MOST_PARTS, changes, collect, handed

WANTED = {"02_winning_tickets.ipynb": {"a", "b", "c"}, "09_proof.ipynb": {"x", "y"}}


def content(*ids):
    return nbformat.writes(new_notebook(cells=[new_code_cell(f"x = {i!r}", id=i) for i in ids])).encode()


def zipped(**files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def put(folder, **files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


NB = "02_winning_tickets.ipynb"


@pytest.mark.parametrize(
    ("files", "who"),
    [
        ({f"ada/{NB}": content("a")}, "ada"),
        ({f"ada/inner/{NB}": content("a")}, "ada"),
        ({f"Ada Lovelace_4711_assignsubmission_file_/{NB}": content("a")}, "Ada Lovelace (4711)"),
        ({f"Ada Lovelace_4711_assignsubmission_file_{NB}": content("a")}, "Ada Lovelace (4711)"),
        ({"Ada Lovelace_4711_assignsubmission_file_/my.zip": zipped(**{NB: content("a")})}, "Ada Lovelace (4711)"),
        ({f"lovelaceada_12_345_{NB}": content("a")}, "lovelaceada (12)"),
        ({"lovelaceada_LATE_12_345_02_winning_tickets-1.ipynb": content("a")}, "lovelaceada (12)"),
        ({"lovelaceada_12_345_my.zip": zipped(**{f"deep/{NB}": content("a")})}, "lovelaceada (12)"),
        ({"ada.ipynb": content("a", "b", "c")}, "ada"),
        ({"ada/whatever (1).ipynb": content("a", "b")}, "ada"),
        ({"ada/all.zip": zipped(**{f"deep/{NB}": content("a")})}, "ada"),
    ],
)
def test_who_handed_what_in(tmp_path, files, who):
    folder = put(tmp_path / "in", **files)
    archive = put(tmp_path, **{"all.zip": zipped(**files)}) / "all.zip"
    for place in (folder, archive):
        (found,) = collect([place], WANTED)
        assert (found.name, list(found.notebooks)) == (who, [NB])
        assert found.late == ("LATE" in next(iter(files)))
        assert not found.notes + found.problems


def test_two_notebooks_of_one_student_and_other_files(tmp_path):
    files = {f"ada/{NB}": content("a"), "ada/09_proof.ipynb": content("x"), "ada/me.png": b"", "ada/.hidden": b""}
    (found,) = collect([put(tmp_path, **files)], WANTED)
    assert sorted(found.notebooks) == sorted(WANTED)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({NB: content("a", "b", "c")}, {"02_winning_tickets (1).ipynb": content("a", "b")}),
        ({"02_winning_tickets (9).ipynb": content("a", "c")}, {"02_winning_tickets (10).ipynb": content("a", "b")}),
        ({"02_winning_tickets-1.ipynb": content("q")}, {NB: content("a", "b")}),
        ({"draft.ipynb": content("a")}, {"mine.ipynb": content("a", "b")}),
    ],
)
def test_of_two_for_one_place_the_later_copy_counts(tmp_path, first, second):
    (found,) = collect([put(tmp_path / "ada", **first, **second).parent], WANTED)
    assert found.notebooks[NB].sources == ("x = 'a'", "x = 'b'")
    assert found.problems == [f"two notebooks for {NB}: {next(iter(second))!r} counts, {next(iter(first))!r} does not"]


def test_the_same_notebook_twice_is_one(tmp_path):
    files = {f"ada/{NB}": content("a"), "ada/all.zip": zipped(**{NB: content("a")}), "ada/essay.pdf": b""}
    (found,) = collect([put(tmp_path, **files)], WANTED)
    assert (found.problems, found.files) == ([], ["essay.pdf"])


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"nbformat": 4}', b"[" * 10**5, zipped(a=b"")])
def test_what_is_no_notebook_is_said_and_stops_nothing(tmp_path, data):
    (found,) = collect([put(tmp_path, **{f"ada/{NB}": data})], WANTED)
    assert "is no Jupyter notebook" in found.notebooks[NB].problem


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "secret.ipynb").write_bytes(content("a", "b", "c"))
    put(tmp_path, **{"in/bob/note.txt": b""})
    (tmp_path / "in" / "bob" / NB).symlink_to(tmp_path / "secret.ipynb")
    (found,) = collect([tmp_path / "in"], WANTED)
    assert not found.notebooks


def test_a_zip_that_swells_is_not_read(tmp_path):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"ada/{NB}", bytes(LARGEST + 10))
    path = put(tmp_path, **{"all.zip": bomb.getvalue()}) / "all.zip"
    (found,) = collect([path], WANTED)
    assert "larger than" in found.problems[0]


def damaged():
    whole = bytearray(zipped(**{NB: content("a", "b", "c")}))
    at = whole.index(b"nbformat") if b"nbformat" in whole else 60
    whole[at : at + 8] = b"\xff" * 8
    return bytes(whole)


def packed_badly():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(NB, content("a", "b", "c"))
    whole = bytearray(made.getvalue())
    whole[30 + len(NB)] ^= 0x06  # the kind of the first packed block
    return bytes(whole)


def named_badly():
    whole = zipped(**{"é.ipynb": content("a")})
    return whole.replace("é".encode(), b"\xc3\xc3")


@pytest.mark.parametrize("make", [damaged, packed_badly, named_badly])
def test_a_damaged_zip_of_one_student_stops_nobody(tmp_path, make):
    put(tmp_path, **{"ada/all.zip": make(), f"bob/{NB}": content("a")})
    ada, bob = collect([tmp_path], WANTED)
    assert (ada.name, ada.notebooks) == ("ada", {})
    assert "cannot be read" in ada.problems[0]
    assert list(bob.notebooks) == [NB]


def test_two_of_one_name_stay_two(tmp_path):
    moodle = {f"Ada Lovelace_{n}_assignsubmission_file_/{NB}": content(*"abc"[:n]) for n in (1, 2)}
    canvas = {f"bob_{n}_9_{NB}": content("a") for n in (3, 4)} | {"bob_3_10_09_proof.ipynb": content("x")}
    found = collect([put(tmp_path, **moodle, **canvas)], WANTED)
    assert [s.name for s in found] == ["Ada Lovelace (1)", "Ada Lovelace (2)", "bob (3)", "bob (4)"]
    assert [len(s.notebooks) for s in found] == [1, 1, 2, 1]
    assert len(set(stems([s.name for s in found]).values())) == 4


def test_what_would_take_the_graders_memory_or_time_is_not_read(tmp_path):
    parts = b'{"nbformat": 4, "cells": [' + b"{}," * MOST_PARTS + b"{}]}"
    many = zipped(**{f"{n}.ipynb": content("a") for n in range(MOST_NOTEBOOKS + 5)})
    put(tmp_path, **{f"ada/{NB}": parts, "bob/all.zip": many})
    ada, bob = collect([tmp_path], WANTED)
    assert "it has 200,003 parts; allowed: 200,000" in ada.notebooks[NB].problem
    assert bob.problems[-1] == "55 notebooks; the first 50 were read"


def test_every_name_becomes_a_files(tmp_path):
    names = ["class", "\U0001d400" * 200, "\U0001d400" * 201, os.fsdecode(b"M\xfcller"), "e\u0301", "\u00e9"]
    for name in names[:1] + names[3:]:
        put(tmp_path, **{f"{name}/{NB}": content("a")})
    handed_in = [s.name for s in collect([tmp_path], WANTED)]
    assert "M\\xfcller" in handed_in
    found = stems({*names[:3], *handed_in})
    assert len({*found.values()} - {"class"}) == len(found)
    for stem in found.values():
        (tmp_path / f"{stem}.json").write_text("")


def test_places_that_hold_nothing(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        collect([tmp_path / "nowhere"], WANTED)
    with pytest.raises(ValueError, match="holds no submission"):
        collect([tmp_path], WANTED)
    (tmp_path / "bad.zip").write_bytes(b"no")
    with pytest.raises(ValueError, match="is no zip"):
        collect([tmp_path / "bad.zip"], WANTED)


def test_cells_missing_and_changed():
    from lthedu.course.assigning.student import cell_digest

    def given(cell, source, **more):
        return {"id": cell, "kind": "code", "digest": cell_digest("code", source)} | more

    there = [given("a", "x = 'a'"), given("b", "x = 0"), given("c", "x = 1"), given("d", "y = 1", yours=True)]
    mine = handed(nbformat.reads(content("a", "b", "d").decode(), as_version=4))
    assert changes(mine, there) == ([3], [2])
