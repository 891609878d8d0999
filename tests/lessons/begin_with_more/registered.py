"""The capstone's three worked examples, as they were registered: committed before any of their seeds was run.

They were designed with the seeds 0 to 4, on which the thresholds were set.
"""

from lthedu.experiments.registration import Registration

SEEDS = tuple(range(100, 108))

PLACE = Registration(
    question="Does it matter which weights are kept, beyond how many in each layer?",
    arm="ticket",
    control="random mask",
    measure="percent right",
    seeds=SEEDS,
    threshold=3.0,
    refuted_by=("own rate", "longer", "scale", "simpler"),
)
SIZES = Registration(
    question="Does a ticket need the sizes of its first weights?",
    arm="ticket",
    control="signs alone",
    measure="percent right",
    seeds=SEEDS,
    threshold=1.0,
    refuted_by=("own rate", "longer"),
)
FRESH = Registration(
    question="Do fresh weights in the mask of a ticket read worse?",
    arm="ticket",
    control="fresh weights",
    measure="percent right",
    seeds=SEEDS,
    threshold=3.0,
    refuted_by=("own rate", "longer"),
)
RUNS = {"density": 0.05, "steps": 150}, {"density": 0.05, "steps": 150}, {"density": 0.2, "steps": 50}
MINE = Registration(  # what the learner's cell holds until they change it
    question="Does a ticket of 20 % read better than the whole network, by a point or more?",
    arm="ticket",
    control="dense",
    measure="percent right",
    seeds=tuple(range(200, 205)),
    threshold=1.0,
    refuted_by=("own rate",),
)
