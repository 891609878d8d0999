"""What the lesson says of the attacks on its verdict, held by the attacks themselves."""

import pytest
from lessons.hashing_instead_of_multiplying import attacks

from lthedu.lessons.hashing_instead_of_multiplying.arms import (
    CENTRED,
    DENSE,
    HALF,
    QUERIES_ONLY,
    RANDOM,
    RANDOM_MORE,
    RAW,
    ROWS_ONLY,
    WTA,
)

pytestmark = pytest.mark.full
