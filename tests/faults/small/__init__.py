"""A mesh small enough to be broken a hundred times: one service of the tests' own, twice, on a bus of its own."""
