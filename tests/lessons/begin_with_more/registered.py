"""The capstone's three worked examples, as they were registered: committed before any of their seeds was run.

They were designed with the seeds 0 to 4, on which the thresholds were set. Since then the cards have gained lines for
the experiment and the data, and with them other digests; questions, arms, thresholds, seeds and attacks are the same.
"""

from lthedu import data
from lthedu.experiments.registration import Registration
from lthedu.lessons.begin_with_more.capstone import Settings, Tickets

DIGITS = data.pooled(data.load("mnist", device="cpu"))
SEEDS = tuple(range(100, 108))

PLACE = Registration.of(
    Tickets(DIGITS, Settings(seeds=SEEDS, arms=("ticket", "random mask"))),
    question="Does it matter which weights are kept, beyond how many in each layer?",
    arm="ticket",
    control="random mask",
    measure="percent right",
    threshold=3.0,
    refuted_by=("own rate", "longer", "scale", "simpler"),
)
SIZES = Registration.of(
    Tickets(DIGITS, Settings(seeds=SEEDS, arms=("ticket", "signs alone"))),
    question="Does a ticket need the sizes of its first weights?",
    arm="ticket",
    control="signs alone",
    measure="percent right",
    threshold=1.0,
    refuted_by=("own rate", "longer"),
)
FRESH = Registration.of(
    Tickets(DIGITS, Settings(seeds=SEEDS, arms=("ticket", "fresh weights"), density=0.2, steps=50)),
    question="Do fresh weights in the mask of a ticket read worse?",
    arm="ticket",
    control="fresh weights",
    measure="percent right",
    threshold=3.0,
    refuted_by=("own rate", "longer"),
)
MINE = Registration.of(  # what the learner's cell holds until they change it
    Tickets(DIGITS, Settings(seeds=tuple(range(200, 205)), arms=("ticket", "dense"), density=0.2)),
    question="Does a ticket of 20 % read better than the whole network, by a point or more?",
    arm="ticket",
    control="dense",
    measure="percent right",
    threshold=1.0,
    refuted_by=("own rate",),
)
