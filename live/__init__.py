"""
Tests against the services themselves: ``make live``.

The file that MAILCORE_LIVE names has an account for each provider that is to be proven. One message
is sent through each, and one event about it is waited for. Nothing is sent without that file.
"""
