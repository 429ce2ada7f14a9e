"""Migrations of the tables of the log."""
