"""The capstone's three worked examples, as they were registered: committed before any of their seeds was run.

They were designed with the seeds 0 to 4, on which the thresholds were set.
"""

from lthedu.experiments.registration import Registration
from lthedu.lessons.begin_with_more.capstone import Settings

SEEDS = tuple(range(100, 108))

PLACE = Registration(
    question="Does it matter which weights are kept, beyond how many in each layer?",
    arm="ticket",
    control="random mask",
    measure="percent right",
    settings=Settings(seeds=SEEDS, arms=("ticket", "random mask")),
    threshold=3.0,
    refuted_by=("own rate", "longer", "scale", "simpler"),
)
SIZES = Registration(
    question="Does a ticket need the sizes of its first weights?",
    arm="ticket",
    control="signs alone",
    measure="percent right",
    settings=Settings(seeds=SEEDS, arms=("ticket", "signs alone")),
    threshold=1.0,
    refuted_by=("own rate", "longer"),
)
FRESH = Registration(
    question="Do fresh weights in the mask of a ticket read worse?",
    arm="ticket",
    control="fresh weights",
    measure="percent right",
    settings=Settings(seeds=SEEDS, arms=("ticket", "fresh weights"), density=0.2, steps=50),
    threshold=3.0,
    refuted_by=("own rate", "longer"),
)
MINE = Registration(  # what the learner's cell holds until they change it
    question="Does a ticket of 20 % read better than the whole network, by a point or more?",
    arm="ticket",
    control="dense",
    measure="percent right",
    settings=Settings(seeds=tuple(range(200, 205)), arms=("ticket", "dense"), density=0.2),
    threshold=1.0,
    refuted_by=("own rate",),
)
