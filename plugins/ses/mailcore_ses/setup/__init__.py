"""
What SES events and received mail need in AWS: described, planned, and made.

Each of the three, a topic with its listeners, events, and receiving, has a module that describes
it (``…_setup``), one that finds the calls that are missing (``…_plan``, pure), and one that looks
and calls (``…_flow``). :mod:`mailcore_ses.setup.iam_policies` has what each feature is allowed.
"""
