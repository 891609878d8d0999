"""What all figures of the course share."""

import matplotlib as mpl


def use_style() -> None:
    """Set matplotlib's defaults for a lesson: one size, one dpi, a light grid."""
    mpl.rcParams.update(
        {
            "figure.figsize": (7.2, 4.2),
            "figure.dpi": 100,
            "savefig.dpi": 100,
            "axes.grid": True,
            "grid.alpha": 0.3,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
            "legend.handlelength": 3,
            "font.size": 11,
        }
    )


def percent(x: float) -> str:
    """A percentage as an axis writes it.

    >>> percent(20.0), percent(3.52)
    ('20', '3.5')
    """
    return f"{x:.0f}" if x >= 10 else f"{x:.1f}"
