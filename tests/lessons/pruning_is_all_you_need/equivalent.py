"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "normalise": {
        "A layer of zeros alone is not asked for.": [
            "size = 1.0: 1.0 -> 2.0",
            "size = 1.0: 1.0 -> 0.0",
        ],
        "It numbers the layers in an error's words.": [
            "enumerate(_checked(layers), 1): 1 -> 0",
            "enumerate(_checked(layers), 1): 1 -> 2",
        ],
        "It silences warnings about what is refused just after.": [
            "np.errstate(over='ignore', under='ignore'): without over",
            "np.errstate(over='ignore', under='ignore'): without under",
        ],
    },
    "subset_width": {
        "One number is never enough, nor are two.": [
            "(math.log2(instances / delta), 1.0): 1.0 -> 2.0",
        ],
        "No number is never enough.": [
            "(math.log2(instances / delta), 1.0): 1.0 -> 0.0",
        ],
    },
    "error_bound": {
        "It numbers the layers in an error's words.": [
            "enumerate(zip(target, made, er ... trict=True), 1): 1 -> 0",
            "enumerate(zip(target, made, er ... trict=True), 1): 1 -> 2",
        ],
        "At 1e150 both ways give the same.": [
            "length < FAR: < -> <=",
        ],
    },
}
