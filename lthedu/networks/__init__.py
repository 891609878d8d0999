"""Networks, and the masks that lie on them."""
