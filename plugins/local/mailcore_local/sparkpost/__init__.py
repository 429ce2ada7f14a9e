"""
SparkPost (Bird Email), from its documentation.
"""

from __future__ import annotations
