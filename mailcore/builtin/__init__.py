"""Providers that come with mailcore, for development and tests: they send nothing to anybody."""
