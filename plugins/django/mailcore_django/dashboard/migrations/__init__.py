"""Migrations of the dashboard."""
