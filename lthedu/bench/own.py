"""The whole figure as a user of lthedu would write it: what `lthedu bench figure` holds against `idiomatic`.

`python -m lthedu.bench.own 0 1` takes the seeds and prints JSON.
"""

import json
import sys
import time

from lthedu import data
from lthedu.experiments.study import REINIT, Settings, Study

LEVELS, STEPS = 20, 117  # as in `idiomatic`


def main() -> None:
    begun = time.perf_counter()
    mnist = data.load("mnist", device="cpu").first(55_000, 1, 10_000)  # nothing is chosen by validation images here
    loaded = time.perf_counter()
    settings = Settings(
        seeds=tuple(map(int, sys.argv[1:] or ["0", "1"])),
        levels=LEVELS,
        keep=0.8,
        keep_output=0.9,
        steps=STEPS,
        val_every=None,
        controls=(REINIT,),
    )
    study = Study(mnist, settings=settings)
    found = study.run().query("split == 'test'").rename(columns={"replicate": "seed", "density": "kept"})
    done = time.perf_counter()
    each = {level: study.levels[level].seconds for level in study.levels}  # all networks of a level, side by side
    found["seconds"] = found["level"].map(each) / found.groupby("level")["level"].transform("size")
    rows = found[["seed", "arm", "level", "kept", "accuracy", "seconds"]].to_dict("records")
    levels = sum(each.values())
    seconds = {"load": loaded - begun, "train and test": levels, "prune": done - loaded - levels}
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu": time.process_time()}))


if __name__ == "__main__":
    main()
