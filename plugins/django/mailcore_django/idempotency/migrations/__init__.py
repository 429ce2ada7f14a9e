"""Migrations of the table of events that were handled."""
