"""mailcore against its peers: ``make bench``. Ratios of one run; never part of the tests."""
